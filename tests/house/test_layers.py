"""Below the console nobody sees a request or a page (import-linter cannot name parts of another package)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.paths import ROOT

LAYERS = ("connectors", "monitoring", "governance", "tenants")
OF_THE_CONSOLE = ("django.http", "django.template", "django.shortcuts", "django.urls", "django.views")


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_below_the_console_nobody_sees_a_request():
    seen = [
        f"{file.relative_to(ROOT)} imports {module}"
        for layer in LAYERS
        for file in sorted((ROOT / layer).rglob("*.py"))
        for module in imports(file)
        if module.startswith(OF_THE_CONSOLE)
    ]
    assert seen == []
