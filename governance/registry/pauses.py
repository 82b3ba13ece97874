"""What open pauses make of flows, and what stands over an object. Whoever pauses and resumes is in the engine."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from governance.registry.models import Flow, Pause, RetailConnection

PAST = 100


def project_flows(ids: Collection[int]) -> tuple[list[Flow], list[Flow]]:
    """Set each flow's state to what the open pauses say, its row locked: (those that stop, those that go on)."""
    # Locked first and read after: another act on the same flows is then either over or waits for this one.
    flows = list(Flow.objects.filter(pk__in=ids).order_by("pk").select_for_update())
    found = set(open_over(flows).values_list("flow_id", "connection_id"))
    stopped, going = [], []
    for flow in flows:
        stands = (flow.pk, None) in found or (None, flow.source_id) in found
        wanted = Flow.State.PAUSED if stands else Flow.State.ACTIVE
        if flow.state != wanted:
            flow.state = wanted
            flow.save(update_fields=["state"])
            (stopped if stands else going).append(flow)
    return stopped, going


def open_over(flows: Iterable[Flow]) -> QuerySet[Pause]:
    """Open pauses of these flows and of their sources; those of their targets are the endpoints'."""
    known = list(flows)
    sources = Q(scope=Pause.Scope.SOURCE, connection_id__in={flow.source_id for flow in known})
    return Pause.objects.open().filter(Q(flow_id__in={flow.pk for flow in known}) | sources)


def _shown() -> QuerySet[Pause]:
    return Pause.objects.scoped().select_related("retailer", "flow", "connection")


def open_pauses(retailers: Collection[int] | None = None) -> list[Pause]:
    """Those in scope, the longest first. Cost: one query."""
    rows = _shown().open().order_by("opened_at", "pk")
    return list(rows if retailers is None else rows.filter(retailer_id__in=retailers))


def past_pauses(retailers: Collection[int] | None = None, *, most: int = PAST) -> list[Pause]:
    """Those in scope that are over, the last to begin first. Cost: one query."""
    rows = _shown().filter(ended_at__isnull=False)
    return list((rows if retailers is None else rows.filter(retailer_id__in=retailers))[:most])


def pauses_by_id(ids: Collection[UUID]) -> list[Pause]:
    """Raises Pause.DoesNotExist where one of them is out of sight."""
    found = list(_shown().filter(pk__in=set(ids)).order_by("pk"))
    if not found or len(found) != len(set(ids)):
        raise Pause.DoesNotExist
    return found


def pauses_over_flow(flow: Flow) -> list[Pause]:
    """Every open pause that keeps this flow's messages waiting, the oldest first. Cost: one query."""
    ends = Q(scope=Pause.Scope.SOURCE, connection_id=flow.source_id)
    ends |= Q(scope=Pause.Scope.TARGET, connection_id=flow.target_id)
    return list(_shown().open().filter(Q(flow_id=flow.pk) | ends).order_by("opened_at", "pk"))


def target_pauses(connection_id: int) -> list[Pause]:
    """Open pauses of what goes to it, the oldest first. Cost: one query."""
    rows = _shown().open().filter(scope=Pause.Scope.TARGET, connection_id=connection_id)
    return list(rows.order_by("opened_at", "pk"))


def pauses_of(connection: RetailConnection) -> list[Pause]:
    """Open pauses of what it sends and of what goes to it, the oldest first. Cost: one query."""
    return list(_shown().open().filter(connection_id=connection.pk).order_by("opened_at", "pk"))


def pauses_between(start: datetime, end: datetime) -> QuerySet[Pause]:
    """Pauses in scope that stood at some time between the two: what objectives leave out or count."""
    return Pause.objects.scoped().filter(Q(ended_at__isnull=True) | Q(ended_at__gt=start), opened_at__lt=end)
