"""The leaky buckets: calls a second for REST, points a second for GraphQL.

Source: shopify.dev/docs/api/usage/limits (read 2026-11-23). The sizes of the REST buckets are what third parties state.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    rest_size: int
    rest_per_second: float
    points: int
    points_per_second: float


PLANS = {"standard": Plan(40, 2, 2000, 100), "plus": Plan(400, 20, 20000, 1000)}


class LeakyBucket:
    """What is in it leaks out at `per_second`; a call that would overflow it is refused."""

    def __init__(self, size: float, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.size, self.per_second, self._clock = size, per_second, clock
        self._level, self._at = 0.0, clock()

    def take(self, cost: float = 1) -> bool:
        self._leak()
        if self._level + cost > self.size:
            return False
        self._level += cost
        return True

    @property
    def level(self) -> float:
        self._leak()
        return self._level

    @property
    def available(self) -> float:
        return self.size - self.level

    def seconds_until(self, cost: float = 1) -> float:
        """How long until a call of that cost fits; 0 when it does now."""
        return max(0.0, (self.level + cost - self.size) / self.per_second)

    def _leak(self) -> None:
        now = self._clock()
        self._level = max(0.0, self._level - (now - self._at) * self.per_second)
        self._at = now
