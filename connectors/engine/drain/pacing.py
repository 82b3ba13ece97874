"""Pure: how fast an endpoint may be called, and what its answers change about that.

    slots    calls at once                                     pace   share of both limits in use, 5 % to 100 %
    tokens   a bucket of calls, refilled by the second         breaker  open: only one probe at a time

A refusal for speed (429) halves the pace, which then gains 10 % a minute. An endpoint that comes back after its breaker
was open starts at 10 % and is at full speed after five minutes, so that what waited does not throw it down again.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from math import ceil
from typing import Final

from connectors.engine.drain.policy import RETRY_AFTER_CAP
from connectors.engine.drain.work import Result
from connectors.engine.models import Endpoint, Lane

LIVE, RETRY, REPLAY = Lane.Share.LIVE, Lane.Share.RETRY, Lane.Share.REPLAY
# What of a target's calls these two may take while live traffic waits; live may take all of the rest.
RESERVED: Final[Mapping[int, float]] = {RETRY: 0.2, REPLAY: 0.3}

LOWEST_PACE = 0.05
RAMP_FROM = 0.1
RAMP_GAIN = 0.18  # a minute: full speed after five
THROTTLED_GAIN = 0.1
HALVE_AGAIN_SECONDS = 5.0  # answers to calls that left together are one refusal

WINDOW_SECONDS = 60.0
FEWEST_CALLS = 10
WORST_RATIO = 0.5
UNREACHABLE_IN_A_ROW = 5
PROBE_SECONDS = 5.0
PROBE_CAP_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class State:
    """An endpoint's row, its ages in seconds by the database's clock."""

    concurrency: int
    per_second: float
    burst: int
    tokens: float
    counted_ago: float
    pace: float
    pace_gain: float
    paced_ago: float
    breaker: str
    window_ago: float = 0.0
    window_calls: int = 0
    window_failures: int = 0
    failures: int = 0

    @property
    def pace_now(self) -> float:
        return min(1.0, self.pace + self.pace_gain * self.paced_ago / 60)

    @property
    def slots(self) -> int:
        """Calls at once while it is called at all; one gets through however slow it is."""
        return max(1, int(self.concurrency * self.pace_now))

    @property
    def tokens_now(self) -> float:
        return min(float(self.burst), self.tokens + self.per_second * self.pace_now * self.counted_ago)


def burst_at(own_per_second: float | None, per_second: float, burst: int) -> int:
    """Calls at once after a pause, in the measure of the rate: a lower rate of a person's is not run over by it."""
    ratio = own_per_second / per_second if own_per_second is not None and per_second else 1.0
    return max(1, ceil(burst * ratio))


def room(state: State, leased: int) -> int:
    """How many runs may begin now. Callers choose only endpoints that may be called at all."""
    if state.breaker == Endpoint.Breaker.OPEN:
        return max(0, 1 - leased)
    return max(0, min(state.slots - leased, int(state.tokens_now)))


def allot(free: int, waiting: Mapping[int, int], rng: random.Random) -> dict[int, int]:
    """`free` places among those who wait, by share. What one share leaves is another's: live first, retries last."""
    given, left = dict.fromkeys((LIVE, *RESERVED), 0), free
    for share, part in RESERVED.items():
        given[share] = min(_rounded(free * part, rng), waiting.get(share, 0), left)
        left -= given[share]
    for share in (LIVE, REPLAY, RETRY):
        more = min(left, waiting.get(share, 0) - given[share])
        given[share] += more
        left -= more
    return given


def _rounded(quota: float, rng: random.Random) -> int:
    """Up or down by lot, so that a place that cannot be split is had in turn."""
    return int(quota + rng.random())


@dataclass(frozen=True, slots=True)
class Answers:
    """What a batch of results says about one endpoint."""

    reached: int = 0  # runs that made a call, or tried to
    failed: int = 0  # of these: nobody there, no answer, or "it is broken"
    unreachable: int = 0  # of these: no connection came about
    throttled: bool = False
    retry_after: timedelta | None = None
    rejected: str = ""  # the credential was refused: in words
    probe: bool | None = None  # whether the probe of an open breaker got through; None when there was none
    problem: str = ""  # the last failure, in words
    further_calls: int = 0  # beyond the one a run is given when it begins


