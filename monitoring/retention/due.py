"""Which months of which tables are over their time, and in what shape they are. Reads the catalogue only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from monitoring.retention.clocks import PAYLOAD, RECORDS
from tenants.ids import first_id

TABLES: Final = {
    PAYLOAD: ("ledger_payload",),
    RECORDS: (
        "ledger_message",
        "ledger_repeat",
        "ledger_delivery",
        "ledger_attempt",
        "ledger_step",
        "ledger_fact",
    ),
}
_KIND_OF: Final = {table: kind for kind, tables in TABLES.items() for table in tables}
_NAME: Final = re.compile(r"(ledger_[a-z]+)_(\d{4})(\d{2})")
_PARTS: Final = """
SELECT c.relname, i.inhparent IS NOT NULL, coalesce(i.inhdetachpending, false), pg_total_relation_size(c.oid)
FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND c.relname ~ '^ledger_[a-z]+_[0-9]{6}$'
ORDER BY 1
"""


class Shape(StrEnum):
    ATTACHED = "attached"
    PENDING = "pending"  # a detach began and did not end
    DETACHED = "detached"


@dataclass(frozen=True, slots=True)
class Part:
    """One month of one table."""

    parent: str
    name: str
    shape: Shape
    bytes: int


@dataclass(frozen=True, slots=True)
class Month:
    """What goes together: `parts` by parent; a table that is gone already is absent."""

    kind: str
    first: date
    parts: Mapping[str, Part]

    @property
    def start(self) -> datetime:
        return datetime(self.first.year, self.first.month, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        return (self.start + timedelta(days=32)).replace(day=1)

    @property
    def low(self) -> UUID:
        return first_id(self.start)

    @property
    def high(self) -> UUID:
        return first_id(self.end)

    @property
    def range(self) -> dict[str, UUID]:
        return {"low": self.low, "high": self.high}

    def all_in(self, shape: Shape) -> bool:
        return all(part.shape == shape for part in self.parts.values())

    def __str__(self) -> str:
        return f"{self.kind} of {self.first:%Y-%m}"


def months(cursor: Any) -> list[Month]:
    """Every month of the schema in scope, oldest first, bodies before records."""
    cursor.execute(_PARTS)
    found: dict[tuple[date, str], dict[str, Part]] = {}
    for name, attached, pending, size in cursor.fetchall():
        matched = _NAME.fullmatch(name)
        kind = _KIND_OF.get(matched[1]) if matched else None
        if matched is None or kind is None:
            continue
        shape = Shape.PENDING if pending else Shape.ATTACHED if attached else Shape.DETACHED
        first = date(int(matched[2]), int(matched[3]), 1)
        found.setdefault((first, kind), {})[matched[1]] = Part(matched[1], name, shape, size)
    return [Month(kind, first, parts) for (first, kind), parts in sorted(found.items())]


def is_due(month: Month, days: Mapping[str, int], at: datetime) -> bool:
    """The whole month must be over its time."""
    return month.end <= at - timedelta(days=days[month.kind])
