"""The vendor's search language for orders, as far as a poll uses it, and its cursors.

Source: shopify.dev/docs/api/usage/search-syntax (read 2026-11-23). A field it does not know is ignored with a warning,
which is what makes a mistyped filter return everything.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

_TERM = re.compile(r"""(?P<field>\w+):(?P<operator><=|>=|<|>|)(?P<value>'[^']*'|"[^"]*"|[^\s()]+)""")
_COLUMNS = {"updated_at": "updated_at", "created_at": "created_at", "processed_at": "created_at", "id": "id"}
SORT_COLUMNS = {
    "UPDATED_AT": "updated_at",
    "CREATED_AT": "created_at",
    "PROCESSED_AT": "created_at",
    "ORDER_NUMBER": "number",
    "ID": "id",
}


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition over the orders table with its values, and what was not understood."""

    where: str
    values: tuple[Any, ...]
    unknown: tuple[str, ...]


class BadCursor(ValueError):
    """The vendor answers `invalid cursor for current pagination sort`."""


def read_query(text: str | None) -> Filter:
    clauses, values, unknown = ["1"], [], []
    for match in _TERM.finditer(text or ""):
        name, operator, raw = match["field"], match["operator"], match["value"].strip("'\"")
        found = _clause(name, operator, raw)
        if found is None:
            unknown.append(name)
            continue
        clauses.append(found[0])
        values += found[1]
    return Filter(" AND ".join(clauses), tuple(values), tuple(unknown))


def _clause(name: str, operator: str, raw: str) -> tuple[str, list[Any]] | None:
    if name in _COLUMNS:
        value: Any = int(raw.rsplit("/", 1)[-1]) if name == "id" else utc(raw)
        return f"{_COLUMNS[name]} {operator or '='} ?", [value]
    if name == "name":
        digits = raw.lstrip("#")
        return "number = ?", [int(digits) - 1000 if digits.isdigit() else -1]
    if name == "status":
        return {"any": ("1", []), "cancelled": ("cancelled = 1", [])}.get(raw, ("cancelled = 0", []))
    return None


def utc(text: str) -> str:
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def cursor(order_id: int, value: Any) -> str:
    return base64.b64encode(json.dumps({"last_id": order_id, "last_value": value}).encode()).decode()


def read_cursor(text: str) -> tuple[int, Any]:
    try:
        read = json.loads(base64.b64decode(text, validate=True))
        return int(read["last_id"]), read["last_value"]
    except (ValueError, KeyError, TypeError) as error:
        raise BadCursor("invalid cursor for current pagination sort") from error


def beyond(column: str, after: str | None, *, descending: bool) -> tuple[str, list[Any]]:
    """Only what comes after the cursor, ties broken by id; `column` is one of SORT_COLUMNS' values."""
    if after is None:
        return "1", []
    last_id, value = read_cursor(after)
    sign = "<" if descending else ">"
    if column == "id":
        return f"id {sign} ?", [last_id]
    return f"({column} {sign} ? OR ({column} = ? AND id {sign} ?))", [value, value, last_id]
