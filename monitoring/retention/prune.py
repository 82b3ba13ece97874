"""One pass over a partner: what is over its time goes, as far as it can now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import psycopg
from django.db import connection as app_connection

from governance.access.principal import Principal
from monitoring.retention import drop, kept
from monitoring.retention.clocks import KEYS, clocks
from monitoring.retention.due import Month, is_due, months
from monitoring.retention.holds import HELD
from monitoring.retention.keys import count_keys, prune_keys
from monitoring.retention.models import Period
from monitoring.retention.session import owner_session
from monitoring.retention.thin import thin

# A month kept in part is looked at once a night, not with every try at another one.
AGAIN_AFTER: Final = timedelta(hours=20)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one month, or of the keys. `rows` by table."""

    what: str
    text: str
    rows: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Planned:
    """A table of a month whose time is over."""

    table: str
    month: str
    rows: int
    bytes: int
    held: int
    unfinished: int

    @property
    def goes(self) -> int:
        return self.rows - self.held - self.unfinished


def plan(*, at: datetime) -> tuple[list[Planned], dict[str, int], list[int]]:
    """(tables, keys that would go by table, held retailers). Changes nothing; reads every month that is due.

    As the owner: what is detached is nobody else's to read.
    """
    days = clocks()
    with app_connection.cursor() as cursor:
        found = []
        for month in _due(cursor, days, at):
            for parent, (rows, held, unfinished) in kept.count(cursor, month).items():
                part = month.parts[parent]
                found.append(Planned(part.name, str(month), rows, part.bytes, held, unfinished))
        keys = count_keys(cursor, days=days[KEYS], at=at)
        cursor.execute(f"SELECT DISTINCT retailer_id FROM ({HELD}) AS h")  # noqa: S608 - ours
        return found, keys, [row[0] for row in cursor.fetchall()]


def prune(*, by: Principal, at: datetime) -> Iterator[Outcome]:
    """In the partner's scope, as the owner. What must wait is told and left for the next pass.

    Raises Busy, NotTheOwner.
    """
    days = clocks()
    with owner_session() as connection:
        waiting: set[str] = set()
        for month in _due(connection.cursor(), days, at):
            # A table can have one partition on its way out; the older one goes first.
            if month.kind in waiting:
                continue
            try:
                outcome = _one(connection, month, by=by, at=at)
            except psycopg.errors.LockNotAvailable:
                waiting.add(month.kind)
                outcome = Outcome(str(month), "waits for a transaction that is under way; the next pass goes on")
            if outcome is not None:
                yield outcome
        yield from _keys(connection, days[KEYS], by=by, at=at)


def _due(cursor: Any, days: dict[str, int], at: datetime) -> list[Month]:
    """Those on their way out stay due, whatever the clock says since."""
    leaving = _periods(Period.State.DROPPING)
    return [month for month in months(cursor) if is_due(month, days, at) or (month.kind, month.first) in leaving]


def _periods(state: str) -> dict[tuple[str, Any], datetime]:
    rows = Period.objects.filter(state=state).values_list("kind", "month", "changed_at")
    return {(kind, month): changed for kind, month, changed in rows}


def _one(connection: psycopg.Connection[Any], month: Month, *, by: Principal, at: datetime) -> Outcome | None:
    place = (month.kind, month.first)
    if place not in _periods(Period.State.DROPPING):
        seen = _periods(Period.State.KEPT).get(place)
        if seen is not None and timedelta(0) <= at - seen < AGAIN_AFTER:
            return None
        if not drop.begin(connection, month, at=at):
            return _thinned(connection, month, by=by, at=at)
    return _dropped(connection, month, by=by, at=at)


def _thinned(connection: psycopg.Connection[Any], month: Month, *, by: Principal, at: datetime) -> Outcome:
    removed = thin(connection, month)
    with connection.transaction():
        drop.set_state(connection, month, Period.State.KEPT, at)
        if any(removed.values()):
            drop.record(connection, "partition.thinned", str(month), {"rows": removed}, by=by, at=at)
    return Outcome(str(month), "kept for what is held or not finished; the rest was removed", removed)


def _dropped(connection: psycopg.Connection[Any], month: Month, *, by: Principal, at: datetime) -> Outcome:
    drop.detach(connection, month)
    detached = next(m for m in months(connection.cursor()) if (m.kind, m.first) == (month.kind, month.first))
    gone = drop.finish(connection, detached, by=by, at=at)
    if not gone:
        return Outcome(str(month), "came back: something in it is held or open again")
    return Outcome(str(month), "dropped", {part.name: part.bytes for part in gone})


def _keys(connection: psycopg.Connection[Any], days: int, *, by: Principal, at: datetime) -> Iterator[Outcome]:
    removed = prune_keys(connection, days=days, at=at)
    if any(removed.values()):
        drop.record(connection, "keys.pruned", "keys", {"rows": removed, "days": days}, by=by, at=at)
        yield Outcome("keys", "removed", removed)
