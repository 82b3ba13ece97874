"""What holds a secret does not print it: a dataclass tells its fields in tracebacks, log lines and assertions."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.paths import ROOT

LAYERS = ("console", "connectors", "monitoring", "governance", "tenants")
# The stand-ins of the demo hold made-up secrets and print them nowhere.
STAND_INS = ROOT / "connectors" / "sandbox"
SECRET = re.compile(r"(?:^|_)(?:secrets?|password|passphrase|token|session_key|api_key|private_key|intake_path)$")
HARMLESS = {"int", "bool", "int | None"}


def sources() -> Iterator[Path]:
    for layer in LAYERS:
        yield from (path for path in sorted((ROOT / layer).rglob("*.py")) if STAND_INS not in path.parents)


def shown_secrets(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and any(_shows_its_fields(one) for one in node.decorator_list):
            for part in node.body:
                if isinstance(part, ast.AnnAssign) and _is_secret(part) and not _is_hidden(part.value):
                    yield f"{node.name}.{ast.unparse(part.target)}"


def _shows_its_fields(decorator: ast.expr) -> bool:
    text = ast.unparse(decorator)
    return text.startswith("dataclass") and "repr=False" not in text


def _is_secret(part: ast.AnnAssign) -> bool:
    return bool(SECRET.search(ast.unparse(part.target))) and ast.unparse(part.annotation) not in HARMLESS


def _is_hidden(default: ast.expr | None) -> bool:
    return default is not None and "repr=False" in ast.unparse(default)


def test_no_dataclass_shows_a_secret():
    found = [
        f"{path.relative_to(ROOT)}: {name}" for path in sources() for name in shown_secrets(ast.parse(path.read_text()))
    ]
    assert found == [], "give the field `field(repr=False)`, or the class `@dataclass(repr=False)`"


def test_a_planted_secret_is_found():
    planted = "@dataclass(frozen=True)\nclass Made:\n    name: str\n    token: str\n    lease_token: int"
    assert list(shown_secrets(ast.parse(planted))) == ["Made.token"]
