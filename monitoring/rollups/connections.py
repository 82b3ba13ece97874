"""How busy each connection was: what the list of connections shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Sum

from monitoring.rollups.models import Minute

IN, OUT = "received", "attempt"


@dataclass(frozen=True, slots=True)
class Busy:
    """`received` came from this system, `sent` went to it. `last_at` is the start of the newest busy minute."""

    received: int
    sent: int
    last_at: datetime


def busy_by_connection(*, since: datetime) -> dict[str, Busy]:
    """Connections with any traffic since then, by key. Silent ones are absent, not zero. Cost: one query."""
    rows = (
        Minute.objects.scoped()
        .filter(minute__gte=since, kind__in=(IN, OUT))
        .values_list("connection_key", "kind")
        .annotate(total=Sum("count"), last=Max("minute"))
    )
    found: dict[str, Busy] = {}
    for key, kind, total, last in rows:
        known = found.get(key, Busy(0, 0, last))
        found[key] = Busy(
            received=known.received + (int(total) if kind == IN else 0),
            sent=known.sent + (int(total) if kind == OUT else 0),
            last_at=max(known.last_at, last),
        )
    return found
