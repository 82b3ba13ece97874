"""What a page, the API, a socket or a selector reads of a retailer begins with `.scoped()`; our own SQL names the
retailers. Row-level security stands behind it, and is not an excuse.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps

from tests.paths import ROOT

# Whoever runs these has a shell on the host, or works for the whole partner.
NOT_FOR_READERS = {"backup", "demo", "embedded", "management", "migrations", "settings", "tools"}
# Read the whole partner on purpose; each says so and tells nothing but a yes or no.
OF_THE_PARTNER = {
    "governance/registry/selectors.py any_connection RetailConnection",
    "governance/registry/selectors.py key_taken model",
}
MANAGERS = {"objects", "_base_manager", "_default_manager"}
SCOPED = {"scoped"}
WITHOUT_ROWS = {"none", "model", "create", "bulk_create"}
RETAILER_TABLES = {
    model._meta.db_table
    for model in apps.get_models()
    if "retailer_id" in {field.attname for field in model._meta.concrete_fields}
} | {"ledger_payload", "retailers_retailer"}


def readers() -> Iterator[Path]:
    """The console's own code, and every selectors module below it."""
    for path in sorted((ROOT / "console").rglob("*.py")):
        if not NOT_FOR_READERS & set(path.relative_to(ROOT).parts[:-1]):
            yield path
    for layer in ("connectors", "monitoring", "governance", "tenants"):
        for path in sorted((ROOT / layer).rglob("*.py")):
            if "selectors" in (path.stem, path.parent.name) or path.stem in {"payloads", "equation", "backlog"}:
                yield path


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def unscoped(tree: ast.AST, where: str) -> Iterator[str]:
    """`Model.objects.anything` on rows of a retailer, but for `scoped` and for rows named by the row around them."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.Module):
            continue
        for node in _own_nodes(function):
            model = _unscoped_model(node)
            place = f"{where} {getattr(function, 'name', '')} {model}"
            if model and _has_scope(model) and place not in OF_THE_PARTNER:
                yield f"{place}: line {node.lineno}"


def _own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """Everything in a function that is not in one inside it."""
    for child in ast.iter_child_nodes(function):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from _own_nodes(child)


def _unscoped_model(node: ast.AST) -> str:
    """The name before `.objects.<method>(…)`; "" where the method is harmless or the rows are correlated."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return ""
    manager = node.func.value
    if not (isinstance(manager, ast.Attribute) and manager.attr in MANAGERS):
        return ""
    if node.func.attr in SCOPED | WITHOUT_ROWS or _is_correlated(node):
        return ""
    return ast.unparse(manager.value)


def _is_correlated(call: ast.Call) -> bool:
    """A subquery tied to a row of the query around it, which is scoped itself."""
    return any(isinstance(part, ast.Name) and part.id == "OuterRef" for part in ast.walk(call))


def _has_scope(model: str) -> bool:
    """Whether the manager is one of a retailer's rows; a name that no model has might be any."""
    found = [one for one in apps.get_models() if one.__name__ == model.rpartition(".")[2]]
    return not found or any(hasattr(one._default_manager, "scoped") for one in found)


def unnamed(tree: ast.AST, where: str) -> Iterator[str]:
    """SQL of our own that reads rows of a retailer without naming retailers."""
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
        words = set(text.replace("(", " ").replace(")", " ").split())
        reads = " from " in f" {' '.join(text.lower().split())} " and words & RETAILER_TABLES
        if reads and "retailer_id = ANY" not in text:
            yield f"{where}: line {node.lineno} reads {', '.join(sorted(words & RETAILER_TABLES))}"


@pytest.mark.parametrize("path", list(readers()), ids=name)
def test_rows_of_a_retailer_are_read_within_the_scope(path):
    tree = ast.parse(path.read_text())
    assert [*unscoped(tree, name(path)), *unnamed(tree, name(path))] == []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("def f():\n    return Message.objects.all()", True),
        ("def f():\n    return models.Message.objects.filter(id=1).first()", True),
        ("def f():\n    return model.objects.get(pk=1)", True),
        ("def f():\n    return Message._base_manager.count()", True),
        ("def f():\n    return Message.objects.scoped().filter(id=1)", False),
        ("def f():\n    return Fact.objects.filter(message_id=OuterRef('id'))", False),
        ("def f():\n    return Person.objects.filter(pk=1)", False),
        ("SQL = 'SELECT * FROM ledger_message WHERE id = %s'", True),
        ("SQL = 'SELECT 1 FROM ledger_message WHERE retailer_id = ANY(%s)'", False),
    ],
)
def test_a_planted_query_is_found(code, found):
    tree = ast.parse(code)
    assert bool([*unscoped(tree, "x.py"), *unnamed(tree, "x.py")]) is found
