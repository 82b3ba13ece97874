"""How busy each connection was: what the list of connections shows."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from monitoring.rollups.reading import ANY_STEP, END, counted, rows_of

IN, OUT = "received", "attempt"
_BUSY: Final = """
SELECT connection_key, kind, sum(count)::bigint, max(last) FROM {counted} WHERE kind = ANY(%(kinds)s) GROUP BY 1, 2
"""
_REPAIRED: Final = """
SELECT coalesce(sum(count), 0)::bigint FROM {counted} WHERE kind = 'repaired' AND connection_key = %(key)s
"""
_BUSIEST: Final = """
SELECT connection_key, max(done)::bigint FROM (
    SELECT connection_key, at, sum(count) AS done FROM {counted}
    WHERE kind = 'delivery' AND outcome = 'delivered' AND connection_key = ANY(%(keys)s) GROUP BY 1, 2
) AS minutes GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Busy:
    """`received` came from this system, `sent` went to it. `last_at` is the start of the newest busy minute."""

    received: int
    sent: int
    last_at: datetime


def busy_by_connection(*, since: datetime) -> dict[str, Busy]:
    """Connections with any traffic since then, by key. Silent ones are absent, not zero. Cost: two queries."""
    source = counted(since, END, step=ANY_STEP, retailers=None)
    rows = rows_of(source, _BUSY, kinds=[IN, OUT])
    found: dict[str, Busy] = {}
    for key, kind, total, last in rows:
        known = found.get(key, Busy(0, 0, last))
        found[key] = Busy(
            received=known.received + (total if kind == IN else 0),
            sent=known.sent + (total if kind == OUT else 0),
            last_at=max(known.last_at, last),
        )
    return found


def busiest_minute_of(keys: Collection[str], *, since: datetime) -> dict[str, int]:
    """By target: what it accepted in its busiest minute since then. Without any it is absent. Cost: two queries."""
    if not keys:
        return {}
    source = counted(since, END, step=timedelta(minutes=1), retailers=None)
    return {key: done for key, done in rows_of(source, _BUSIEST, keys=sorted(keys)) if done}


def repaired_of(key: str, *, since: datetime) -> int:
    """What only a poll brought from this source since then. Cost: two queries."""
    source = counted(since, END, step=ANY_STEP, retailers=None)
    return next(iter(rows_of(source, _REPAIRED, key=key)))[0]