@dataclass(frozen=True, slots=True)
class Change:
    """What to write. None: as it is."""

    state: State
    reason: str = ""
    opened: bool = False
    closed: bool = False
    probe_in: timedelta | None = None
    not_before: timedelta | None = None


def answers(results: Sequence[Result]) -> Answers:
    problems = [result.problem for result in results if result.problem is not None]
    tried = [result for result in results if result.attempt.steps]
    failed = [result for result in tried if result.problem is not None and result.problem.failing]
    rejected = next((problem.message for problem in problems if problem.credential), "")
    waits = [problem.retry_after for problem in problems if problem.retry_after is not None]
    probes = [result not in failed and not rejected for result in tried if result.work.probe]
    return Answers(
        reached=len(tried),
        failed=len(failed),
        unreachable=sum(result.problem.unreachable for result in failed),
        throttled=any(problem.error_class == "throttled" for problem in problems),
        retry_after=min(max(waits), RETRY_AFTER_CAP) if waits else None,
        rejected=rejected,
        probe=all(probes) if probes else None,
        problem=failed[-1].problem.message if failed else "",
        further_calls=sum(len(result.attempt.steps) - 1 for result in tried),
    )


def after(state: State, told: Answers, rng: random.Random) -> Change:
    """The endpoint after these answers. Each rule of the module's head is one function."""
    state = replace(_counted(state, told), tokens=state.tokens_now - told.further_calls)
    if told.throttled:
        state = _slower(state)
    if state.breaker == Endpoint.Breaker.OPEN:
        change = _probed(state, told, rng)
    elif state.breaker == Endpoint.Breaker.CLOSED and _must_open(state, told):
        change = _opened(state, told, rng)
    else:
        change = Change(state)
    return replace(change, not_before=told.retry_after)


def _counted(state: State, told: Answers) -> State:
    fresh = state.window_ago > WINDOW_SECONDS
    calls, failures = (0, 0) if fresh else (state.window_calls, state.window_failures)
    in_a_row = state.failures + told.unreachable if told.unreachable == told.reached else 0
    if told.reached == 0 or state.breaker != Endpoint.Breaker.CLOSED:
        in_a_row = state.failures
    return replace(
        state,
        window_ago=0.0 if fresh else state.window_ago,
        window_calls=calls + told.reached,
        window_failures=failures + told.failed,
        failures=in_a_row,
    )


def _slower(state: State) -> State:
    if state.pace_gain and state.paced_ago < HALVE_AGAIN_SECONDS:
        return state
    return replace(state, pace=max(LOWEST_PACE, state.pace_now / 2), pace_gain=THROTTLED_GAIN, paced_ago=0.0)


def _must_open(state: State, told: Answers) -> bool:
    many = state.window_calls >= FEWEST_CALLS and state.window_failures >= WORST_RATIO * state.window_calls
    return bool(told.rejected) or state.failures >= UNREACHABLE_IN_A_ROW or (many and told.failed > 0)


def _opened(state: State, told: Answers, rng: random.Random) -> Change:
    state = replace(state, breaker=Endpoint.Breaker.OPEN, failures=0)
    return Change(state, told.rejected or told.problem, opened=True, probe_in=probe_delay(0, rng))


def _probed(state: State, told: Answers, rng: random.Random) -> Change:
    """Only the probe's own answer counts: what left before the breaker opened comes back late."""
    if told.probe is None:
        return Change(state)
    if not told.probe:
        state = replace(state, failures=state.failures + 1)
        return Change(state, told.rejected or told.problem, probe_in=probe_delay(state.failures, rng))
    state = replace(
        state,
        breaker=Endpoint.Breaker.CLOSED,
        failures=0,
        window_ago=0.0,
        window_calls=0,
        window_failures=0,
        pace=RAMP_FROM,
        pace_gain=RAMP_GAIN,
        paced_ago=0.0,
    )
    return Change(state, closed=True)


def probe_delay(failed: int, rng: random.Random) -> timedelta:
    """How long an open breaker waits for its next probe: doubling with every failed one, jittered."""
    ceiling = min(PROBE_CAP_SECONDS, PROBE_SECONDS * 2 ** min(failed, 10))
    return timedelta(seconds=rng.uniform(ceiling / 2, ceiling))
