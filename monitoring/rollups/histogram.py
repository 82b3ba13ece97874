"""Durations counted in log-scale buckets, so that histograms of any minutes, stores and writers add up.

Bucket 0 holds up to 100 µs; each further one is 10 % wider than the one before it, so a percentile read from the
middle of its bucket is at most 4.9 % off. The last bucket begins beyond five hours.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

FIRST_US = 100
GROWTH = 1.1
LAST = 200
WORST_ERROR = math.sqrt(GROWTH) - 1
_LOG_GROWTH = math.log(GROWTH)

Counts = Mapping[int, int]  # bucket -> how many


def bucket(duration_us: float) -> int:
    """The bucket of a duration. A negative one (a clock stepped back) counts as the shortest."""
    if duration_us <= FIRST_US:
        return 0
    return min(LAST, math.ceil(math.log(duration_us / FIRST_US) / _LOG_GROWTH - 1e-9))


def bounds(number: int) -> tuple[float, float]:
    """A bucket's (exclusive lower, inclusive upper) bound in microseconds."""
    if number <= 0:
        return 0.0, float(FIRST_US)
    return FIRST_US * GROWTH ** (number - 1), FIRST_US * GROWTH**number


def middle_us(number: int) -> int:
    low, high = bounds(number)
    return round(math.sqrt(low * high)) if low else FIRST_US // 2


def percentile(counts: Counts, q: float) -> int | None:
    """The q-quantile (0 < q <= 1) in microseconds by nearest rank; None without any duration."""
    total = sum(counts.values())
    if total == 0:
        return None
    rank = max(1, math.ceil(q * total - 1e-9))
    seen = 0
    for number in sorted(counts):
        seen += counts[number]
        if seen >= rank:
            return middle_us(number)
    raise AssertionError("a rank within the total is always reached")


def count(durations_us: Iterable[float]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for duration in durations_us:
        number = bucket(duration)
        counts[number] = counts.get(number, 0) + 1
    return counts


def add(*parts: Counts) -> dict[int, int]:
    total: dict[int, int] = {}
    for part in parts:
        for number, n in part.items():
            total[number] = total.get(number, 0) + n
    return total


def literal(counts: Counts) -> str:
    """PostgreSQL's text form of bigint[] whose subscripts are bucket numbers, cut to what is used: `[52:53]={1,4}`."""
    if not counts:
        return "{}"
    low, high = min(counts), max(counts)
    return f"[{low}:{high}]={{{','.join(str(counts.get(n, 0)) for n in range(low, high + 1))}}}"
