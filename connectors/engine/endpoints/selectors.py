"""How the endpoints in scope are called, for their pages and for what waits at them. Ages by the database's clock."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db.models import Count, Min, Q, TextField
from django.db.models.functions import Cast, Now, Substr

from connectors.engine.drain.pacing import WINDOW_SECONDS, State, burst_at
from connectors.engine.endpoints.calling import Calling, Standing, Waiting, Window
from connectors.engine.models import Endpoint, Entry, Lane
from governance.registry.models import Flow, RetailConnection

# The first 48 bits of a UUIDv7 are the milliseconds of its making: 8 + 4 hex digits around a hyphen.
_MADE = Substr(Cast("message_id", TextField()), 1, 13)


def calling_of(connection_id: int, *, counted: bool = True) -> Calling:
    """Raises Endpoint.DoesNotExist: out of sight, or nothing was ever to be sent there. Cost: six queries.

    `counted`: also what waits, which takes a tenth of a second where fifty thousand do.
    """
    found = _callings([connection_id], counted=counted)
    if not found:
        raise Endpoint.DoesNotExist
    return found[0]


def is_target(connection_id: int) -> bool:
    """Whether it has an endpoint: something is sent to it. Cost: one query."""
    return Endpoint.objects.scoped().filter(pk=connection_id).exists()


def callings_in_view(retailers: Sequence[int] | None = None, *, counted: bool = True) -> list[Calling]:
    """Every endpoint in scope: what is worst first, and in it what most waits for. Cost: six queries."""
    rows = Endpoint.objects.scoped()
    ids = (rows if retailers is None else rows.filter(retailer_id__in=retailers)).values_list("pk", flat=True)
    order = list(Standing)
    return sorted(_callings(ids, counted=counted), key=lambda one: (order.index(one.standing), -one.waits, one.label))


def troubled(callings: Sequence[Calling]) -> list[Calling]:
    """Those that are not simply called at their full pace; a paused one only while something is due there."""
    usual = (Standing.USUAL,)
    return [one for one in callings if one.standing not in usual and (one.standing != Standing.PAUSED or one.due)]


def _callings(ids: Collection[int], *, counted: bool) -> list[Calling]:
    rows = {row.pk: row for row in Endpoint.objects.scoped().filter(pk__in=ids).annotate(at=Now())}
    if not rows:
        return []
    known = RetailConnection.objects.scoped().select_related("retailer").in_bulk(rows)
    paused = list(Flow.objects.scoped().filter(target_id__in=rows).exclude(state=Flow.State.ACTIVE).order_by("label"))
    used, due = _used(rows), _due(rows, {flow.pk for flow in paused})
    waiting = _waiting(rows, due) if counted else {}
    return [
        _calling(
            row,
            known[pk],
            used=used.get(pk, 0),
            due=sum(count for (endpoint_id, _), count in due.items() if endpoint_id == pk),
            waiting=tuple(waiting.get(pk, ())),
            paused_flows=tuple(flow.label for flow in paused if flow.target_id == pk),
        )
        for pk, row in rows.items()
        if pk in known
    ]


def _calling(row: Endpoint, connection: RetailConnection, **figures: Any) -> Calling:
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
        window=_window(row),
        **figures,
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


def _due(ids: Collection[int], paused_flows: Collection[int]) -> dict[tuple[int, int], int]:
    """By endpoint and share: lanes of which the first delivery could go at once."""
    free = Lane.objects.scoped().filter(endpoint_id__in=ids, parked=False, due_at__lte=Now())
    free = free.exclude(flow_id__in=paused_flows).exclude(holder__isnull=False, leased_until__gt=Now())
    found = free.values_list("endpoint_id", "share").annotate(count=Count("id"))
    return {(endpoint_id, share): count for endpoint_id, share, count in found}


def _waiting(ids: Collection[int], due: Mapping[tuple[int, int], int]) -> dict[int, list[Waiting]]:
    """By endpoint; what waits for a person is not among it, and of a lane under way all but its head."""
    under_way = Q(lane__holder__isnull=False, lane__leased_until__gt=Now())
    found = (
        Entry.objects.scoped()
        .filter(lane__endpoint_id__in=ids, lane__parked=False)
        .values_list("lane__endpoint_id", "lane__share")
        .annotate(count=Count("id"), busy=Count("lane_id", filter=under_way, distinct=True), oldest=Min(_MADE))
        .order_by("lane__share")
    )
    waiting: dict[int, list[Waiting]] = {}
    for endpoint_id, share, count, busy, oldest in found:
        if count > busy:
            here = Waiting(share, count - busy, due.get((endpoint_id, share), 0), _made_at(oldest))
            waiting.setdefault(endpoint_id, []).append(here)
    return waiting


def _made_at(prefix: str) -> datetime:
    return datetime.fromtimestamp(int(prefix.replace("-", ""), 16) / 1000, UTC)
