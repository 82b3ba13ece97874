"""What the dashboards read. The cost follows the length of the range, never the number of messages in it.

Every function takes `retailers` (ids picked in the address, None for all in scope) and reads within the scope only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import connection
from django.db.models import DateTimeField, F, Func, Max, Sum, Value

from governance.registry.models import RetailConnection
from monitoring.rollups import histogram
from monitoring.rollups.models import Minute
from monitoring.rollups.writer import split_versions
from tenants.context import ALL, require_scope
from tenants.scoping import RetailerQuerySet

# hop -> the kind and outcomes (None: all) whose durations are its own; in the order a message passes them
HOPS: Final[dict[str, tuple[str, tuple[str, ...] | None]]] = {
    "source": ("received", None),
    "queue": ("hop", ("queue",)),
    "transform": ("hop", ("transform",)),
    "target": ("attempt", None),
    "end to end": ("delivery", ("delivered",)),
}
WHOLE: Final = "end to end"
STEPS: Final = tuple(timedelta(minutes=m) for m in (1, 2, 5, 10, 15, 30, 60, 120, 240, 720, 1440))
MOST_POINTS: Final = 120
ORIGIN: Final = datetime(2000, 1, 1, tzinfo=UTC)

Retailers = Sequence[int] | None


@dataclass(frozen=True, slots=True)
class Window:
    """A range of whole minutes, seen in steps whose borders stay put while the range moves on.

    The first and the last step are therefore often covered in part only.
    """

    since: datetime
    until: datetime
    step: timedelta

    @property
    def times(self) -> list[datetime]:
        """The start of each step; the first may lie before `since`."""
        first = self.since - (self.since - ORIGIN) % self.step
        return [first + self.step * n for n in range(-((first - self.until) // self.step))]

    @property
    def covered_minutes(self) -> list[float]:
        """How much of each step lies within the range."""
        ends = (min(time + self.step, self.until) - max(time, self.since) for time in self.times)
        return [length / timedelta(minutes=1) for length in ends]

    @property
    def minutes(self) -> float:
        return (self.until - self.since) / timedelta(minutes=1)


def window(since: datetime, until: datetime) -> Window:
    """The finest step that needs at most MOST_POINTS."""
    step = next((s for s in STEPS if (until - since) / s <= MOST_POINTS), STEPS[-1])
    return Window(since.replace(second=0, microsecond=0), until, step)


@dataclass(frozen=True, slots=True)
class Traffic:
    """Counts of events by step of the window, one list a series, as long as `times`."""

    window: Window
    series: dict[tuple[str, str], list[int]]  # (kind, outcome) -> counts

    def counts(self, kind: str, *outcomes: str) -> list[int]:
        """The sum of a kind's outcomes (all of them when none are named) in each step."""
        chosen = [row for (k, o), row in self.series.items() if k == kind and (not outcomes or o in outcomes)]
        return [sum(column) for column in zip(*chosen, strict=True)] if chosen else [0] * len(self.window.times)

    def total(self, kind: str, *outcomes: str) -> int:
        return sum(self.counts(kind, *outcomes))

    def by_outcome(self, kind: str) -> dict[str, int]:
        """Outcomes of a kind that happened at all, most frequent first."""
        totals = {outcome: sum(row) for (k, outcome), row in self.series.items() if k == kind}
        return dict(sorted(totals.items(), key=lambda item: (-item[1], item[0])))


@dataclass(frozen=True, slots=True)
class Latency:
    """Durations of one hop, as a histogram; for the whole way (`end to end`) also by step of the window."""

    hop: str
    all: dict[int, int]
    steps: list[dict[int, int]] = field(default_factory=list)

    def percentile(self, q: float) -> int | None:
        return histogram.percentile(self.all, q)

    def percentiles(self, q: float) -> list[int | None]:
        return [histogram.percentile(counts, q) for counts in self.steps]

    @property
    def count(self) -> int:
        return sum(self.all.values())


@dataclass(frozen=True, slots=True)
class VersionInUse:
    """One API version of one connection, as its source stated it or as we asked for and were served it.

    `side` is "source" (webhooks and reads) or "target" (deliveries); "" as a version is not stated. `share` is of
    the calls of this connection and side.
    """

    retailer: str
    connection_key: str
    label: str
    connector: str
    side: str
    requested: str
    served: str
    calls: int
    share: float
    last_seen: datetime


def messages_per_minute(since: datetime, until: datetime, *, retailers: Retailers = None) -> Traffic:
    """Every kind of event by step. Cost: one query."""
    span = window(since, until)
    rows = (
        _rows(span, retailers)
        .annotate(
            step=Func(Value(span.step), F("minute"), Value(ORIGIN), function="date_bin", output_field=DateTimeField())
        )
        .values_list("step", "kind", "outcome")
        .annotate(n=Sum("count"))
    )
    places = {time: place for place, time in enumerate(span.times)}
    series: dict[tuple[str, str], list[int]] = {}
    for step, kind, outcome, n in rows:
        series.setdefault((kind, outcome), [0] * len(places))[places[step]] = int(n)
    return Traffic(span, series)


