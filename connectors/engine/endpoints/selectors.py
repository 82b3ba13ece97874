"""How the endpoints in scope are called, for their pages and for what waits at them. Ages by the database's clock."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from django.db.models import Count, Min, Q, TextField
from django.db.models.functions import Cast, Now, Substr

from connectors.engine.drain.pacing import WINDOW_SECONDS, State, burst_at
from connectors.engine.endpoints.calling import Calling, Standing, Waiting, Window
from connectors.engine.models import Endpoint, Entry, Lane
from governance.registry.models import Flow, RetailConnection

# The first 48 bits of a UUIDv7 are the milliseconds of its making: 8 + 4 hex digits around a hyphen.
_MADE = Substr(Cast("message_id", TextField()), 1, 13)


def calling_of(connection_id: int) -> Calling:
    """Raises Endpoint.DoesNotExist: out of sight, or nothing was ever to be sent there. Cost: five queries."""
    found = _callings([connection_id])
    if not found:
        raise Endpoint.DoesNotExist
    return found[0]


def is_target(connection_id: int) -> bool:
    """Whether it has an endpoint: something is sent to it. Cost: one query."""
    return Endpoint.objects.scoped().filter(pk=connection_id).exists()


def callings_in_view(retailers: Sequence[int] | None = None) -> list[Calling]:
    """Every endpoint in scope: what is worst first, and in it what most waits for. Cost: five queries."""
    rows = Endpoint.objects.scoped()
    ids = (rows if retailers is None else rows.filter(retailer_id__in=retailers)).values_list("pk", flat=True)
    order = list(Standing)
    return sorted(_callings(ids), key=lambda one: (order.index(one.standing), -one.waits, one.label))


def troubled(callings: Sequence[Calling]) -> list[Calling]:
    """Those that are not simply called at their full pace; a paused one only while something waits for it."""
    usual = (Standing.USUAL,)
    return [one for one in callings if one.standing not in usual and (one.standing != Standing.PAUSED or one.waits)]


def _callings(ids: Collection[int]) -> list[Calling]:
    rows = {row.pk: row for row in Endpoint.objects.scoped().filter(pk__in=ids).annotate(at=Now())}
    if not rows:
        return []
    known = RetailConnection.objects.scoped().select_related("retailer").in_bulk(rows)
    paused = list(Flow.objects.scoped().filter(target_id__in=rows).exclude(state=Flow.State.ACTIVE).order_by("label"))
    used, waiting = _used(rows), _waiting(rows, {flow.pk for flow in paused})
    return [
        _calling(row, known[pk], used.get(pk, 0), waiting.get(pk, ()), [f.label for f in paused if f.target_id == pk])
        for pk, row in rows.items()
        if pk in known
    ]


def _calling(
    row: Endpoint, connection: RetailConnection, used: int, waiting: Sequence[Waiting], flows: Sequence[str]
) -> Calling:
    return Calling(
        connection_id=row.pk,
        retailer_id=row.retailer_id,
        key=connection.key,
        label=connection.label,
        retailer=connection.retailer.name,
        connection_state=connection.state,
        at=row.at,
        limits=limits_of(row, row.at),
        manifest_concurrency=row.concurrency,
        manifest_per_second=row.per_second,
        own_concurrency=row.own_concurrency,
        own_per_second=row.own_per_second,
        breaker=row.breaker,
        reason=row.breaker_reason,
        since=row.breaker_at,
        probe_at=row.probe_at,
        not_before=row.not_before,
        used=used,
        window=_window(row),
        waiting=tuple(waiting),
        paused_flows=tuple(flows),
    )


def limits_of(row: Endpoint, at: datetime) -> State:
    """What the drains make of the row: `drain.rooms.LIMITS` in Python."""
    return State(
        concurrency=row.own_concurrency or row.concurrency,
        per_second=row.own_per_second or row.per_second,
        burst=burst_at(row.own_per_second, row.per_second, row.burst),
        tokens=row.tokens,
        counted_ago=(at - row.counted_at).total_seconds(),
        pace=row.pace,
        pace_gain=row.pace_gain,
        paced_ago=(at - row.paced_at).total_seconds(),
        breaker=row.breaker,
    )


def _window(row: Endpoint) -> Window:
    if not row.window_calls or (row.at - row.window_at).total_seconds() > WINDOW_SECONDS:
        return Window()
    return Window(row.window_calls, row.window_failures, row.window_at)


def _used(ids: Collection[int]) -> dict[int, int]:
    leased = Lane.objects.scoped().filter(endpoint_id__in=ids, holder__isnull=False, leased_until__gt=Now())
    return dict(leased.values_list("endpoint_id").annotate(count=Count("id")))


def _waiting(ids: Collection[int], paused_flows: Collection[int]) -> dict[int, list[Waiting]]:
    """By endpoint; what waits for a person is not among it, and of a lane under way all but its head."""
    under_way = Q(lane__holder__isnull=False, lane__leased_until__gt=Now())
    due = Q(lane__due_at__lte=Now()) & ~Q(lane__flow_id__in=paused_flows) & ~under_way
    found = (
        Entry.objects.scoped()
        .filter(lane__endpoint_id__in=ids, lane__parked=False)
        .values_list("lane__endpoint_id", "lane__share")
        .annotate(
            count=Count("id"),
            busy=Count("lane_id", filter=under_way, distinct=True),
            due=Count("lane_id", filter=due, distinct=True),
            oldest=Min(_MADE),
        )
        .order_by("lane__share")
    )
    waiting: dict[int, list[Waiting]] = {}
    for endpoint_id, share, count, busy, due, oldest in found:
        if count > busy:
            waiting.setdefault(endpoint_id, []).append(Waiting(share, count - busy, due, _made_at(oldest)))
    return waiting


def _made_at(prefix: str) -> datetime:
    return datetime.fromtimestamp(int(prefix.replace("-", ""), 16) / 1000, UTC)
