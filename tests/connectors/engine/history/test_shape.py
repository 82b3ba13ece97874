"""A loaded past has exactly as many deliveries as was asked for, in the shape of a shop's days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from connectors.engine.history.shape import DELIVERED, EXTRAS, chunks, totals_of

UNTIL = datetime(2026, 11, 23, 9, 17, tzinfo=UTC)
BOSTON = ZoneInfo("America/New_York")


def planned(deliveries: int, days: int = 60, seed: int = 7, size: int = 5000):
    since = UNTIL - timedelta(days=days)
    return list(chunks(deliveries, since=since, until=UNTIL, zone=BOSTON, seed=seed, size=size))


@pytest.mark.parametrize("deliveries", [1, 7, 999, 40_000, 123_457])
def test_every_total_is_met_exactly(deliveries):
    plan = planned(deliveries)
    totals = totals_of(deliveries)
    assert {name: sum(chunk.outcomes[name] for chunk in plan) for name in totals} == totals
    assert sum(chunk.deliveries for chunk in plan) == deliveries
    assert all(chunk.count == sum(chunk.outcomes.values()) for chunk in plan)


def test_about_two_in_a_hundred_need_a_person():
    totals = totals_of(1_000_000)
    assert totals["resolved"] + totals["closed"] == 20_000
    assert totals[DELIVERED] > 960_000
    assert set(totals) >= set(EXTRAS)


def test_chunks_follow_each_other_without_a_gap():
    segments = [segment for chunk in planned(40_000) for segment in chunk.segments]
    assert [segment.skipped for segment in segments] == [
        sum(one.count for one in segments[:place]) for place in range(len(segments))
    ]
    assert segments[-1].start + timedelta(seconds=segments[-1].seconds) == UNTIL


def test_shops_are_busy_on_saturday_afternoon_and_asleep_at_night():
    by_hour: dict[int, int] = {}
    by_day: dict[int, int] = {}
    for segment in (segment for chunk in planned(200_000) for segment in chunk.segments):
        local = segment.start.astimezone(BOSTON)
        by_hour[local.hour] = by_hour.get(local.hour, 0) + segment.count
        by_day[local.weekday()] = by_day.get(local.weekday(), 0) + segment.count
    assert by_hour[17] > 20 * by_hour[4]
    assert max(by_day, key=by_day.__getitem__) == 5


def test_the_same_seed_tells_the_same_story():
    assert planned(40_000, seed=3) == planned(40_000, seed=3) != planned(40_000, seed=4)
