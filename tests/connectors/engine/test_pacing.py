"""How fast an endpoint may be called, and what its answers change about that: pure, by an explicit clock."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from connectors.engine.drain import pacing
from connectors.engine.drain.pacing import (
    LIVE,
    REPLAY,
    RETRY,
    Answers,
    Change,
    State,
    after,
    allot,
    answers,
    burst_at,
    room,
)
from connectors.engine.drain.policy import RETRY_AFTER_CAP
from connectors.engine.drain.work import AttemptRecord, End, Problem, Result, StepRecord, Work

CLOSED = State(
    concurrency=10,
    per_second=20.0,
    burst=40,
    tokens=40.0,
    counted_ago=0.0,
    pace=1.0,
    pace_gain=0.0,
    paced_ago=0.0,
    breaker="closed",
)
OPEN = replace(CLOSED, breaker="open")
HELD = replace(CLOSED, breaker="held")
RNG = random.Random(7)
AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
UNREACHED = Answers(reached=1, failed=1, unreachable=1, problem="Nobody is there.")
BROKEN = Answers(reached=1, failed=1, problem="HTTP 500.")
FINE = Answers(reached=1)
THROTTLED = Answers(reached=1, throttled=True)


def later(state: State, seconds: float) -> State:
    """The same row, so much later."""
    return replace(
        state,
        counted_ago=state.counted_ago + seconds,
        paced_ago=state.paced_ago + seconds,
        window_ago=state.window_ago + seconds,
    )


def told(state: State, *batches: Answers, seconds: float = 0.1) -> Change:
    """After these answers, one after another; what was counted is written before the next, as the row is."""
    change = Change(state)
    for answer in batches:
        change = after(later(change.state, seconds), answer, RNG)
        change = replace(change, state=replace(change.state, counted_ago=0.0))
    return change


# Room: slots and bucket


def test_slots_and_bucket_bound_what_may_begin():
    assert room(CLOSED, leased=0) == 10
    assert room(CLOSED, leased=7) == 3
    assert room(CLOSED, leased=12) == 0
    assert room(replace(CLOSED, tokens=2.9), leased=0) == 2
    assert room(replace(CLOSED, tokens=-3.0), leased=0) == 0


def test_the_pace_holds_for_slots_and_for_the_bucket():
    half = replace(CLOSED, pace=0.5, tokens=0.0)
    assert half.slots == 5
    assert room(later(half, 0.2), leased=0) == 2, "20 a second at half pace"
    assert replace(CLOSED, pace=0.01).slots == 1, "one gets through however slow it is"


def test_the_bucket_holds_no_more_than_its_burst():
    assert later(replace(CLOSED, tokens=0.0), 3600).tokens_now == 40
    assert later(replace(CLOSED, tokens=-20.0), 2).tokens_now == 20


def test_over_any_stretch_no_more_begin_than_burst_and_rate_allow():
    rng = random.Random(11)
    for _ in range(50):
        state = replace(CLOSED, concurrency=1000, per_second=rng.uniform(0.5, 30), burst=rng.randint(1, 20))
        state = replace(state, tokens=float(state.burst))
        seconds = begun = 0.0
        while seconds < 60:
            passed = rng.expovariate(2.0)
            seconds += passed
            state = later(state, passed)
            now = rng.randint(0, room(state, leased=0))
            begun += now
            state = replace(state, tokens=state.tokens_now - now, counted_ago=0.0)
            assert begun <= state.burst + state.per_second * seconds + 1e-6


def test_an_open_breaker_lets_one_probe_begin_whatever_slots_and_bucket_say():
    assert room(replace(OPEN, tokens=-5.0), leased=0) == 1
    assert room(OPEN, leased=1) == 0
    assert room(OPEN, leased=4) == 0


def test_a_persons_rate_takes_the_burst_along():
    assert burst_at(None, 8.0, 4) == 4
    assert burst_at(1.0, 8.0, 4) == 1
    assert burst_at(80.0, 8.0, 4) == 40
    assert burst_at(0.01, 0.0, 4) == 4


# Shares


def shared(free: int, live: int, retry: int, replay: int, rng: random.Random = RNG) -> dict[int, int]:
    return allot(free, {LIVE: live, RETRY: retry, REPLAY: replay}, rng)


def test_nothing_is_left_idle_and_nobody_gets_more_than_waits():
    rng = random.Random(3)
    for _ in range(2000):
        free, waiting = rng.randint(0, 40), {share: rng.randint(0, 40) for share in (LIVE, RETRY, REPLAY)}
        given = allot(free, waiting, rng)
        assert sum(given.values()) == min(free, sum(waiting.values()))
        assert all(0 <= given[share] <= waiting[share] for share in waiting)


def test_while_live_waits_it_has_at_least_half():
    rng = random.Random(5)
    for _ in range(500):
        given = shared(100, 100, rng.randint(0, 200), rng.randint(0, 200), rng)
        assert given[LIVE] >= 48, "but for the rounding of two shares"


@pytest.mark.parametrize("free", [1, 2, 3, 7])
def test_of_few_places_live_has_half_over_many_turns(free):
    rng, total = random.Random(9), Counter()
    for _ in range(4000):
        total.update(shared(free, 100, 100, 100, rng))
    assert total[LIVE] >= 0.49 * 4000 * free
    assert total[RETRY] <= 0.21 * 4000 * free
    assert total[REPLAY] > 0.2 * 4000 * free


def test_retries_have_at_most_a_fifth_while_others_wait():
    rng = random.Random(13)
    for _ in range(500):
        live, replay = rng.choice([(200, 0), (0, 200), (200, 200), (100, 100)])
        assert shared(100, live, 500, replay, rng)[RETRY] <= 21


def test_what_others_leave_retries_may_have():
    assert shared(100, 0, 500, 0) == {LIVE: 0, RETRY: 100, REPLAY: 0}
    given = shared(100, 10, 500, 20)
    assert given == {LIVE: 10, RETRY: 70, REPLAY: 20}


# The breaker opens


def test_five_connection_failures_in_a_row_open_it():
    assert told(CLOSED, *[UNREACHED] * 4).state.breaker == "closed"
    change = told(CLOSED, *[UNREACHED] * 5)
    assert (change.state.breaker, change.opened, change.reason) == ("open", True, "Nobody is there.")
    assert change.probe_in is not None


def test_one_that_got_through_between_them_starts_the_count_again():
    assert told(CLOSED, *[UNREACHED] * 4, FINE, *[UNREACHED] * 4).state.breaker == "closed"


def test_a_batch_of_five_that_reach_nobody_opens_it_at_once():
    batch = Answers(reached=5, failed=5, unreachable=5, problem="Nobody is there.")
    assert told(CLOSED, batch).opened


def test_half_of_ten_in_a_minute_open_it_and_of_nine_do_not():
    assert told(CLOSED, *[FINE, BROKEN] * 4, FINE).state.breaker == "closed"
    assert told(CLOSED, *[FINE, BROKEN] * 5).opened
    assert not told(CLOSED, *[FINE, FINE, BROKEN] * 10).opened


def test_what_failed_more_than_a_minute_ago_is_forgotten():
    assert told(CLOSED, *[BROKEN] * 6, *[FINE] * 2, *[BROKEN] * 4, seconds=12).state.breaker == "closed"


def test_one_failure_more_is_needed_to_open_it_not_one_success():
    """Nine calls of which five failed, and then a good one: ten calls, half of them failed, and it is back."""
    assert not told(CLOSED, *[BROKEN, BROKEN, FINE, BROKEN, FINE, BROKEN, FINE, BROKEN, FINE], FINE).opened


def test_a_refused_credential_opens_it_at_once():
    change = told(CLOSED, Answers(reached=1, rejected="The key is revoked."))
    assert (change.opened, change.reason) == (True, "The key is revoked.")


def test_what_never_reached_out_says_nothing_of_the_target():
    assert told(CLOSED, *[UNREACHED] * 4, Answers(), UNREACHED).opened
    assert told(CLOSED, *[Answers()] * 20).state.window_calls == 0


# The breaker closes


@pytest.mark.parametrize("late", [FINE, Answers(reached=30), BROKEN, UNREACHED, THROTTLED])
def test_what_left_before_it_opened_neither_closes_it_nor_moves_its_probe(late):
    change = told(OPEN, late)
    assert (change.state.breaker, change.probe_in, change.closed) == ("open", None, False)


def test_the_probes_own_answer_closes_it_at_the_ramps_beginning():
    change = told(OPEN, Answers(reached=1, probe=True))
    assert (change.closed, change.state.breaker, change.state.pace_now) == (True, "closed", 0.1)
    assert (change.state.window_calls, change.state.failures) == (0, 0)


def test_a_probe_that_fails_puts_the_next_one_off_longer_and_longer():
    waits, state = [], OPEN
    for _ in range(8):
        change = told(state, Answers(reached=1, failed=1, problem="away", probe=False))
        waits.append(change.probe_in.total_seconds())
        state = change.state
    assert state.breaker == "open"
    assert all(low <= wait <= high for wait, (low, high) in zip(waits, [(5, 10), (10, 20), (20, 40)], strict=False))
    assert all(30 <= wait <= pacing.PROBE_CAP_SECONDS for wait in waits[3:])


def test_probes_of_many_endpoints_do_not_come_together():
    assert len({pacing.probe_delay(3, RNG) for _ in range(100)}) > 95


def test_a_credential_refused_to_the_probe_leaves_it_open_and_says_so():
    change = told(OPEN, Answers(reached=1, rejected="The key is revoked.", probe=False))
    assert (change.state.breaker, change.reason) == ("open", "The key is revoked.")


@pytest.mark.parametrize("answer", [FINE, BROKEN, Answers(reached=1, probe=True), Answers(reached=9, failed=9)])
def test_what_a_person_holds_no_answer_lets_go(answer):
    change = told(HELD, *[answer] * 12)
    assert (change.state.breaker, change.opened, change.closed) == ("held", False, False)


# The ramp


def test_after_an_outage_it_is_at_full_pace_in_five_minutes():
    state = told(OPEN, Answers(reached=1, probe=True)).state
    paces = [later(state, seconds).pace_now for seconds in (0, 60, 150, 299, 300, 900)]
    assert paces == pytest.approx([0.1, 0.28, 0.55, 0.997, 1.0, 1.0])


def test_good_answers_do_not_hurry_the_ramp():
    state = told(OPEN, Answers(reached=1, probe=True)).state
    state = told(state, *[FINE] * 100, seconds=0.6).state
    assert state.pace_now == pytest.approx(0.28, abs=0.001)


# Refused for speed


def test_a_refusal_for_speed_halves_the_pace_once_a_burst():
    assert told(CLOSED, *[THROTTLED] * 20, seconds=0.2).state.pace_now == pytest.approx(0.5, abs=0.01)
    assert told(CLOSED, THROTTLED, THROTTLED, seconds=6).state.pace_now == pytest.approx(0.25, abs=0.01)


def test_it_recovers_a_tenth_a_minute():
    state = told(CLOSED, THROTTLED).state
    paces = [later(state, 60 * minutes).pace_now for minutes in (0, 1, 3, 5, 9)]
    assert paces == pytest.approx([0.5, 0.6, 0.8, 1.0, 1.0])


def test_it_is_never_slowed_to_a_stand():
    assert told(CLOSED, *[THROTTLED] * 50, seconds=6).state.pace_now == pytest.approx(pacing.LOWEST_PACE, abs=0.02)


def test_a_refusal_for_speed_is_no_failure_of_the_target():
    assert told(CLOSED, *[THROTTLED] * 50).state.breaker == "closed"


def test_at_full_pace_after_a_persons_word_a_refusal_still_slows_it():
    hurried = replace(CLOSED, pace=1.0, pace_gain=0.0, paced_ago=0.0)
    assert told(hurried, THROTTLED).state.pace_now == pytest.approx(0.5)


# What a batch of results says


def result(problem: Problem | None = None, *, calls: int = 1, probe: bool = False) -> Result:
    known = dict.fromkeys((field.name for field in fields(Work)), None) | {"probe": probe}
    attempt = AttemptRecord(UUID(int=0), AT, steps=[StepRecord("send", True, "POST", "", AT) for _ in range(calls)])
    return Result(Work(**known), attempt, End.DELIVERED if problem is None else End.RETRY, problem=problem)


def asked_to_wait(wait: timedelta | None) -> Result:
    return result(Problem("throttled", "slower", retryable=True, retry_after=wait))


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        (timedelta(seconds=30), timedelta(seconds=30)),
        (timedelta(), timedelta()),
        (timedelta(days=1), RETRY_AFTER_CAP),
        (None, None),
    ],
)
def test_retry_after_is_kept_up_to_the_cap(asked, kept):
    assert told(CLOSED, answers([asked_to_wait(asked)])).not_before == kept


def test_of_several_answers_the_longest_wait_counts():
    waits = [asked_to_wait(timedelta(seconds=seconds)) for seconds in (5, 90, 2)]
    assert answers([*waits, result()]).retry_after == timedelta(seconds=90)


def test_what_made_no_call_is_not_counted_and_further_calls_are():
    found = answers([result(Problem("mapping", "no"), calls=0), result(calls=3), result()])
    assert (found.reached, found.failed, found.further_calls) == (2, 0, 2)


def test_a_refusal_of_one_order_is_no_failure_of_the_target():
    assert answers([result(Problem("validation", "no such SKU"))] * 20).failed == 0


@pytest.mark.parametrize(
    ("problem", "probe"),
    [
        (None, True),
        (Problem("validation", "no such SKU"), True),
        (Problem("transport", "away", failing=True), False),
        (Problem("credential", "no", credential=True), False),
    ],
)
def test_a_probe_is_good_when_the_target_answered_as_itself(problem, probe):
    assert answers([result(problem, probe=True), result()]).probe is probe
    assert answers([result(problem)]).probe is None


def test_calls_beyond_the_first_are_taken_from_the_bucket_when_a_run_ends():
    change = after(CLOSED, replace(FINE, further_calls=3), RNG)
    assert change.state.tokens == 37


def test_whatever_comes_the_figures_stay_within_their_bounds():
    rng = random.Random(17)
    for _ in range(200):
        state = CLOSED
        for _ in range(60):
            reached = rng.randint(0, 6)
            failed = rng.randint(0, reached)
            batch = Answers(
                reached=reached,
                failed=failed,
                unreachable=rng.randint(0, failed),
                throttled=rng.random() < 0.2,
                rejected="no" if rng.random() < 0.05 else "",
                probe=rng.choice([None, True, False]) if state.breaker == "open" else None,
                further_calls=rng.randint(0, 4),
            )
            state = after(later(state, rng.expovariate(0.2)), batch, rng).state
            state = replace(state, counted_ago=0.0)
            assert pacing.LOWEST_PACE <= state.pace_now <= 1
            assert state.tokens <= state.burst
            assert 0 <= state.window_failures <= state.window_calls
            assert room(state, leased=rng.randint(0, 12)) <= state.concurrency
