"""The websocket at /live: small hints, never data. `sockets` routes to it; `live` starts and stops with it.

Close codes: 1001 the server stops, 1008 too many frames, 1009 a frame too large, 1011 our fault, 1013 the client reads
too slowly, 4401 the session ended or its rights changed. A handshake that may not be opened is refused with 403, and
the reason is not said.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final
from urllib.parse import parse_qs

import orjson
from channels.routing import URLRouter
from django.db import DatabaseError
from django.urls import path, re_path

from console.health import CHECKS
from console.live.doors import Visitor, admitted, still_admitted
from console.live.hub import Hub, Socket, TooManySockets
from console.live.listener import Listener
from monitoring.ledger.hints import TOPICS

PATH: Final = "/live"
MAX_FRAME_BYTES: Final = 16 * 1024
MAX_FRAMES_A_SECOND: Final = 20
SEND_SECONDS: Final = 10.0
RECHECK_SECONDS: Final = 60.0
STOPPING, FLOOD, TOO_LARGE, OUR_FAULT, TOO_SLOW, ENDED = 1001, 1008, 1009, 1011, 1013, 4401

logger = logging.getLogger(__name__)

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Live:
    """The live side of one web process."""

    def __init__(self) -> None:
        self.hub = Hub()
        self.listener = Listener(self.hub)

    async def start(self) -> None:
        self.listener.start()
        CHECKS["listener"] = self.listener.listening.is_set

    async def stop(self) -> None:
        CHECKS.pop("listener", None)
        self.hub.close_all(STOPPING)
        await self.listener.stop()

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        socket = self._open(await _visitor(scope), scope)
        if socket is None:
            await send({"type": "websocket.close", "code": 1008})
            return
        try:
            await send({"type": "websocket.accept"})
            await serve(socket, receive, send)
        finally:
            self.hub.forget(socket)

    def _open(self, visitor: Visitor | None, scope: Mapping[str, Any]) -> Socket | None:
        if visitor is None:
            return None
        asked = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("topics", [""])[0]
        topics = frozenset(asked.split(",")) & TOPICS if asked else TOPICS
        try:
            return self.hub.open(visitor, topics)
        except TooManySockets:
            return None


async def _visitor(scope: Mapping[str, Any]) -> Visitor | None:
    try:
        return await admitted(scope)
    except DatabaseError as error:
        logger.warning("live: refused a page, the database does not answer: %s", error)
        return None


async def serve(socket: Socket, receive: Receive, send: Send) -> None:
    """Until one of the three is over: the client left, it is too slow, or it may no longer look."""
    jobs = [asyncio.create_task(job) for job in (_read(socket, receive), _write(socket, send), _watch(socket))]
    try:
        await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
    if socket.closing is not None:
        with suppress(TimeoutError, OSError):
            await asyncio.wait_for(send({"type": "websocket.close", "code": socket.closing}), SEND_SECONDS)


async def _read(socket: Socket, receive: Receive) -> None:
    """The page has nothing to say to us; what it sends anyway is bounded in size and number, and ignored."""
    window, frames = 0, 0
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return
        size = len((message.get("text") or "").encode()) + len(message.get("bytes") or b"")
        now = int(time.monotonic())
        window, frames = now, (frames + 1 if window == now else 1)
        if size > MAX_FRAME_BYTES or frames > MAX_FRAMES_A_SECOND:
            socket.close(TOO_LARGE if size > MAX_FRAME_BYTES else FLOOD)
            return


async def _write(socket: Socket, send: Send) -> None:
    try:
        await _send(send, {"seq": 0, "topic": "hello", "id": ""})
        async for frame in socket.frames():
            await _send(send, frame)
    except TimeoutError:
        socket.close(TOO_SLOW)


async def _send(send: Send, frame: dict[str, object]) -> None:
    """`version` is the server's time in milliseconds: later means newer."""
    frame["version"] = time.time_ns() // 1_000_000
    await asyncio.wait_for(send({"type": "websocket.send", "text": orjson.dumps(frame).decode()}), SEND_SECONDS)


async def _watch(socket: Socket) -> None:
    """Look again every minute, and at once when the person's rights changed."""
    while True:
        with suppress(TimeoutError):
            await asyncio.wait_for(socket.recheck.wait(), RECHECK_SECONDS * random.uniform(0.8, 1.0))
        socket.recheck.clear()
        try:
            stays = await still_admitted(socket.visitor)
        except DatabaseError as error:
            # Not knowing is no. The page polls meanwhile and comes back by itself.
            logger.warning("live: closed a page, its session could not be looked up: %s", error)
            socket.close(OUR_FAULT)
            return
        if not stays:
            socket.close(ENDED)
            return


async def refused(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
    await receive()  # websocket.connect
    await send({"type": "websocket.close", "code": FLOOD})


def routed(to: Live) -> URLRouter:
    """The one path of a socket; every other is refused."""
    return URLRouter([path(PATH.removeprefix("/"), to), re_path("", refused)])


live = Live()
sockets = routed(live)
