"""What a person decides about an exception: try again, or close it by hand. Both free its lane."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from django.db import connection

from connectors.engine.desk import PEOPLE_SLOT, due_again, free, locked_lane, subject, tell
from connectors.engine.lanes import rejoin
from connectors.engine.models import Entry, Intent, Lane
from connectors.engine.needs.models import Need
from connectors.engine.selectors import accepted_since, own_lane
from governance.access.principal import Principal
from governance.audit.gate import gate
from governance.audit.registry import Action, register
from monitoring.exceptions.models import ExceptionItem
from monitoring.exceptions.services import StaleState, change_state
from monitoring.ledger.models import Delivery
from monitoring.ledger.selectors.later import Later
from monitoring.rollups.writer import Counted, upsert

register(
    Action("exception.retried", "A failed delivery was sent again.", "exception", "exceptions.retry"),
    Action("exception.resolved", "An exception was closed by hand.", "exception", "exceptions.resolve", True),
)


class CannotRetry(ValueError):
    """Says in one sentence why a retry is not possible."""


class Overtaken(CannotRetry):
    """The target has accepted a newer state since. Who insists sends the older one all the same."""


def why_overtaken(later: Later) -> str:
    """One sentence where sending it now would put an older state over a newer one, else empty."""
    if later.newer is None:
        return ""
    kind = later.newer.object_type.replace("_", " ")
    document = f" as {later.newer.document_id}" if later.newer.document_id else ""
    return f"The target has accepted a newer state of this {kind} since{document}; this one would put the older back."


def why_not_retry(item: ExceptionItem) -> str:
    """Empty when the retry button may be pressed, else what it says instead."""
    if item.state == ExceptionItem.State.RETRYING:
        return "It is being retried right now."
    if item.state not in ExceptionItem.OPEN_STATES:
        return "It is resolved already."
    if item.delivery_id is None:
        return "Nothing was to be delivered, so there is nothing to retry."
    return ""


def retry_exception(
    exception_id: UUID, *, by: Principal, reason: str, insist: bool = False, at: datetime | None = None
) -> None:
    """Send the delivery again, as it is, first in its lane; a split one goes back into its lane for it.

    `insist` sends it although the target has accepted a newer state of the same object since.

    Raises: ExceptionItem.DoesNotExist (none, or not theirs), CannotRetry, Overtaken, StaleState (someone was quicker).
    """
    now = at or datetime.now(UTC)
    item = ExceptionItem.objects.scoped().get(pk=exception_id)
    with gate(
        "exception.retried", by=by, object=subject(item), retailer=item.retailer_id, reason=reason, at=now
    ) as act:
        refusal = why_not_retry(item)
        if refusal:
            raise CannotRetry(refusal)
        lane = locked_lane(item.delivery_id)
        if lane is None:
            raise StaleState("It waits no more: look again.")
        overtaken = why_overtaken(accepted_since(item.delivery_id))
        if overtaken and not insist:
            raise Overtaken(overtaken)
        change_state(item, to=ExceptionItem.State.RETRYING, by=by, reason=reason, at=now)
        act.after = {"insisted": overtaken} if overtaken else None
        _reopen(lane, Delivery.objects.get(pk=item.delivery_id), by, reason, now)
        tell(item.retailer_id, item.message_id, item.pk)


def close_exception(exception_id: UUID, *, by: Principal, reason: str, at: datetime | None = None) -> None:
    """Resolve by hand: the delivery ends here, and what waits behind it in the lane goes on.

    Raises: ExceptionItem.DoesNotExist, StaleState (someone was quicker, or a retry is at the target right now).
    """
    now = at or datetime.now(UTC)
    item = ExceptionItem.objects.scoped().get(pk=exception_id)
    with gate("exception.resolved", by=by, object=subject(item), retailer=item.retailer_id, reason=reason, at=now):
        if item.delivery_id is not None:
            _leave_lane(item.delivery_id, now)
            _end(item, now)
        change_state(item, to=ExceptionItem.State.RESOLVED, by=by, reason=reason, at=now)
        tell(item.retailer_id, item.message_id, item.pk)


def _reopen(lane: Lane, delivery: Delivery, by: Principal, reason: str, now: datetime) -> None:
    if lane.key == own_lane(delivery.pk):
        lane, parked = rejoin(lane, delivery)
        if parked is not None:
            _retry_along(parked, by, reason, now)
    Entry.objects.filter(delivery_id=delivery.pk).update(attempts=0, trigger="manual")
    due_at = due_again(delivery.pk, now)
    Lane.objects.filter(pk=lane.pk).update(parked=False, crashes=0, due_at=due_at, share=Lane.Share.REPLAY)
    Delivery.objects.filter(pk=delivery.pk).update(state=Delivery.State.WAITING, due_at=due_at)


def _retry_along(delivery_id: UUID, by: Principal, reason: str, now: datetime) -> None:
    """What was parked in the lane comes after what returns to it, so it is sent again as well: an act of its own."""
    item = ExceptionItem.objects.scoped().get(delivery_id=delivery_id, state__in=ExceptionItem.OPEN_STATES)
    with gate("exception.retried", by=by, object=subject(item), retailer=item.retailer_id, reason=reason, at=now):
        change_state(item, to=ExceptionItem.State.RETRYING, by=by, reason=reason, at=now)
        Entry.objects.filter(delivery_id=delivery_id).update(attempts=0, trigger="manual")
        Delivery.objects.filter(pk=delivery_id).update(state=Delivery.State.WAITING, due_at=now)
        tell(item.retailer_id, item.message_id, item.pk)


def _leave_lane(delivery_id: UUID, now: datetime) -> None:
    """Only the head frees its lane: what waits behind another exception goes on waiting for that one."""
    lane = locked_lane(delivery_id)
    if lane is None:
        return
    first = lane.entries.order_by("position").values_list("delivery_id", flat=True).first()
    Intent.objects.filter(lane_id=lane.pk, delivery_id=delivery_id).delete()
    lane.entries.filter(delivery_id=delivery_id).delete()
    Need.objects.filter(delivery_id=delivery_id).delete()
    if not lane.entries.exists():
        lane.delete()
    elif first == delivery_id:
        free(lane, due_at=due_again(delivery_id, now))


def _end(item: ExceptionItem, now: datetime) -> None:
    Delivery.objects.filter(pk=item.delivery_id).update(state=Delivery.State.CLOSED, finished_at=now)
    _count_closed(item, now)


def _count_closed(item: ExceptionItem, now: datetime) -> None:
    event = Counted(
        minute=now,
        retailer_id=item.retailer_id,
        kind="delivery",
        outcome=Delivery.State.CLOSED,
        connection_key=item.connection_key,
        flow_key=item.flow_key,
        store_key=item.store_key,
        currency=item.currency,
        value=item.value,
    )
    with connection.cursor() as cursor:
        cursor.execute(*upsert([event], PEOPLE_SLOT))


__all__ = ["CannotRetry", "Overtaken", "StaleState", "close_exception", "retry_exception", "why_not_retry"]
