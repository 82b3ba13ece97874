"""What decisions of people share: the lane under its lock, a name for the trail, and whom to tell."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models.functions import Now

from connectors.engine.models import Lane
from connectors.engine.selectors import settled_at
from connectors.engine.wake import CHANNEL
from governance.audit.events import ObjectRef
from monitoring.exceptions.models import ExceptionItem
from monitoring.exceptions.services import StaleState
from monitoring.ledger.hints import Hint, exception_changed, messages_changed, notify
from monitoring.ledger.models import Delivery
from tenants.context import require_scope

# People's own rollup slot: they never wait for a drain.
PEOPLE_SLOT = -1


def subject(item: ExceptionItem) -> ObjectRef:
    return ObjectRef("exception", str(item.pk), f"{item.title} ({item.order_number or item.message_id})")


def locked_lane(delivery_id: UUID | None) -> Lane | None:
    """The lane this delivery waits in, locked before anything else is, as a drain does; None: it waits no more.

    Raises StaleState while the lane's head is at the target.
    """
    if delivery_id is None:
        return None
    lane = Lane.objects.select_for_update().filter(entries__delivery_id=delivery_id).first()
    if lane is not None:
        refuse_while_sent(lane)
    return lane


def refuse_while_sent(lane: Lane) -> None:
    if Lane.objects.filter(pk=lane.pk, holder__isnull=False, leased_until__gt=Now()).exists():
        raise StaleState("It is being sent right now: wait for what becomes of it.")


def due_again(delivery_id: UUID, now: datetime) -> datetime | Now:
    """By the database's clock at once, unless a call of this delivery may still be at work in the target."""
    settled = settled_at(Delivery.objects.get(pk=delivery_id), at=now)
    return settled if settled > now else Now()


def free(lane: Lane, *, due_at: datetime | Now) -> None:
    """For whoever comes; the new token fences whoever leased it last."""
    freed = {"parked": False, "crashes": 0, "holder": None, "leased_until": None, "token": lane.token + 1}
    Lane.objects.filter(pk=lane.pk).update(due_at=due_at, share=Lane.Share.LIVE, **freed)


def tell(retailer_id: int, message_id: UUID, exception_id: UUID | None = None) -> None:
    """Pages and drains. PostgreSQL holds both notices back until the commit."""
    schema = require_scope().schema
    hints: list[Hint] = [messages_changed(retailer_id, message_id)]
    if exception_id is not None:
        hints.insert(0, exception_changed(retailer_id, exception_id))
    notify(schema, hints)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, schema])
