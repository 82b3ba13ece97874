"""What still waits for its target, for the overview's tile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min

from monitoring.ledger.models import Delivery


@dataclass(frozen=True, slots=True)
class Backlog:
    """Deliveries that go on by themselves; `oldest` is when the oldest of their messages came in."""

    waiting: int
    retrying: int
    oldest: datetime | None

    @property
    def count(self) -> int:
        return self.waiting + self.retrying


def backlog(retailers: Sequence[int]) -> Backlog:
    """In scope, of these retailers. They are named because the index begins with them: the cost is that of what is
    open, not of what was ever delivered. One query.
    """
    rows = (
        Delivery.objects.scoped()
        .filter(retailer_id__in=list(retailers), state__in=Delivery.OPEN_STATES)
        .values_list("state")
        .annotate(count=Count("id"), oldest=Min("received_at"))
    )
    found = {state: (count, oldest) for state, count, oldest in rows}
    counts = {state: count for state, (count, _) in found.items()}
    return Backlog(
        waiting=counts.get(Delivery.State.WAITING, 0),
        retrying=counts.get(Delivery.State.RETRYING, 0),
        oldest=min((oldest for _, oldest in found.values()), default=None),
    )
