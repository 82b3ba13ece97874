"""The target: answers each order after a few milliseconds and remembers when it came, how often, and what it came to.

python -m tests.bench.sink --port 9100 --delay 5

POST /in      an order        POST /reset   forget everything, {"fail_every": N} from now on
GET  /count   how many orders GET  /seen    {order id: [first arrival, copies, total, fields]}
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from typing import Any

import uvloop

from tests.bench.frames import Framed


class Sink:
    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.fail_every = 0
        self.posts = 0
        self.seen: dict[str, list[Any]] = {}

    def take(self, body: bytes) -> bytes:
        self.posts += 1
        if self.fail_every and self.posts % self.fail_every == 0:
            return _answer(b"503 Service Unavailable", b'{"error":"busy"}')
        order = json.loads(body)
        known = self.seen.setdefault(order["external_id"], [time.time(), 0, order["grand_total"], len(order["order"])])
        known[1] += 1
        return _answer(b"200 OK", b'{"erp_id":"E-%d"}' % self.posts)

    def reset(self, body: bytes) -> bytes:
        self.seen.clear()
        self.posts = 0
        self.fail_every = json.loads(body or b"{}").get("fail_every", 0)
        return _answer(b"200 OK", b"{}")


class Line(Framed):
    """One connection. A fault in an answer closes it, as any server would."""

    def __init__(self, sink: Sink) -> None:
        super().__init__()
        self._sink = sink

    def message(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"POST /in"):
            asyncio.get_running_loop().call_later(self._sink.delay, self._reply, self._sink.take(body))
        elif head.startswith(b"POST /reset"):
            self._reply(self._sink.reset(body))
        else:
            told = {"unique": len(self._sink.seen)} if head.startswith(b"GET /count") else self._sink.seen
            self._reply(_answer(b"200 OK", json.dumps(told).encode()))

    def _reply(self, answer: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(answer)


def _answer(status: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)


async def serve(port: int, delay: float) -> None:
    sink = Sink(delay)
    server = await asyncio.get_running_loop().create_server(lambda: Line(sink), "127.0.0.1", port, backlog=2048)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--delay", type=float, default=5, help="milliseconds")
    chosen = parser.parse_args()
    uvloop.run(serve(chosen.port, chosen.delay / 1000))


if __name__ == "__main__":
    main()
