"""What was accepted after a delivery that should have gone before it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from monitoring.ledger.models import BusinessKey, Delivery

LIMIT = 200


@dataclass(frozen=True, slots=True)
class Later:
    """`newer`: the newest later state of the same object; `others`: how many of the same order, but other objects."""

    newer: Delivery | None = None
    others: int = 0


def accepted_later(delivery: Delivery, also: Iterable[UUID]) -> Later:
    """What the same flow's target accepted of later messages with a business key in common, and of `also`.

    Cost: two queries. Of a key that very many messages share, only the newest LIMIT are looked at.
    """
    keys = BusinessKey.objects.scoped().filter(message_id=delivery.message_id)
    pairs = list(keys.filter(type__in=("order", "order_id", "document")).values_list("type", "value"))
    shared = BusinessKey.objects.scoped().filter(
        retailer_id=delivery.retailer_id, type__in={t for t, _ in pairs}, value__in={v for _, v in pairs}
    )
    ids = [*also]
    if pairs:
        ids += shared.order_by("-message_id").values_list("message_id", flat=True)[:LIMIT]
    found = Delivery.objects.scoped().filter(
        message_id__in=set(ids), flow_id=delivery.flow_id, state=Delivery.State.DELIVERED, id__gt=delivery.id
    )
    later = list(found.order_by("-id"))
    same = [one for one in later if (one.object_type, one.object_id) == (delivery.object_type, delivery.object_id)]
    return Later(same[0] if same else None, len(later) - len(same))
