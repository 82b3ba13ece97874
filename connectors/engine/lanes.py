"""What a person may do to a lane: let what waits behind an exception go on without it, or try now what backs off.

A split delivery waits in a lane of its own until it is retried or closed. A retry puts it back into the lane it came
from, first in line: two deliveries of one document are never at the target at the same time.
"""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from django.db.models.functions import Now

from connectors.engine.desk import due_again, free, locked_lane, subject, tell
from connectors.engine.models import Entry, Intent, Lane
from connectors.engine.selectors import own_lane, standing, why_not_release
from governance.access.principal import Principal
from governance.audit.events import ObjectRef
from governance.audit.gate import gate
from governance.audit.registry import Action, register
from monitoring.exceptions.models import ExceptionItem
from monitoring.exceptions.services import StaleState, note_decision
from monitoring.ledger.models import Delivery

register(
    Action("exception.split", "A failed delivery was taken out of its order.", "exception", "lanes.split", True),
    Action("delivery.released", "A delivery that waited for its next try was made due.", "message", "lanes.release"),
)


class CannotSplit(ValueError):
    """Says in one sentence why a delivery stays in its order."""


class CannotRelease(ValueError):
    """Says in one sentence why a delivery is not tried now."""


def split_exception(exception_id: UUID, *, by: Principal, reason: str, at: datetime | None = None) -> int:
    """Take the parked delivery out of its lane; how many later ones go on without it. The exception stays open.

    Raises: ExceptionItem.DoesNotExist, CannotSplit, StaleState (it is being sent, or someone was quicker).
    """
    now = at or datetime.now(UTC)
    item = ExceptionItem.objects.scoped().get(pk=exception_id)
    with gate("exception.split", by=by, object=subject(item), retailer=item.retailer_id, reason=reason, at=now) as act:
        lane = locked_lane(item.delivery_id)
        item.refresh_from_db()
        found = standing(item)
        if lane is None or found.why_not_split:
            raise CannotSplit(found.why_not_split or "It waits no more.")
        _move_out(lane, item.delivery_id)
        free(lane, due_at=due_again(item.delivery_id, now))
        note_decision(item, by=by, reason=reason, at=now)
        act.after = {"sent_without_it": found.behind}
        tell(item.retailer_id, item.message_id, item.pk)
    return found.behind


def _move_out(lane: Lane, delivery_id: UUID) -> None:
    own = Lane.objects.create(
        retailer_id=lane.retailer_id,
        flow_id=lane.flow_id,
        key=own_lane(delivery_id),
        endpoint_id=lane.endpoint_id,
        due_at=lane.due_at,
        parked=True,
    )
    Entry.objects.filter(delivery_id=delivery_id).update(lane=own)


def rejoin(lane: Lane, delivery: Delivery) -> tuple[Lane, UUID | None]:
    """Back into the lane it was split from, in its old place: (the lane, the delivery that was parked there).

    Raises StaleState while a later one of that lane is at the target, or left it unresolved.
    """
    values = {"retailer_id": lane.retailer_id, "endpoint_id": lane.endpoint_id, "due_at": lane.due_at}
    home, _ = Lane.objects.get_or_create(flow_id=lane.flow_id, key=delivery.lane_key, defaults=values)
    home = Lane.objects.select_for_update().filter(pk=home.pk).first()
    if home is None or home.holder is not None or Intent.objects.filter(lane_id=home.pk).exists():
        raise StaleState("A later message of the same document is being sent right now: try again in a moment.")
    parked = home.entries.order_by("position").values_list("delivery_id", flat=True).first() if home.parked else None
    Entry.objects.filter(delivery_id=delivery.pk).update(lane=home)
    lane.delete()
    return home, parked


def release_delivery(delivery_id: UUID, *, by: Principal, reason: str = "", at: datetime | None = None) -> None:
    """Make a delivery that backs off due now. The target's breaker and limits hold for it as for any other.

    Raises: Delivery.DoesNotExist, CannotRelease, StaleState (it is being sent right now).
    """
    now = at or datetime.now(UTC)
    delivery = Delivery.objects.scoped().get(pk=delivery_id)
    about = ObjectRef("message", str(delivery.message_id), f"{delivery.reference} to {delivery.connection_key}")
    with gate("delivery.released", by=by, object=about, retailer=delivery.retailer_id, reason=reason, at=now) as act:
        lane = locked_lane(delivery_id)
        delivery.refresh_from_db()
        refusal = why_not_release(delivery, at=now)
        if lane is None or refusal:
            raise CannotRelease(refusal or "It waits no more.")
        act.before = {"due_at": lane.due_at.isoformat()}
        Entry.objects.filter(delivery_id=delivery_id).update(trigger="manual")
        Lane.objects.filter(pk=lane.pk).update(due_at=Now())
        Delivery.objects.filter(pk=delivery_id).update(due_at=now)
        tell(delivery.retailer_id, delivery.message_id)
