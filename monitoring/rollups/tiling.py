"""Pure: which sums cover a range. Every minute of it lies in exactly one tile, and tiles are as coarse as they may be.

Minutes are folded into grains of 1, 15, 60 and 720 minutes (`folding`), whose borders count from ORIGIN. A grain is
used where the asked step is a multiple of it, so no sum of it crosses the border of a step.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

ORIGIN: Final = datetime(2000, 1, 1, tzinfo=UTC)
MINUTE: Final = timedelta(minutes=1)
GRAINS: Final = (720, 60, 15, 1)  # in minutes, coarsest first
RAW: Final = 0


@dataclass(frozen=True, slots=True)
class Tile:
    """`since` <= t < `until`, to be read from sums of `grain` minutes; RAW is the minutes as they were counted."""

    grain: int
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Folded:
    """How far the minutes are folded (None: not at all), and the minutes that were counted into since then."""

    until: datetime | None = None
    late: frozenset[datetime] = frozenset()


def floor(at: datetime, grain: int) -> datetime:
    return at - (at - ORIGIN) % (grain * MINUTE)


def tiles(since: datetime, until: datetime, *, step: timedelta, folded: Folded) -> list[Tile]:
    """In order of time. `until` may lie within a minute, which is then read as a whole."""
    grains = [grain for grain in GRAINS if step % (grain * MINUTE) == timedelta(0)]
    return _joined(_cover(since, until, grains, folded))


def _cover(since: datetime, until: datetime, grains: Sequence[int], folded: Folded) -> list[Tile]:
    if since >= until:
        return []
    if not grains or folded.until is None:
        return [Tile(RAW, since, until)]
    grain, finer = grains[0], grains[1:]
    low, high = -(-(since - ORIGIN) // (grain * MINUTE)), (min(until, folded.until) - ORIGIN) // (grain * MINUTE)
    if low >= high:
        return _cover(since, until, finer, folded)
    first, end = ORIGIN + low * grain * MINUTE, ORIGIN + high * grain * MINUTE
    found = _cover(since, first, finer, folded)
    for bucket in sorted({floor(minute, grain) for minute in folded.late if first <= minute < end}):
        found += [Tile(grain, first, bucket)] if first < bucket else []
        first = bucket + grain * MINUTE
        found += _cover(bucket, first, finer, folded)
    found += [Tile(grain, first, end)] if first < end else []
    return found + _cover(end, until, finer, folded)


def _joined(found: Collection[Tile]) -> list[Tile]:
    """Neighbours of the same grain as one."""
    joined: list[Tile] = []
    for tile in found:
        if joined and joined[-1].grain == tile.grain and joined[-1].until == tile.since:
            joined[-1] = Tile(tile.grain, joined[-1].since, tile.until)
        else:
            joined.append(tile)
    return joined
