"""The part of JMESPath a map may use: selecting and filtering, nothing that can grow or compute.

Functions, multi-selects and order comparisons are refused: the first two can multiply their input, and JMESPath does
not order Decimals. Use `where` with the mapping's own comparisons instead.
"""

from __future__ import annotations

from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

from connectors.mapping.errors import MappingError

MAX_LENGTH = 300
_ALLOWED = frozenset(
    (
        "field",
        "index",
        "index_expression",
        "subexpression",
        "projection",
        "value_projection",
        "filter_projection",
        "flatten",
        "slice",
        "pipe",
        "comparator",
        "literal",
        "identity",
        "current",
        "and_expression",
        "or_expression",
        "not_expression",
    )
)


def compiled(expression: str) -> Any:
    """A compiled expression. Raises ValueError with the reason."""
    if len(expression) > MAX_LENGTH:
        raise ValueError(f"a filter has at most {MAX_LENGTH} characters")
    try:
        parsed = jmespath.compile(expression)
    except (JMESPathError, RecursionError) as error:
        raise ValueError(f"no JMESPath: {str(error).splitlines()[0]}") from error
    _check(parsed.parsed)
    return parsed


def _check(node: dict[str, Any]) -> None:
    if node["type"] not in _ALLOWED:
        raise ValueError(f"{node['type'].replace('_', ' ')} is not allowed in a filter")
    if node["type"] == "comparator" and node["value"] not in ("eq", "ne"):
        raise ValueError("only == and != are allowed in a filter; use `where` to compare sizes")
    for child in node["children"]:
        if isinstance(child, dict):
            _check(child)


def search(parsed: Any, item: Any, path: str) -> Any:
    try:
        return parsed.search(item)
    except (JMESPathError, RecursionError, TypeError, AttributeError) as error:
        raise MappingError("", path, f"the filter cannot read it: {error}") from error
