"""Why a delivery waits, in the words a page shows. Every message is delivered, an exception, or waits for a reason."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from connectors.engine.models import Endpoint, Entry, Lane
from governance.registry.models import Flow, RetailConnection


def waiting_reason(delivery_id: UUID, *, at: datetime) -> str:
    """One sentence; "" for a delivery that waits for nothing. Cost: at most five queries."""
    entry = Entry.objects.scoped().select_related("lane").filter(delivery_id=delivery_id).first()
    if entry is None:
        return ""
    if _head(entry.lane) != entry.pk:
        return _behind(entry.lane)
    if entry.lane.parked:
        return "It waits for a person's decision."
    flow = Flow.objects.scoped().filter(pk=entry.lane.flow_id).first()
    if flow is not None and flow.state != Flow.State.ACTIVE:
        return f"The flow {flow.label} is {flow.state}; it goes when the flow is active again."
    target = RetailConnection.objects.scoped().filter(pk=entry.lane.endpoint_id).first()
    if target is not None and target.state != RetailConnection.State.ACTIVE:
        return f"{target.label} is {target.state}; it goes when the connection is active again."
    return _endpoint(entry.lane, target.label if target else "The target", at)


def _head(lane: Lane) -> int | None:
    return lane.entries.order_by("position").values_list("pk", flat=True).first()


def _behind(lane: Lane) -> str:
    if lane.parked:
        return "It waits behind an exception about the same document, so that both arrive in order."
    return "It waits behind an earlier message about the same document."


def _endpoint(lane: Lane, target: str, at: datetime) -> str:
    endpoint = Endpoint.objects.scoped().filter(pk=lane.endpoint_id).first()
    if endpoint is not None and endpoint.breaker == Endpoint.Breaker.OPEN:
        return f"{target} is not called for now: {endpoint.breaker_reason.rstrip('.')}. One probe goes at a time."
    if endpoint is not None and endpoint.not_before is not None and endpoint.not_before > at:
        return f"{target} asked us to wait."
    if lane.due_at > at:
        return "It is tried again by itself after a pause."
    return "It is on its way." if lane.holder else "It goes when its turn comes."
