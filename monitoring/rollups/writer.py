"""What the engine counts, as one statement for the transaction of what it counts.

Rows are sorted by their key and every writer has its own slot, so writers neither wait for each other nor deadlock.
Events count in the minute they happen; nothing is ever taken back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from monitoring.rollups import histogram

# kind -> its outcomes. The duration that goes with a kind is its hop:
#   received: how long the source took from the event to us (None where it states no time)
#   attempt:  the target's time, sum of its calls       delivery: end to end from receipt
# Two kinds are counted along with an attempt and not by themselves:
#   hop:      its `queue` (from receipt, or from the last try's due time, to this run) and `transform`
#   failure:  its error class, whatever that is (`product.md` T3)
KINDS: Final[dict[str, frozenset[str]]] = {
    "received": frozenset({""}),
    "repeated": frozenset({"", "conflict"}),
    "repaired": frozenset({""}),  # of what was received: brought by a poll, though a webhook should have
    "disposed": frozenset({"ignored", "filtered", "deduplicated", "superseded", "unreadable"}),
    "attempt": frozenset({"ok", "failed", "uncertain", "interrupted"}),
    "delivery": frozenset({"delivered", "exception", "superseded", "closed"}),
}

# A minute that may have been folded (`monitoring.rollups.folding.SETTLE`) is noted by whoever counts into it.
NOTE_LATE: Final = """
INSERT INTO rollups_late SELECT DISTINCT minute FROM counted WHERE minute < now() - interval '2 minutes'
"""
UPSERT: Final = f"""
WITH counted AS (
    SELECT * FROM unnest(%s::timestamptz[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
        %s::text[], %s::text[], %s::bigint[], %s::numeric[], %s::text[])
        AS n (minute, retailer_id, kind, outcome, connection_key, flow_key, store_key, api_version, currency, count,
            value, histogram)
), noted AS ({NOTE_LATE})
INSERT INTO rollups_minute AS r (minute, retailer_id, kind, outcome, connection_key, flow_key, store_key, api_version,
    currency, slot, count, value, histogram)
SELECT minute, retailer_id, kind, outcome, connection_key, flow_key, store_key, api_version, currency, %s::smallint,
    count, value, histogram::bigint[]
FROM counted
ON CONFLICT (minute, retailer_id, kind, outcome, connection_key, flow_key, store_key, api_version, currency, slot)
DO UPDATE SET count = r.count + EXCLUDED.count, value = r.value + EXCLUDED.value,
    histogram = rollups_add(r.histogram, EXCLUDED.histogram)
"""  # noqa: S608 - names are ours

Key = tuple[datetime, int, str, str, str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class Counted:
    """One thing that happened. `minute` may be any moment: it is cut to its minute.

    `api_version` is `versions(requested, served)`. `value` None is unknown: it counts, but adds no money. The last
    three are an attempt's: its error class if it failed, and the hops before its target's time.
    """

    minute: datetime
    retailer_id: int
    kind: str
    outcome: str = ""
    connection_key: str = ""
    flow_key: str = ""
    store_key: str = ""
    api_version: str = ""
    currency: str = ""
    value: Decimal | None = None
    duration_us: int | None = None
    error_class: str = ""
    queue_us: int | None = None
    transform_us: int | None = None

    def with_parts(self) -> Iterator[Counted]:
        """Itself and what is counted along with it, without store and version: few rows, read often."""
        yield self
        part = {"minute": self.minute, "retailer_id": self.retailer_id, "connection_key": self.connection_key}
        part |= {"flow_key": self.flow_key}
        if self.error_class:
            yield Counted(kind="failure", outcome=self.error_class, **part)
        if self.queue_us is not None:
            yield Counted(kind="hop", outcome="queue", duration_us=self.queue_us, **part)
        if self.transform_us is not None:
            yield Counted(kind="hop", outcome="transform", duration_us=self.transform_us, **part)

    def key(self) -> Key:
        minute = self.minute.replace(second=0, microsecond=0)
        return (
            minute,
            self.retailer_id,
            self.kind,
            self.outcome,
            self.connection_key,
            self.flow_key,
            self.store_key,
            self.api_version,
            self.currency if self.value is not None else "",
        )


def versions(requested: str, served: str) -> str:
    """Both API versions of a call as one key. A message only has what its source served: `versions("", served)`."""
    return f"{requested}|{served}" if requested else served


def split_versions(key: str) -> tuple[str, str]:
    """(requested, served) of `versions`; "" is not stated."""
    requested, _, served = key.rpartition("|")
    return requested, served


@dataclass(slots=True)
class Sum:
    count: int = 0
    value: Decimal = Decimal(0)
    buckets: dict[int, int] = field(default_factory=dict)

    def take(self, event: Counted) -> None:
        self.count += 1
        if event.value is not None:
            self.value += event.value
        if event.duration_us is not None:
            number = histogram.bucket(event.duration_us)
            self.buckets[number] = self.buckets.get(number, 0) + 1


def aggregate(events: Iterable[Counted]) -> list[tuple[Key, Sum]]:
    """Sums by key, in the order in which every writer locks its rows.

    Raises ValueError for a kind or outcome that is not in KINDS: a typo would be counted and never shown.
    """
    sums: dict[Key, Sum] = {}
    for event in events:
        if event.outcome not in KINDS.get(event.kind, ()):
            raise ValueError(f"{event.kind}/{event.outcome} is not a kind of event that is counted")
        for part in event.with_parts():
            sums.setdefault(part.key(), Sum()).take(part)
    return sorted(sums.items(), key=lambda item: item[0])


def upsert(events: Iterable[Counted], slot: int) -> tuple[str, list[Any]] | None:
    """The statement and its parameters for any psycopg connection in the partner's scope; None if nothing happened."""
    rows = aggregate(events)
    if not rows:
        return None
    columns = [list(column) for column in zip(*(key for key, _ in rows), strict=True)]
    sums = [item for _, item in rows]
    tail = [[s.count for s in sums], [s.value for s in sums], [histogram.literal(s.buckets) for s in sums]]
    return UPSERT, [*columns, *tail, slot]
