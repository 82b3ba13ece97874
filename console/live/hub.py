"""The open sockets of this process, and who of them is told what. Nothing here waits for a client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Final

from console.live.coalescing import Coalescer
from console.live.doors import Visitor
from monitoring.ledger.hints import TOPICS, Hint

MAX_SOCKETS_A_PERSON: Final = 10
TOPIC_ACTIONS: Final = {topic: f"{topic}.view" for topic in sorted(TOPICS)}


class TooManySockets(Exception):
    """This person has ten pages open already."""


class Socket:
    """One open page. `closing` is set to a close code once the server wants it gone."""

    def __init__(self, visitor: Visitor, topics: frozenset[str]) -> None:
        self.visitor = visitor
        self.topics = frozenset(topic for topic in topics if visitor.principal.may(TOPIC_ACTIONS[topic]))
        self.closing: int | None = None
        self.recheck = asyncio.Event()
        self._seq = 0
        self._hints = Coalescer()
        self._wake = asyncio.Event()

    def wants(self, hint: Hint) -> bool:
        return hint.topic in self.topics and self.visitor.principal.sees(hint.retailer_id)

    def offer(self, hint: Hint) -> None:
        self._hints.offer(hint.topic, hint.id)
        self._wake.set()

    def skip(self) -> None:
        """Hints may have been missed: leave a gap in the numbers, by which the page knows to fetch everything."""
        self._seq += 1
        for topic in self.topics:
            self._hints.offer(topic, "")
        self._wake.set()

    def close(self, code: int) -> None:
        self.closing = code
        self._wake.set()

    async def frames(self) -> AsyncIterator[dict[str, object]]:
        """What to send, as it becomes due, until the socket is to be closed."""
        loop = asyncio.get_running_loop()
        while self.closing is None:
            for topic, id in self._hints.due(loop.time()):
                self._seq += 1
                yield {"seq": self._seq, "topic": topic, "id": id}
            await self._until_next(loop)

    async def _until_next(self, loop: asyncio.AbstractEventLoop) -> None:
        at = self._hints.next_due()
        timer = loop.call_at(at, self._wake.set) if at is not None else None
        await self._wake.wait()
        self._wake.clear()
        if timer is not None:
            timer.cancel()


class Hub:
    """Sockets by partner. Used from one event loop only."""

    def __init__(self) -> None:
        self._sockets: dict[str, set[Socket]] = {}

    def open(self, visitor: Visitor, topics: frozenset[str]) -> Socket:
        """Raises TooManySockets."""
        mine = [s for s in self._of(visitor.schema) if s.visitor.person_id == visitor.person_id]
        if len(mine) >= MAX_SOCKETS_A_PERSON:
            raise TooManySockets
        socket = Socket(visitor, topics)
        self._sockets.setdefault(visitor.schema, set()).add(socket)
        return socket

    def forget(self, socket: Socket) -> None:
        schema = socket.visitor.schema
        self._of(schema).discard(socket)
        if not self._of(schema):
            self._sockets.pop(schema, None)

    def publish(self, schema: str, hint: Hint) -> None:
        for socket in self._of(schema):
            if socket.wants(hint):
                socket.offer(hint)

    def recheck(self, schema: str, person_id: str) -> None:
        for socket in self._of(schema):
            if socket.visitor.person_id == person_id:
                socket.recheck.set()

    def skip(self) -> None:
        for socket in self._all():
            socket.skip()

    def close_all(self, code: int) -> None:
        for socket in self._all():
            socket.close(code)

    def __len__(self) -> int:
        return sum(len(sockets) for sockets in self._sockets.values())

    def _of(self, schema: str) -> set[Socket]:
        return self._sockets.get(schema, set())

    def _all(self) -> Iterator[Socket]:
        return (socket for sockets in list(self._sockets.values()) for socket in list(sockets))
