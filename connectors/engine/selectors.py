"""Why a delivery waits and what a person may do about it, in the words a page shows.

Every message is delivered, an exception, or waits for a reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from connectors.engine.drain.routing import object_key
from connectors.engine.drain.supersede import SETTLE
from connectors.engine.endpoints.calling import CALLED, why_not_yet
from connectors.engine.endpoints.selectors import calling_of, is_target
from connectors.engine.models import Entry, Lane
from connectors.engine.needs.models import Need
from connectors.engine.pauses.selectors import why_it_stands
from governance.registry.models import Flow, RetailConnection
from monitoring.exceptions.models import ExceptionItem
from monitoring.ledger.models import Attempt, Delivery, Message, ObjectVersion
from monitoring.ledger.selectors.later import Later, accepted_later


@dataclass(frozen=True, slots=True)
class Standing:
    """How an exception's delivery stands in its lane. `behind`: later ones that wait for it."""

    behind: int = 0
    split: bool = False  # it was taken out of its order
    why_not_split: str = ""


def own_lane(delivery_id: UUID) -> str:
    """The key of the lane a split delivery has for itself; no source's key looks like it."""
    return f"split {delivery_id}"


def is_split(entry: Entry) -> bool:
    return entry.lane.key == own_lane(entry.delivery_id)


def standing(item: ExceptionItem) -> Standing:
    """Cost: at most two queries."""
    if item.state not in ExceptionItem.OPEN_STATES:
        return Standing(why_not_split="It is resolved already.")
    entry = Entry.objects.scoped().select_related("lane").filter(delivery_id=item.delivery_id).first()
    if entry is None:
        return Standing(why_not_split="Nothing was to be delivered, so nothing waits behind it.")
    if is_split(entry):
        return Standing(split=True, why_not_split="It was taken out of its order already.")
    behind = Entry.objects.scoped().filter(lane_id=entry.lane_id, position__gt=entry.position).count()
    if item.state == ExceptionItem.State.RETRYING or not entry.lane.parked:
        return Standing(behind, why_not_split="It is being retried right now.")
    return Standing(behind, why_not_split="" if behind else "Nothing waits behind it.")


def why_not_release(delivery: Delivery, *, at: datetime) -> str:
    """Empty when a delivery may be tried before its time, else why not. Cost: at most three queries."""
    if delivery.state != Delivery.State.RETRYING:
        return "It does not wait for a next try."
    entry = Entry.objects.scoped().select_related("lane").filter(delivery_id=delivery.pk).first()
    if entry is None or _head(entry.lane) != entry.pk:
        return "It waits behind an earlier message about the same document."
    if entry.lane.parked:
        return "It waits for a person's decision."
    if entry.lane.due_at <= at:
        return "It is due already, and goes when its turn comes."
    return _still_at_work(delivery, at)


def _still_at_work(delivery: Delivery, at: datetime) -> str:
    until = settled_at(delivery, at=at)
    return f"The target may still be at work on the last try: wait until {until:%H:%M:%S} UTC." if until > at else ""


def settled_at(delivery: Delivery, *, at: datetime) -> datetime:
    """When what was cut off can no longer take effect in the target; `at` where nothing was. Cost: one query.

    Who asks the target sooner finds nothing and makes it twice; what follows it would be done beside it.
    """
    tries = Attempt.objects.scoped().filter(message_id=delivery.message_id, delivery_id=delivery.pk)
    last = tries.order_by("-id").first()
    if last is None or last.outcome != Attempt.Outcome.UNCERTAIN:
        return at
    return max(at, last.started_at + timedelta(microseconds=last.duration_us) + SETTLE)


def accepted_since(delivery_id: UUID) -> Later:
    """What the target accepted meanwhile that should have come after this delivery. Cost: at most five queries."""
    delivery = Delivery.objects.scoped().get(pk=delivery_id)
    source = Message.objects.scoped().filter(pk=delivery.message_id).values_list("connection_id", flat=True).first()
    key = object_key(source or 0, delivery.object_type, delivery.object_id)
    newest = ObjectVersion.objects.scoped().filter(key=key).values_list("message_id", flat=True)
    return accepted_later(delivery, newest)


def waiting_reason(delivery_id: UUID, *, at: datetime) -> str:
    """One sentence; "" for a delivery that waits for nothing. Cost: at most eleven queries."""
    entry = Entry.objects.scoped().select_related("lane").filter(delivery_id=delivery_id).first()
    if entry is None:
        return ""
    if _head(entry.lane) != entry.pk:
        return _behind(entry.lane)
    if entry.lane.parked:
        return "It waits for a person's decision."
    flow = Flow.objects.scoped().filter(pk=entry.lane.flow_id).first()
    if flow is not None and (paused := why_it_stands(flow)):
        return paused
    if flow is not None and flow.state != Flow.State.ACTIVE:
        return f"The flow {flow.label} is {flow.state}; it goes when the flow is active again."
    target = RetailConnection.objects.scoped().filter(pk=entry.lane.endpoint_id).first()
    if target is not None and target.state != RetailConnection.State.ACTIVE:
        return f"{target.label} is {target.state}; it goes when the connection is active again."
    return missing_thing(delivery_id, target.label if target else "") or _at_the_endpoint(entry.lane, at)


def missing_thing(delivery_id: UUID, target: str) -> str:
    """One sentence where it waits for a thing that another delivery brings. Cost: one query."""
    need = Need.objects.scoped().filter(delivery_id=delivery_id, kind=Need.Kind.THING, until__isnull=False).first()
    if need is None:
        return ""
    thing = f"{need.name.replace('_', ' ')} {need.key}"
    where = target or "the target"
    return f"It waits for {thing}, which {where} does not have yet. A person is asked at {need.until:%H:%M} UTC."


def _head(lane: Lane) -> int | None:
    return lane.entries.order_by("position").values_list("pk", flat=True).first()


def _behind(lane: Lane) -> str:
    if lane.parked:
        return "It waits behind an exception about the same document, so that both arrive in order."
    return "It waits behind an earlier message about the same document."


def _at_the_endpoint(lane: Lane, at: datetime) -> str:
    """What keeps all from the target comes before this lane's own pause, and that before its turn."""
    if lane.holder is not None and lane.leased_until is not None and lane.leased_until > at:
        return "It is on its way."
    calling = calling_of(lane.endpoint_id, counted=False) if is_target(lane.endpoint_id) else None
    why = why_not_yet(calling) if calling else ""
    if lane.due_at > at and (calling is None or calling.standing in CALLED):
        return "It is tried again by itself after a pause."
    return why or "It goes when its turn comes."
