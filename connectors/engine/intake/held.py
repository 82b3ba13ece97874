"""What the requests that a process works at hold in memory: bounded, and shared among those who send them.

A request is weighed before its body is read. So whoever sends more than is stored is told to come again, and others are
still heard; nothing is taken that could not be kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable

from connectors.engine.batch import Full
from connectors.engine.shares import may_take

MAX_HELD = 96 * 1024 * 1024
# A request without its body: so many fit at most, too.
REQUEST_BYTES = 24 * 1024


class Held:
    """Bytes, by sender. Raises Full."""

    def __init__(self, limit: int = MAX_HELD) -> None:
        self._limit = limit
        self._by_sender: Counter[Hashable] = Counter()
        self.total = 0

    def request(self, sender: Hashable) -> Weight:
        """For a `with`: what it weighs is given back at the end."""
        return Weight(self, sender)

    def take(self, sender: Hashable, amount: int) -> None:
        if amount > may_take(self._limit - self.total, self._by_sender[sender]):
            raise Full
        self.total += amount
        self._by_sender[sender] += amount

    def give_back(self, sender: Hashable, amount: int) -> None:
        self.total -= amount
        self._by_sender[sender] -= amount
        if not self._by_sender[sender]:
            del self._by_sender[sender]


class Weight:
    """Of one request."""

    __slots__ = ("_held", "_sender", "bytes")

    def __init__(self, held: Held, sender: Hashable) -> None:
        self._held = held
        self._sender = sender
        self.bytes = 0

    def __enter__(self) -> Weight:
        self.grow(REQUEST_BYTES)
        return self

    def __exit__(self, *error: object) -> None:
        self._held.give_back(self._sender, self.bytes)

    def grow(self, amount: int) -> None:
        """By what is about to be read. Raises Full: then it is as it was."""
        self._held.take(self._sender, amount)
        self.bytes += amount
