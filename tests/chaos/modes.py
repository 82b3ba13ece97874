"""How the fake ERP answers: a mode a call, drawn by the seed and by what the call is, so that a seed plays again.

"before" and "after" say whether the effect has happened when the trouble begins.
"""

from __future__ import annotations

from random import Random

OK = "ok"
# How often, relative to each other, when a call is to go wrong.
WEIGHTS = {
    "429-seconds": 4,
    "429-date": 2,
    "429-absurd": 1,
    "429-negative": 1,
    "500-before": 4,
    "500-after": 4,
    "503": 3,
    "reset-before": 4,
    "reset-after": 4,
    "silent-before": 2,
    "silent-after": 2,
    "late-after": 3,
    "error-in-200": 1,
    "html-before": 1,
    "html-after": 1,
    "truncated-after": 1,
    "charset-after": 1,
    "204-before": 1,
    "204-after": 1,
    "empty-after": 1,
    "other-order-before": 1,
    "other-order-after": 1,
    "drip-after": 1,
    "big-after": 1,
    "gzip-bomb-after": 1,
    "redirect": 1,
}
# Not wrong, only slow: the effect comes late, when its caller may be dead.
SLOW, LATE = "slow", "late-after"
SLOW_RATE = 0.05
SLOWEST_SECONDS = 1.8
# The effect of a call that was given up long ago: after the caller's patience, before it asks what became of it.
LATE_SECONDS = (4.0, 5.5)


def draw(seed: int, what: str, nth: int, rate: float) -> str:
    """The mode of the nth call that is about `what`; `rate` is the share of calls that go wrong."""
    rng = Random(f"{seed} {what} {nth}")
    chance = rng.random()
    if chance < rate:
        return rng.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    return SLOW if chance < rate + SLOW_RATE else OK


def slowness(mode: str, seed: int, what: str, nth: int) -> float:
    """Seconds before a slow or late call does anything, 0 for others."""
    bounds = {SLOW: (0.2, SLOWEST_SECONDS), LATE: LATE_SECONDS}.get(mode, (0.0, 0.0))
    return Random(f"{seed} {what} {nth} slow").uniform(*bounds)


def kind(mode: str) -> str:
    return mode.removesuffix("-before").removesuffix("-after")


def changes_first(mode: str) -> bool:
    return mode in (OK, SLOW) or mode.endswith("-after")
