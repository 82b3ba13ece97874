"""How busy each connection was: what the list of connections shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from monitoring.rollups.reading import ANY_STEP, END, counted, rows_of

IN, OUT = "received", "attempt"
_BUSY: Final = """
SELECT connection_key, kind, sum(count)::bigint, max(last) FROM {counted} WHERE kind = ANY(%(kinds)s) GROUP BY 1, 2
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
