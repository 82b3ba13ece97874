"""What the dashboards read. The cost follows how finely a range is shown, never the number of messages in it.

Every function takes `retailers` (ids picked in the address, None for all in scope) and reads within the scope only.
`folded` (`folding.folded_state`) saves a query where several of them are called for one page.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from governance.registry.models import RetailConnection
from monitoring.rollups import histogram
from monitoring.rollups.reading import ANY_STEP, BEGINNING, END, Retailers, Source, counted, rows_of
from monitoring.rollups.tiling import MINUTE, ORIGIN, Folded
from monitoring.rollups.writer import split_versions

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


def messages_per_minute(
    since: datetime, until: datetime, *, retailers: Retailers = None, folded: Folded | None = None
) -> Traffic:
    """Every kind of event by step. Cost: one query."""
    span = window(since, until)
    sql = "SELECT date_bin(%(step)s, at, %(origin)s), kind, outcome, sum(count)::bigint FROM {counted} GROUP BY 1, 2, 3"
    places = {time: place for place, time in enumerate(span.times)}
    series: dict[tuple[str, str], list[int]] = {}
    for step, kind, outcome, n in rows_of(_source(span, retailers, folded), sql, step=span.step, origin=ORIGIN):
        series.setdefault((kind, outcome), [0] * len(places))[places[step]] = n
    return Traffic(span, series)


def counting_since(*, retailers: Retailers = None, folded: Folded | None = None) -> datetime | None:
    """The first minute of which anything was counted. Cost: two queries."""
    all_time = counted(BEGINNING, END, step=ANY_STEP, retailers=retailers, folded=folded)
    first = rows_of(all_time, "SELECT min(at) FROM {counted}")[0][0]
    if first is None:
        return None
    finely = counted(first, first + ANY_STEP / 2, step=MINUTE, retailers=retailers, folded=folded)
    return rows_of(finely, "SELECT min(at) FROM {counted}")[0][0]


def received_lately(
    *, at: datetime, minutes: int = 5, retailers: Retailers = None, folded: Folded | None = None
) -> float:
    """Messages a minute over the last whole minutes: the running one would look like a fall. Cost: one query."""
    until = at.replace(second=0, microsecond=0)
    lately = counted(until - minutes * MINUTE, until, step=MINUTE, retailers=retailers, folded=folded)
    found = rows_of(lately, "SELECT coalesce(sum(count), 0)::bigint FROM {counted} WHERE kind = 'received'")
    return found[0][0] / minutes


def latency_by_hop(
    since: datetime, until: datetime, *, retailers: Retailers = None, folded: Folded | None = None
) -> list[Latency]:
    """Hops that were timed at all, in the order a message passes them. Cost: two queries."""
    span = window(since, until)
    found = {hop: Latency(hop, {}, [{} for _ in span.times] if hop == WHOLE else []) for hop in HOPS}
    whole = counted(span.since, span.until, step=ANY_STEP, retailers=retailers, folded=folded)
    for kind, outcome, buckets, counts in rows_of(whole, _HISTOGRAMS):
        for hop in _hops_of(kind, outcome):
            for bucket, n in zip(buckets, counts, strict=True):
                found[hop].all[bucket] = found[hop].all.get(bucket, 0) + n
    places = {time: place for place, time in enumerate(span.times)}
    for step, buckets, counts in rows_of(_source(span, retailers, folded), _BY_STEP, step=span.step, origin=ORIGIN):
        found[WHOLE].steps[places[step]].update(zip(buckets, counts, strict=True))
    return [latency for latency in found.values() if latency.count]


def api_versions_in_use(
    since: datetime, until: datetime, *, retailers: Retailers = None, folded: Folded | None = None
) -> list[VersionInUse]:
    """What each connection asked for and was served, most used first within it. Cost: two queries."""
    span = window(since, until)
    whole = counted(span.since, span.until, step=ANY_STEP, retailers=retailers, folded=folded)
    rows = rows_of(whole, _VERSIONS)
    named = RetailConnection.objects.scoped().select_related("retailer").filter(key__in={row[0] for row in rows})
    names = {connection.key: connection for connection in named}
    totals: dict[tuple[str, str], int] = {}
    for key, kind, _, n, _ in rows:
        totals[key, kind] = totals.get((key, kind), 0) + n
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
        calls=calls,
        share=calls / total,
        last_seen=last,
    )


def _source(span: Window, retailers: Retailers, folded: Folded | None) -> Source:
    return counted(span.since, span.until, step=span.step, retailers=retailers, folded=folded)


def _hops_of(kind: str, outcome: str) -> Iterable[str]:
    return (hop for hop, (k, outcomes) in HOPS.items() if k == kind and (outcomes is None or outcome in outcomes))


# Only the whole way is read by step: the others would be many more groups, and nobody draws them over time.
_BUCKETS: Final = (
    "unnest(histogram) WITH ORDINALITY AS u (n, i), LATERAL (SELECT array_lower(histogram, 1) + i - 1) AS b (bucket)"
)
_HISTOGRAMS: Final = f"""
SELECT kind, outcome, array_agg(bucket), array_agg(n) FROM (
    SELECT kind, outcome, bucket, sum(n)::bigint AS n FROM {{counted}}, {_BUCKETS}
    WHERE n > 0 AND (kind = 'delivery' AND outcome = 'delivered' OR kind IN ('received', 'attempt', 'hop'))
    GROUP BY 1, 2, 3
) AS summed GROUP BY 1, 2
"""  # noqa: S608 - names are ours
_BY_STEP: Final = f"""
SELECT step, array_agg(bucket), array_agg(n) FROM (
    SELECT date_bin(%(step)s, at, %(origin)s) AS step, bucket, sum(n)::bigint AS n FROM {{counted}}, {_BUCKETS}
    WHERE n > 0 AND kind = 'delivery' AND outcome = 'delivered' GROUP BY 1, 2
) AS summed GROUP BY 1
"""  # noqa: S608 - names are ours
_VERSIONS: Final = """
SELECT connection_key, kind, api_version, sum(count)::bigint, max(last) FROM {counted}
WHERE kind IN ('received', 'attempt') GROUP BY 1, 2, 3
"""
