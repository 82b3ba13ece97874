"""What a person decides about an exception: try again, or close it by hand. Both free its lane."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from django.db import connection
from django.db.models.functions import Now

from connectors.engine.models import Entry, Intent, Lane
from connectors.engine.wake import CHANNEL
from governance.access.principal import Principal
from governance.audit.events import ObjectRef
from governance.audit.gate import gate
from governance.audit.registry import Action, register
from monitoring.exceptions.models import ExceptionItem
from monitoring.exceptions.services import StaleState, change_state
from monitoring.ledger.hints import exception_changed, messages_changed, notify
from monitoring.ledger.models import Delivery
from monitoring.rollups.writer import Counted, upsert
from tenants.context import require_scope

# People's own rollup slot: they never wait for a drain.
PEOPLE_SLOT = -1

register(
    Action("exception.retried", "A failed delivery was sent again.", "exception", "exceptions.retry"),
    Action("exception.resolved", "An exception was closed by hand.", "exception", "exceptions.resolve", True),
)


class CannotRetry(ValueError):
    """Says in one sentence why a retry is not possible."""


def why_not_retry(item: ExceptionItem) -> str:
    """Empty when the retry button may be pressed, else what it says instead."""
    if item.state == ExceptionItem.State.RETRYING:
        return "It is being retried right now."
    if item.state not in ExceptionItem.OPEN_STATES:
        return "It is resolved already."
    if item.delivery_id is None:
        return "Nothing was to be delivered, so there is nothing to retry."
    return ""


def retry_exception(exception_id: UUID, *, by: Principal, reason: str, at: datetime | None = None) -> None:
    """Send the delivery again, as it is, first in its lane.

    Raises: ExceptionItem.DoesNotExist (none, or not theirs), CannotRetry, StaleState (someone was quicker).
    """
    now = at or datetime.now(UTC)
    item = ExceptionItem.objects.scoped().get(pk=exception_id)
    with gate("exception.retried", by=by, object=_subject(item), retailer=item.retailer_id, reason=reason, at=now):
        refusal = why_not_retry(item)
        if refusal:
            raise CannotRetry(refusal)
        change_state(item, to=ExceptionItem.State.RETRYING, by=by, reason=reason, at=now)
        _reopen_lane(item.delivery_id, now)
        _tell(item)


def close_exception(exception_id: UUID, *, by: Principal, reason: str, at: datetime | None = None) -> None:
    """Resolve by hand: the delivery ends here, and what waits behind it in the lane goes on.

    Raises: ExceptionItem.DoesNotExist, StaleState (someone was quicker, or a retry is at the target right now).
    """
    now = at or datetime.now(UTC)
    item = ExceptionItem.objects.scoped().get(pk=exception_id)
    with gate("exception.resolved", by=by, object=_subject(item), retailer=item.retailer_id, reason=reason, at=now):
        if item.delivery_id is not None:
            _leave_lane(item.delivery_id, now)
            _count_closed(item, now)
        change_state(item, to=ExceptionItem.State.RESOLVED, by=by, reason=reason, at=now)
        _tell(item)


def _subject(item: ExceptionItem) -> ObjectRef:
    return ObjectRef("exception", str(item.pk), f"{item.title} ({item.order_number or item.message_id})")


def _reopen_lane(delivery_id: UUID, now: datetime) -> None:
    entry = Entry.objects.get(delivery_id=delivery_id)
    Entry.objects.filter(pk=entry.pk).update(attempts=0, trigger="manual")
    Lane.objects.filter(pk=entry.lane_id).update(parked=False, crashes=0, due_at=Now())
    Delivery.objects.filter(pk=delivery_id).update(state=Delivery.State.WAITING, due_at=now)


def _leave_lane(delivery_id: UUID, now: datetime) -> None:
    """The lane is locked before anything else, as a drain does; the new token fences whoever leased it last."""
    lane = Lane.objects.select_for_update().filter(entries__delivery_id=delivery_id).first()
    if lane is not None:
        if Lane.objects.filter(pk=lane.pk, holder__isnull=False, leased_until__gt=Now()).exists():
            raise StaleState("It is being sent right now: wait for what becomes of it.")
        Intent.objects.filter(lane_id=lane.pk, delivery_id=delivery_id).delete()
        lane.entries.filter(delivery_id=delivery_id).delete()
        if lane.entries.exists():
            free = {"parked": False, "crashes": 0, "holder": None, "leased_until": None, "token": lane.token + 1}
            Lane.objects.filter(pk=lane.pk).update(due_at=Now(), **free)
        else:
            lane.delete()
    Delivery.objects.filter(pk=delivery_id).update(state=Delivery.State.CLOSED, finished_at=now)


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


def _tell(item: ExceptionItem) -> None:
    """PostgreSQL holds both notices back until the commit."""
    schema = require_scope().schema
    notify(schema, [exception_changed(item.retailer_id, item.pk), messages_changed(item.retailer_id, item.message_id)])
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, schema])


__all__ = ["CannotRetry", "StaleState", "close_exception", "retry_exception", "why_not_retry"]