def counting_since(*, retailers: Retailers = None) -> datetime | None:
    """The first minute of which anything was counted. Cost: one query, the first row of the key."""
    rows = Minute.objects.scoped()
    if retailers is not None:
        rows = rows.filter(retailer_id__in=list(retailers))
    return rows.order_by("minute").values_list("minute", flat=True).first()


def received_lately(*, at: datetime, minutes: int = 5, retailers: Retailers = None) -> float:
    """Messages a minute over the last whole minutes: the running one would look like a fall. Cost: one query."""
    until = at.replace(second=0, microsecond=0)
    span = Window(until - timedelta(minutes=minutes), until, timedelta(minutes=1))
    total = _rows(span, retailers).filter(kind="received").aggregate(n=Sum("count"))["n"] or 0
    return int(total) / minutes


def latency_by_hop(since: datetime, until: datetime, *, retailers: Retailers = None) -> list[Latency]:
    """Hops that were timed at all, in the order a message passes them. Cost: one query."""
    span = window(since, until)
    places = {time: place for place, time in enumerate(span.times)}
    found = {hop: Latency(hop, {}, [{} for _ in places] if hop == WHOLE else []) for hop in HOPS}
    for step, kind, outcome, bucket, n in _buckets(span, retailers):
        for hop in _hops_of(kind, outcome):
            counts = found[hop].all
            counts[bucket] = counts.get(bucket, 0) + n
            if hop == WHOLE:
                found[hop].steps[places[step]][bucket] = n
    return [latency for latency in found.values() if latency.count]


def api_versions_in_use(since: datetime, until: datetime, *, retailers: Retailers = None) -> list[VersionInUse]:
    """What each connection asked for and was served, most used first within it. Cost: two queries."""
    rows = list(
        _rows(window(since, until), retailers)
        .filter(kind__in=("received", "attempt"))
        .values_list("connection_key", "kind", "api_version")
        .annotate(n=Sum("count"), last=Max("minute"))
    )
    named = RetailConnection.objects.scoped().select_related("retailer").filter(key__in={row[0] for row in rows})
    names = {connection.key: connection for connection in named}
    totals: dict[tuple[str, str], int] = {}
    for key, kind, _, n, _ in rows:
        totals[key, kind] = totals.get((key, kind), 0) + int(n)
    found = [_version(row, names.get(row[0]), totals[row[0], row[1]]) for row in rows]
    return sorted(found, key=lambda v: (v.retailer, v.label, v.side, -v.calls, v.served, v.requested))


def _version(row: tuple[Any, ...], named: RetailConnection | None, total: int) -> VersionInUse:
    key, kind, versions, calls, last = row
    requested, served = split_versions(versions)
    return VersionInUse(
        retailer=named.retailer.name if named else "",
        connection_key=key,
        label=named.label if named else key,
        connector=named.connector if named else "",
        side="source" if kind == "received" else "target",
        requested=requested,
        served=served,
        calls=int(calls),
        share=int(calls) / total,
        last_seen=last,
    )


def _step(span: Window) -> Func:
    return Func(Value(span.step), F("minute"), Value(ORIGIN), function="date_bin", output_field=DateTimeField())


def _rows(span: Window, retailers: Retailers) -> RetailerQuerySet:
    rows = Minute.objects.scoped().filter(minute__gte=span.since, minute__lt=span.until)
    return rows if retailers is None else rows.filter(retailer_id__in=list(retailers))


def _hops_of(kind: str, outcome: str) -> Iterable[str]:
    return (hop for hop, (k, outcomes) in HOPS.items() if k == kind and (outcomes is None or outcome in outcomes))


# Only the whole way is read by step: the others would be many more groups, and nobody draws them over time.
_BUCKETS = """
SELECT CASE WHEN kind = 'delivery' THEN date_bin(%(step)s, minute, %(origin)s) END, kind, outcome, bucket,
    sum(histogram[bucket])::bigint
FROM rollups_minute, generate_subscripts(histogram, 1) AS bucket
WHERE minute >= %(since)s AND minute < %(until)s AND histogram <> '{}'
    AND (kind = 'delivery' AND outcome = 'delivered' OR kind IN ('received', 'attempt', 'hop'))
    AND (%(retailers)s::bigint[] IS NULL OR retailer_id = ANY(%(retailers)s::bigint[]))
GROUP BY 1, 2, 3, 4 HAVING sum(histogram[bucket]) > 0
"""


def _buckets(span: Window, retailers: Retailers) -> list[tuple[datetime, str, str, int, int]]:
    given = {
        "step": span.step,
        "origin": ORIGIN,
        "since": span.since,
        "until": span.until,
        "retailers": visible(retailers),
    }
    with connection.cursor() as cursor:
        cursor.execute(_BUCKETS, given)
        return cursor.fetchall()


def visible(retailers: Retailers) -> list[int] | None:
    """The floor for SQL of our own: the scope's retailers, narrowed to those picked; None for all of the partner's."""
    seen = require_scope().retailers
    if seen == ALL:
        return None if retailers is None else list(retailers)
    return sorted(seen if retailers is None else seen & set(retailers))
