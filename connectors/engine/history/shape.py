"""Pure: how many messages fall into which hour, and what becomes of how many of them.

Every total is met exactly: the counts of all chunks add up to what was asked for, whatever the seed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Final
from zoneinfo import ZoneInfo

HOUR: Final = timedelta(hours=1)
CHUNK: Final = 20_000
# Shops by the hour of their own day, and by the day from Monday on: nothing at night, most on Saturday.
BY_HOUR: Final = (8, 5, 3, 2, 2, 4, 9, 18, 34, 55, 74, 88, 97, 94, 88, 86, 90, 98, 100, 92, 70, 46, 26, 14)
BY_DAY: Final = (0.82, 0.80, 0.84, 0.92, 1.12, 1.38, 1.12)
GROWTH: Final = 0.2  # busier at the end than at the beginning
# What fails at first, in parts of the deliveries. Two in a hundred need a person; some of the last days' still do.
DELIVERED: Final = "delivered"
SHARES: Final = {"retried": 0.010, "resolved": 0.017, "closed": 0.003}
# What comes besides, in parts of the deliveries.
EXTRAS: Final = {"ignored": 0.030, "deduplicated": 0.014, "superseded": 0.006, "unreadable": 0.0005}


@dataclass(frozen=True, slots=True)
class Segment:
    """An hour, or the rest of one: `skipped` messages of the whole past come before it."""

    start: datetime
    seconds: float
    count: int
    skipped: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """Segments in order, and how many of their messages end how."""

    segments: tuple[Segment, ...]
    outcomes: dict[str, int]

    @property
    def count(self) -> int:
        return sum(segment.count for segment in self.segments)

    @property
    def deliveries(self) -> int:
        return self.count - sum(self.outcomes[name] for name in EXTRAS)


def chunks(
    deliveries: int, *, since: datetime, until: datetime, zone: ZoneInfo, seed: int, size: int = CHUNK
) -> Iterator[Chunk]:
    """The whole past in time order, in pieces of at least `size` messages (the last may be smaller)."""
    totals = totals_of(deliveries)
    count = sum(totals.values())
    segments = _segments(count, _hours(since, until), zone, random.Random(seed))
    done = 0
    for piece in _pieces(segments, size):
        through = done + sum(segment.count for segment in piece)
        yield Chunk(tuple(piece), _share(totals, done, through, count))
        done = through


def totals_of(deliveries: int) -> dict[str, int]:
    """Outcome -> how many messages end so."""
    apart = {name: round(deliveries * part) for name, part in SHARES.items()}
    extras = {name: round(deliveries * part) for name, part in EXTRAS.items()}
    return {DELIVERED: deliveries - sum(apart.values())} | apart | extras


def _share(totals: dict[str, int], done: int, through: int, count: int) -> dict[str, int]:
    """The part of each total that falls between two numbers; what rounding leaves is delivered."""
    found = {
        name: total * through // count - total * done // count for name, total in totals.items() if name != DELIVERED
    }
    return {DELIVERED: through - done - sum(found.values())} | found


def _pieces(segments: Sequence[Segment], size: int) -> Iterator[list[Segment]]:
    piece: list[Segment] = []
    for segment in segments:
        piece.append(segment)
        if sum(one.count for one in piece) >= size:
            yield piece
            piece = []
    if any(segment.count for segment in piece):
        yield piece


def _segments(count: int, hours: Sequence[tuple[datetime, float]], zone: ZoneInfo, rng: random.Random) -> list[Segment]:
    weights = [
        _weight(start, zone, rng) * seconds * (1 + GROWTH * place / len(hours))
        for place, (start, seconds) in enumerate(hours)
    ]
    total = sum(weights)
    borders = [0, *(int(count * reached / total + 1e-9) for reached in accumulate(weights))]
    borders[-1] = count
    return [
        Segment(start, seconds, after - before, before)
        for (start, seconds), before, after in zip(hours, borders, borders[1:], strict=False)
    ]


def _weight(start: datetime, zone: ZoneInfo, rng: random.Random) -> float:
    local = start.astimezone(zone)
    return BY_HOUR[local.hour] * BY_DAY[local.weekday()] * rng.uniform(0.85, 1.15)


def _hours(since: datetime, until: datetime) -> list[tuple[datetime, float]]:
    found = []
    while since < until:
        length = min(HOUR, until - since)
        found.append((since, length.total_seconds()))
        since += HOUR
    return found
