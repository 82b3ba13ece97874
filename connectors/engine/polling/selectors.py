"""How the streams of a connection are read: what its page shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from connectors.engine.polling.models import Cursor
from connectors.engine.polling.services import streams_of
from governance.registry.models import RetailConnection
from monitoring.rollups.connections import repaired_of

RECENT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Reading:
    """One stream. `cursor` is None before it was first read."""

    label: str
    every: timedelta
    cursor: Cursor | None

    @property
    def often(self) -> str:
        seconds = int(self.every.total_seconds())
        return f"{seconds // 60} min" if seconds % 60 == 0 else f"{seconds} s"


@dataclass(frozen=True, slots=True)
class Readings:
    """`repaired`: events of the last RECENT that only a poll brought; None where no webhooks are backed."""

    streams: tuple[Reading, ...]
    repaired: int | None


def readings_of(connection: RetailConnection, *, at: datetime | None = None) -> Readings | None:
    """None where nothing is asked of this connection. Cost: three queries."""
    streams = streams_of(connection)
    if not streams:
        return None
    cursors = {row.stream: row for row in Cursor.objects.scoped().filter(connection_id=connection.pk)}
    shown = tuple(Reading(one.label, one.every, cursors.get(one.key)) for one in streams)
    since = (at or datetime.now(UTC)) - RECENT
    backs = any(one.backs_webhooks for one in streams)
    return Readings(shown, repaired_of(connection.key, since=since) if backs else None)
