"""How long a backlog takes, in figures and in words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.engine.pauses.estimate import RAMP_MINUTES, Load, drain_time, slowest, words


def test_it_begins_at_the_ramp_and_goes_on_at_full_pace():
    full = drain_time(10_000, 100.0)
    assert full == timedelta(minutes=100 + RAMP_MINUTES - RAMP_MINUTES * 0.55)
    # 2.75 minutes' worth of full pace is what the ramp of five minutes lets through.
    assert drain_time(275, 100.0) == pytest.approx(timedelta(minutes=5), abs=timedelta(seconds=1))
    assert drain_time(1, 100.0) < timedelta(minutes=0.2)


def test_without_a_rate_it_is_unknown_and_never_zero():
    assert drain_time(5, 0) is None
    assert words([Load("ERP", 5, 0, 8.0)]) == "unknown: ERP took nothing in the last 24 hours"
    assert words([Load("ERP", 0, 0, 8.0)]) == "nothing to drain"
    assert words([]) == "nothing to drain"


def test_no_faster_than_the_target_allows_and_no_faster_than_it_was_of_late():
    assert Load("ERP", 1, busiest=600, per_second=2.0).a_minute == 120
    assert Load("ERP", 1, busiest=30, per_second=2.0).a_minute == 30
    assert words([Load("ERP", 1200, 600, 2.0)]) == "about 13 min at 120 a minute to ERP, its limit; slowly at first"
    assert "its busiest minute of late" in words([Load("ERP", 1200, 30, 2.0)])


def test_targets_drain_beside_each_other_and_an_unknown_one_is_told_first():
    fast, slow = Load("Fast", 100, 100, 0), Load("Slow", 100, 1, 0)
    assert slowest([fast, slow]) == slow
    assert slowest([fast, slow, Load("Silent", 1, 0, 0)]).label == "Silent"


@pytest.mark.parametrize(
    ("count", "said"),
    [(1, "about 3 min"), (60, "about 63 min"), (600, "about 10 h"), (60 * 60, "about 3 days"), (20_000, "a week")],
)
def test_long_and_short_are_said_as_people_say_them(count, said):
    assert said in words([Load("ERP", count, 1, 0)])
