"""Pure: what happens after a failed attempt. Full jitter, class-aware, never for what cannot succeed."""

from __future__ import annotations

import random
from datetime import timedelta

from connectors.engine.drain.work import End, Problem
from governance.catalogue.manifest import Idempotency

# Ceilings of the waits after each try, in units of BASE_SECONDS: a passing failure costs seconds, and what fails all
# day is tried for a day. In between nothing is gained: an outage opens the breaker, and then no try is used up.
CEILINGS = (1, 3, 9, 27, 600, 7_200, 72_000)
MAX_TRIES = len(CEILINGS) + 1
# What has come too early is shown to a person within a minute; it still goes by itself when the other comes.
MAX_EARLY_TRIES = 5
BASE_SECONDS = 1.0
# The endpoint's breaker sets the pace for what cannot be reached; the lane just has to be due by then.
UNREACHABLE_SECONDS = 15.0
# We obey a target's Retry-After this far and no further.
RETRY_AFTER_CAP = timedelta(minutes=15)

# A call that is given up may still be at work in the target: so long before it is asked or told again.
SETTLE_SECONDS = 5.0
SETTLING = frozenset({Idempotency.UPSERT_BY_ID, Idempotency.SEARCH_FIRST})


def verdict(
    problem: Problem,
    *,
    tries: int,
    idempotency: Idempotency,
    rng: random.Random,
    waits: timedelta | None = None,
) -> tuple[End, timedelta | None]:
    """(RETRY, delay) or (PARK, None). `tries` counts the one that just failed.

    An uncertain outcome under NONE goes to a person at once: it never goes again by itself. A target that cannot
    be reached is the endpoint's trouble, not this delivery's: it waits however long that takes.
    """
    if waits is not None:
        return End.RETRY, waits  # for what it needs: it is woken when that comes
    if problem.needed is not None:
        return End.PARK, None
    if problem.unreachable:
        return End.RETRY, timedelta(seconds=rng.uniform(BASE_SECONDS / 8, UNREACHABLE_SECONDS))
    if not problem.retryable or (problem.uncertain and idempotency is Idempotency.NONE):
        return End.PARK, None
    if tries >= (MAX_EARLY_TRIES if problem.early else MAX_TRIES):
        return End.PARK, None
    delay = retry_delay(tries, problem.retry_after, rng)
    if problem.uncertain and idempotency in SETTLING:
        delay = max(delay, timedelta(seconds=SETTLE_SECONDS))
    return End.RETRY, delay


def retry_delay(tries: int, retry_after: timedelta | None, rng: random.Random) -> timedelta:
    """Full jitter below a rising ceiling; never before the target's own Retry-After."""
    jitter = timedelta(seconds=rng.uniform(BASE_SECONDS / 8, BASE_SECONDS * CEILINGS[min(tries, len(CEILINGS)) - 1]))
    if retry_after is None:
        return jitter
    return max(jitter, min(max(retry_after, timedelta()), RETRY_AFTER_CAP))
