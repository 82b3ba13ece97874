"""Pure: how long a backlog takes once it may go, in figures and in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import ceil, sqrt
from typing import Final

from connectors.engine.drain.pacing import RAMP_FROM, RAMP_GAIN

RAMP_MINUTES: Final = (1 - RAMP_FROM) / RAMP_GAIN
LONG: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Load:
    """What waits for one target. `busiest`: accepted in its busiest minute of late, 0 where none is known."""

    label: str
    count: int
    busiest: int
    per_second: float  # its limit; 0 where none is known

    @property
    def a_minute(self) -> float:
        limit = self.per_second * 60
        return min(self.busiest, limit) if limit else self.busiest


def drain_time(count: int, a_minute: float) -> timedelta | None:
    """At the ramp's pace first, then at `a_minute`. None where no rate is known."""
    if not count:
        return timedelta()
    if a_minute <= 0:
        return None
    of_full = count / a_minute  # minutes at full pace
    in_ramp = RAMP_MINUTES * (1 + RAMP_FROM) / 2
    if of_full > in_ramp:
        return timedelta(minutes=RAMP_MINUTES + of_full - in_ramp)
    return timedelta(minutes=(sqrt(RAMP_FROM**2 + 2 * RAMP_GAIN * of_full) - RAMP_FROM) / RAMP_GAIN)


def slowest(loads: list[Load]) -> Load | None:
    """The load that is done last; one without a rate is later than any. Targets drain beside each other."""
    waiting = [load for load in loads if load.count]
    return max(waiting, key=lambda load: drain_time(load.count, load.a_minute) or timedelta.max, default=None)


def words(loads: list[Load]) -> str:
    """One sentence for a page, e.g. "about 12 min at 240 a minute to ERP, slowly at first"."""
    last = slowest(loads)
    if last is None:
        return "nothing to drain"
    took = drain_time(last.count, last.a_minute)
    if took is None:
        return f"unknown: {last.label} took nothing in the last 24 hours"
    bound = "its limit" if last.per_second and last.busiest >= last.per_second * 60 else "its busiest minute of late"
    return f"{_about(took)} at {last.a_minute:.3g} a minute to {last.label}, {bound}; slowly at first"


def _about(took: timedelta) -> str:
    minutes = ceil(took / timedelta(minutes=1))
    if took > LONG:
        return "more than a week"
    if minutes <= 1:
        return "about a minute"
    if minutes < 120:
        return f"about {minutes} min"
    return f"about {round(minutes / 60)} h" if minutes < 48 * 60 else f"about {round(minutes / 1440)} days"
