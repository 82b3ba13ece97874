"""Pauses with what waits because of them, for their page, the overview's banner and the API."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Count, Min, TextField
from django.db.models.functions import Cast, Substr

from connectors.engine.models import Endpoint, Entry
from connectors.engine.pauses.estimate import Load, drain_time, slowest, words
from governance.registry.models import Flow, Pause, RetailConnection
from governance.registry.pauses import open_pauses, pauses_over_flow
from monitoring.rollups.connections import busiest_minute_of

RATE_OF: timedelta = timedelta(hours=24)
# The first 48 bits of a UUIDv7 are the milliseconds of its making: 8 + 4 hex digits around a hyphen.
_MADE = Substr(Cast("message_id", TextField()), 1, 13)


@dataclass(frozen=True, slots=True)
class Backlog:
    """Deliveries that wait behind a pause; what waits for a person's decision is not among them."""

    count: int
    oldest: datetime | None
    loads: tuple[Load, ...]

    @property
    def estimate(self) -> str:
        return words(list(self.loads))

    @property
    def drain(self) -> timedelta | None:
        """None: unknown."""
        last = slowest(list(self.loads))
        return drain_time(last.count, last.a_minute) if last else timedelta()


@dataclass(frozen=True, slots=True)
class Standing:
    """An open pause and what waits behind it. `others`: pauses that stand over the same besides."""

    pause: Pause
    backlog: Backlog
    others: int


@dataclass(frozen=True, slots=True)
class Banner:
    """What the overview says of pauses: nothing where `pauses` is 0."""

    pauses: int
    waiting: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class _Queue:
    count: int
    oldest: datetime


def standing_pauses(retailers: Collection[int] | None = None) -> list[Standing]:
    """Open pauses in scope, the longest first. Cost: seven queries."""
    return standings(open_pauses(retailers))


def standings(rows: Sequence[Pause]) -> list[Standing]:
    """Cost: six queries, however many."""
    if not rows:
        return []
    flows = list(Flow.objects.scoped().filter(retailer_id__in={row.retailer_id for row in rows}).order_by("pk"))
    over = {row.pk: [flow for flow in flows if stands_over(row, flow)] for row in rows}
    known = {flow.pk for found in over.values() for flow in found}
    queues, loads = _queues(known), _Targets({flow.target_id for found in over.values() for flow in found})
    return [Standing(row, _backlog(over[row.pk], queues, loads), _others(row, rows, over[row.pk])) for row in rows]


def banner(retailers: Collection[int] | None = None) -> Banner:
    """Cost: three queries, one where nothing is paused."""
    rows = open_pauses(retailers)
    if not rows:
        return Banner(0, 0, None)
    flows = Flow.objects.scoped().filter(retailer_id__in={row.retailer_id for row in rows})
    queues = _queues({flow.pk for flow in flows if any(stands_over(row, flow) for row in rows)})
    return Banner(
        len(rows),
        sum(queue.count for queue in queues.values()),
        min((queue.oldest for queue in queues.values()), default=None),
    )


def stands_over(row: Pause, flow: Flow) -> bool:
    """Whether it keeps this flow's messages waiting."""
    if row.scope == Pause.Scope.FLOW:
        return row.flow_id == flow.pk
    return row.connection_id == (flow.source_id if row.scope == Pause.Scope.SOURCE else flow.target_id)


def why_it_stands(flow: Flow) -> str:
    """One sentence about the pauses over a flow; "" where there are none. Times in UTC. Cost: one query."""
    found = pauses_over_flow(flow)
    if not found:
        return ""
    said = sentence(found[0])
    return said if len(found) == 1 else f"{said} {_more(len(found) - 1)}"


def sentence(row: Pause) -> str:
    what = {
        Pause.Scope.FLOW: f"The flow {row.label} is paused",
        Pause.Scope.SOURCE: f"What {row.label} sends is paused",
        Pause.Scope.TARGET: f"{row.label} is held",
    }[Pause.Scope(row.scope)]
    ends = f"by itself at {row.expires_at:%d %B %H:%M} UTC" if row.expires_at else _BY_HAND[Pause.Scope(row.scope)]
    return f"{what}: {row.reason.strip().rstrip('.')}. It goes {ends}."


_BY_HAND = {
    Pause.Scope.FLOW: "when somebody resumes the flow",
    Pause.Scope.SOURCE: "when somebody resumes it",
    Pause.Scope.TARGET: "when somebody lets it go",
}


def _more(count: int) -> str:
    return f"{count} more pause{' stands' if count == 1 else 's stand'} over it: it goes when all are over."


def _others(row: Pause, rows: Sequence[Pause], flows: Sequence[Flow]) -> int:
    return sum(other.pk != row.pk and any(stands_over(other, flow) for flow in flows) for other in rows)


def _backlog(flows: Iterable[Flow], queues: dict[int, _Queue], targets: _Targets) -> Backlog:
    counts: dict[int, int] = {}
    oldest: list[datetime] = []
    for flow in flows:
        if queue := queues.get(flow.pk):
            counts[flow.target_id] = counts.get(flow.target_id, 0) + queue.count
            oldest.append(queue.oldest)
    loads = tuple(targets.load(target_id, count) for target_id, count in sorted(counts.items()))
    return Backlog(sum(counts.values()), min(oldest, default=None), loads)


def _queues(flows: Collection[int]) -> dict[int, _Queue]:
    """By flow."""
    rows = Entry.objects.scoped().filter(lane__flow_id__in=flows, lane__parked=False).values_list("lane__flow_id")
    found = rows.annotate(count=Count("id"), oldest=Min(_MADE)).order_by("lane__flow_id")
    return {flow_id: _Queue(count, _made_at(oldest)) for flow_id, count, oldest in found}


def _made_at(prefix: str) -> datetime:
    return datetime.fromtimestamp(int(prefix.replace("-", ""), 16) / 1000, UTC)


class _Targets:
    """What is known of targets' speed. Cost: four queries."""

    def __init__(self, ids: Collection[int]) -> None:
        self._rows = RetailConnection.objects.scoped().in_bulk(ids)
        self._endpoints = Endpoint.objects.scoped().in_bulk(ids)
        keys = {row.key for row in self._rows.values()}
        self._busiest = busiest_minute_of(keys, since=datetime.now(UTC) - RATE_OF)

    def load(self, connection_id: int, count: int) -> Load:
        row, endpoint = self._rows.get(connection_id), self._endpoints.get(connection_id)
        limit = (endpoint.own_per_second or endpoint.per_second) if endpoint else 0.0
        busiest = self._busiest.get(row.key, 0) if row else 0
        return Load(row.label if row else "its target", count, busiest, limit)
