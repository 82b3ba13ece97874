"""Sends signed webhooks: as fast as they are answered (closed loop), or so many a second (open loop).

    python -m tests.bench.driver --url http://localhost:8000/in/… --secret S --count 5000 [--rate 20] [--connections 32]

Prints one JSON line: {"sent": {order id: when}, "answered": {…: seconds}, "codes": {…}, "seconds": …, "cpu": …}.
In an open loop an answer's time counts from when its webhook was due, not from when a connection was free.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections import Counter, deque
from collections.abc import Sequence
from urllib.parse import urlsplit

import uvloop

from tests.bench.frames import Framed
from tests.bench.orders import sale, signature

LIMIT_SECONDS = 300.0


class Run:
    def __init__(self, requests: deque[tuple[str, bytes]]) -> None:
        self.requests = requests
        self.left = len(requests)
        self.sent: dict[str, float] = {}
        self.answered: dict[str, float] = {}
        self.codes: Counter[int] = Counter()
        self.idle: deque[Line] = deque()
        self.waiting: deque[tuple[str, bytes, float]] = deque()
        self.closed_loop = True
        self.over = asyncio.Event()

    def free(self, line: Line) -> None:
        if self.waiting:
            line.send(*self.waiting.popleft())
        elif self.closed_loop and self.requests:
            line.send(*self.requests.popleft(), time.perf_counter())
        else:
            self.idle.append(line)

    def due(self, now: float) -> None:
        order_id, request = self.requests.popleft()
        if self.idle:
            self.idle.popleft().send(order_id, request, now)
        else:
            self.waiting.append((order_id, request, now))

    def done(self, order_id: str, code: int, seconds: float) -> None:
        self.codes[code] += 1
        if 200 <= code < 300:
            self.answered[order_id] = seconds
        self.left -= 1
        if not self.left:
            self.over.set()


class Line(Framed):
    def __init__(self, run: Run) -> None:
        super().__init__()
        self._run = run
        self._current: tuple[str, float] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._run.free(self)

    def send(self, order_id: str, request: bytes, due: float) -> None:
        self._current = (order_id, due)
        self._run.sent[order_id] = time.time() - (time.perf_counter() - due)
        self.transport.write(request)

    def message(self, head: bytes, body: bytes) -> None:
        self._finish(int(head[9:12]))
        self._run.free(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._finish(0)

    def _finish(self, code: int) -> None:
        if self._current is not None:
            (order_id, due), self._current = self._current, None
            self._run.done(order_id, code, time.perf_counter() - due)


async def drive(run: Run, host: str, port: int, *, connections: int, rate: float, limit: float) -> float:
    """Seconds it took. Raises TimeoutError when not all is answered `limit` seconds after the last was sent."""
    loop = asyncio.get_running_loop()
    run.closed_loop = not rate
    began = time.perf_counter()
    for _ in range(connections):
        await loop.create_connection(lambda: Line(run), host, port)
    if rate:
        began = time.perf_counter()
        for place in range(len(run.requests)):
            await asyncio.sleep(max(0.0, began + place / rate - time.perf_counter()))
            run.due(began + place / rate)
    async with asyncio.timeout(limit):
        await run.over.wait()
    return time.perf_counter() - began


def requests(urls: Sequence[str], secret: str, seed: int, count: int) -> deque[tuple[str, bytes]]:
    """The addresses of one server in turn."""
    places = [urlsplit(url) for url in urls]
    made: deque[tuple[str, bytes]] = deque()
    for number in range(count):
        parts = places[number % len(places)]
        order = sale(seed, number)
        head = (
            f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(order.body)}\r\nX-Shopify-Topic: orders/create\r\nX-Shopify-API-Version: 2026-10\r\n"
            f"X-Shopify-Webhook-Id: {order.id}\r\nX-Shopify-Hmac-Sha256: {signature(secret, order.body)}\r\n\r\n"
        )
        made.append((order.id, head.encode() + order.body))
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True, action="append", help="again for more, to be sent to in turn")
    parser.add_argument("--secret", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--rate", type=float, default=0)
    parser.add_argument("--limit", type=float, default=LIMIT_SECONDS, help="seconds")
    parser.add_argument("--connections", type=int, default=32)
    chosen = parser.parse_args()
    parts = urlsplit(chosen.url[0])
    made = requests(chosen.url, chosen.secret, chosen.seed, chosen.count)

    async def go() -> tuple[Run, float]:
        run = Run(made)
        seconds = await drive(
            run,
            parts.hostname or "",
            parts.port or 80,
            connections=chosen.connections,
            rate=chosen.rate,
            limit=chosen.limit,
        )
        return run, seconds

    before = sum(os.times()[:2])
    run, seconds = uvloop.run(go())
    told = {"sent": run.sent, "answered": run.answered, "codes": run.codes, "seconds": seconds}
    json.dump(told | {"cpu": sum(os.times()[:2]) - before}, sys.stdout)


if __name__ == "__main__":
    main()
