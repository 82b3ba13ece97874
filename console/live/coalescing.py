"""At most one hint a second and topic: what a socket still has to be told, by an explicit clock. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

INTERVAL_SECONDS: Final = 1.0


@dataclass(slots=True)
class Coalescer:
    """Bounded by the number of topics, however much happens and however slowly a client reads.

    The first hint of a quiet topic goes out at once; what follows within the second waits and becomes one.
    """

    interval: float = INTERVAL_SECONDS
    _waiting: dict[str, str] = field(default_factory=dict)  # topic -> id, "" for several
    _sent: dict[str, float] = field(default_factory=dict)

    def offer(self, topic: str, id: str) -> None:
        known = self._waiting.get(topic)
        self._waiting[topic] = id if known in (None, id) else ""

    def due(self, now: float) -> list[tuple[str, str]]:
        """What may be sent now, as (topic, id); it counts as sent."""
        ready = [topic for topic in self._waiting if self._free_at(topic) <= now]
        self._sent |= dict.fromkeys(ready, now)
        return [(topic, self._waiting.pop(topic)) for topic in ready]

    def next_due(self) -> float | None:
        """When `due` will next have something; None while nothing waits."""
        return min((self._free_at(topic) for topic in self._waiting), default=None)

    def _free_at(self, topic: str) -> float:
        return self._sent.get(topic, float("-inf")) + self.interval
