"""Every minute of a range is read exactly once, from sums as coarse as they may be."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from monitoring.rollups.selectors import STEPS
from monitoring.rollups.tiling import GRAINS, MINUTE, RAW, Folded, Tile, floor, tiles

MIDNIGHT = datetime(2026, 11, 23, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def minutes(found: list[Tile]) -> list[datetime]:
    return [tile.since + MINUTE * n for tile in found for n in range((tile.until - tile.since) // MINUTE)]


def test_a_range_that_was_never_folded_is_read_as_it_was_counted():
    assert tiles(MIDNIGHT, MIDNIGHT + DAY, step=HOUR, folded=Folded()) == [Tile(RAW, MIDNIGHT, MIDNIGHT + DAY)]


def test_a_whole_folded_day_is_two_half_days():
    found = tiles(MIDNIGHT, MIDNIGHT + DAY, step=DAY, folded=Folded(MIDNIGHT + DAY))
    assert found == [Tile(720, MIDNIGHT, MIDNIGHT + DAY)]


def test_borders_and_the_running_minutes_are_read_finely():
    since, until = MIDNIGHT + 7 * MINUTE, MIDNIGHT + 3 * HOUR + 9 * MINUTE + timedelta(seconds=20)
    found = tiles(since, until, step=HOUR, folded=Folded(until - 2 * MINUTE - timedelta(seconds=20)))
    assert found == [
        Tile(1, since, MIDNIGHT + 15 * MINUTE),
        Tile(15, MIDNIGHT + 15 * MINUTE, MIDNIGHT + HOUR),
        Tile(60, MIDNIGHT + HOUR, MIDNIGHT + 3 * HOUR),
        Tile(1, MIDNIGHT + 3 * HOUR, MIDNIGHT + 3 * HOUR + 7 * MINUTE),
        Tile(RAW, MIDNIGHT + 3 * HOUR + 7 * MINUTE, until),
    ]


@pytest.mark.parametrize("step", STEPS)
def test_no_sum_crosses_the_border_of_a_step(step):
    found = tiles(MIDNIGHT + 13 * MINUTE, MIDNIGHT + 3 * DAY, step=step, folded=Folded(MIDNIGHT + 2 * DAY))
    assert all(step % (tile.grain * MINUTE) == timedelta(0) for tile in found if tile.grain)


def test_a_late_minute_is_read_as_it_was_counted_and_its_neighbours_are_not():
    late = MIDNIGHT + 5 * HOUR + 22 * MINUTE
    found = tiles(MIDNIGHT, MIDNIGHT + DAY, step=DAY, folded=Folded(MIDNIGHT + DAY, frozenset({late})))
    assert [tile for tile in found if tile.grain == RAW] == [Tile(RAW, late, late + MINUTE)]
    assert Tile(720, MIDNIGHT + DAY / 2, MIDNIGHT + DAY) in found
    assert minutes(found) == minutes([Tile(RAW, MIDNIGHT, MIDNIGHT + DAY)])


def test_every_minute_of_any_range_is_in_exactly_one_tile():
    rng = random.Random(7)
    for _ in range(300):
        since = MIDNIGHT + MINUTE * rng.randrange(3000)
        until = since + MINUTE * rng.randrange(1, 3000)
        late = frozenset(MIDNIGHT + MINUTE * rng.randrange(6000) for _ in range(rng.randrange(5)))
        folded = Folded(MIDNIGHT + MINUTE * rng.randrange(6000), late)
        found = tiles(since, until, step=rng.choice(STEPS), folded=folded)
        assert minutes(found) == minutes([Tile(RAW, since, until)])
        for tile in found:
            if tile.grain:
                assert floor(tile.since, tile.grain) == tile.since
                assert tile.until <= folded.until
                assert not any(tile.since <= minute < tile.until for minute in late)
    assert tuple(sorted(GRAINS, reverse=True)) == GRAINS
