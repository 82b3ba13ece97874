"""What a person decides about an exception: try again, or close it by hand. Both free its lane."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from django.db import connection

from connectors.engine.models import Entry, Lane
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

    Raises: ExceptionItem.DoesNotExist, StaleState.
    """
    now = at or datetime.now(UTC)
    item = ExceptionItem.objects.scoped().get(pk=exception_id)
    with gate("exception.resolved", by=by, object=_subject(item), retailer=item.retailer_id, reason=reason, at=now):
        change_state(item, to=ExceptionItem.State.RESOLVED, by=by, reason=reason, at=now)
        if item.delivery_id is not None:
            _leave_lane(item.delivery_id, now)
            _count_closed(item, now)
        _tell(item)


def _subject(item: ExceptionItem) -> ObjectRef:
    return ObjectRef("exception", str(item.pk), f"{item.title} ({item.order_number or item.message_id})")


def _reopen_lane(delivery_id: UUID, now: datetime) -> None:
    entry = Entry.objects.get(delivery_id=delivery_id)
    Entry.objects.filter(pk=entry.pk).update(attempts=0, trigger="manual")
    Lane.objects.filter(pk=entry.lane_id).update(parked=False, crashes=0, due_at=now)
    Delivery.objects.filter(pk=delivery_id).update(state=Delivery.State.WAITING, due_at=now)


def _leave_lane(delivery_id: UUID, now: datetime) -> None:
    entry = Entry.objects.filter(delivery_id=delivery_id).first()
    Delivery.objects.filter(pk=delivery_id).update(state=Delivery.State.CLOSED, finished_at=now)
    if entry is None:
        return
    lane = Lane.objects.select_for_update().get(pk=entry.lane_id)
    entry.delete()
    if lane.entries.exists():
        Lane.objects.filter(pk=lane.pk).update(parked=False, crashes=0, due_at=now)
    else:
        lane.delete()


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
