"""What happens after a failed attempt: pure."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from connectors.engine.drain.policy import (
    BASE_SECONDS,
    CEILINGS,
    MAX_EARLY_TRIES,
    MAX_TRIES,
    RETRY_AFTER_CAP,
    SETTLE_SECONDS,
    retry_delay,
    verdict,
)
from connectors.engine.drain.work import End, Problem
from governance.catalogue.manifest import Idempotency

RNG = random.Random(7)
AWAY = Problem("transport", "away", retryable=True)


def judge(problem: Problem, tries: int = 1, idempotency: Idempotency = Idempotency.SEARCH_FIRST) -> End:
    return verdict(problem, tries=tries, idempotency=idempotency, rng=RNG)[0]


def test_what_cannot_succeed_is_never_retried():
    assert judge(Problem("validation", "no")) is End.PARK


def test_a_passing_failure_is_retried_until_the_tries_are_used_up():
    assert judge(AWAY, MAX_TRIES - 1) is End.RETRY
    assert judge(AWAY, MAX_TRIES) is End.PARK


def test_what_came_too_early_is_shown_to_a_person_within_a_minute():
    early = Problem("out_of_order", "no such order", retryable=True, early=True)
    assert judge(early, MAX_EARLY_TRIES - 1) is End.RETRY
    assert judge(early, MAX_EARLY_TRIES) is End.PARK
    assert BASE_SECONDS * sum(CEILINGS[: MAX_EARLY_TRIES - 1]) < 60


def test_an_unreachable_target_uses_up_no_tries():
    assert judge(Problem("transport", "refused", retryable=True, unreachable=True), 500) is End.RETRY


@pytest.mark.parametrize(
    ("idempotency", "end"),
    [
        (Idempotency.NATIVE_KEY, End.RETRY),
        (Idempotency.UPSERT_BY_ID, End.RETRY),
        (Idempotency.SEARCH_FIRST, End.RETRY),
        (Idempotency.NONE, End.PARK),
    ],
)
def test_an_uncertain_outcome_is_resolved_by_the_idempotency_class(idempotency, end):
    assert judge(Problem("transport", "cut", retryable=True, uncertain=True), 1, idempotency) is end


def test_retry_after_is_obeyed_but_not_beyond_the_cap():
    assert retry_delay(1, timedelta(seconds=90), RNG) >= timedelta(seconds=90)
    assert retry_delay(1, timedelta(days=365), RNG) == RETRY_AFTER_CAP
    assert retry_delay(1, timedelta(seconds=-5), RNG) > timedelta()


def test_delays_are_jittered_below_a_rising_ceiling():
    early = [retry_delay(1, None, RNG) for _ in range(200)]
    late = [retry_delay(6, None, RNG) for _ in range(200)]
    assert max(early) <= timedelta(seconds=16) < timedelta(hours=1) < max(late)
    assert len(set(early)) > 190


def test_a_target_that_is_searched_is_given_time_before_it_is_asked():
    uncertain = Problem("transport", "no answer", uncertain=True, retryable=True)
    for _ in range(50):
        _, wait = verdict(uncertain, tries=1, idempotency=Idempotency.SEARCH_FIRST, rng=RNG)
        assert wait >= timedelta(seconds=SETTLE_SECONDS)
