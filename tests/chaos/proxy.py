"""TCP proxies between the workers and the fake ERP that cut, delay, half-open and refuse, by a plan drawn from a seed.

    python -m tests.chaos.proxy --to 9000 --ports 9001,9002 --seed 7

Nothing happens until SIGUSR1; SIGUSR2 ends it, and whatever is half-open is closed.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import socket
from contextlib import suppress
from dataclasses import dataclass
from random import Random

CHUNK = 64 * 1024
# Longer than this no byte is under way: what a caller sent is with the target or lost.
LATEST_SECONDS = 0.5
CONNECTION_RATE = 0.04  # of new connections that are treated badly while nothing else is wrong


@dataclass(frozen=True)
class Trouble:
    """What is wrong with one port, for how long. `calm` is nothing."""

    kind: str
    seconds: float


def troubles(rng: Random) -> Trouble:
    """The next spell of one port."""
    if rng.random() < 0.75:
        return Trouble("calm", rng.uniform(3.0, 15.0))
    kind = rng.choice(("cut", "delay", "half-open", "refuse", "refuse"))
    return Trouble(kind, rng.uniform(0.5, 6.0))


class Port:
    """One listening port and the connections through it."""

    def __init__(self, port: int, to: int, rng: Random) -> None:
        self._port, self._to, self._rng = port, to, rng
        self._trouble = Trouble("calm", 0.0)
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._task: asyncio.Task[None] | None = None

    async def listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port, limit=CHUNK)

    def begin(self) -> None:
        self._task = asyncio.create_task(self._go_wrong())

    async def end(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._trouble = Trouble("calm", 0.0)
        self._cut()
        await self.listen()

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self._stop_listening()
        self._cut()

    async def _go_wrong(self) -> None:
        while True:
            self._trouble = troubles(self._rng)
            if self._trouble.kind == "refuse":
                self._stop_listening()
            if self._trouble.kind in ("cut", "refuse"):
                self._cut()
            await asyncio.sleep(self._trouble.seconds)
            if self._trouble.kind == "half-open":
                self._cut()
            await self.listen()

    def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def _cut(self) -> None:
        for writer in list(self._open):
            _reset(writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            if self._trouble.kind == "cut" or self._rng.random() < self._bad_share():
                _reset(writer)
                return
            await self._connect(reader, writer)
        except OSError:
            _reset(writer)
        finally:
            self._open.discard(writer)
            writer.close()

    def _bad_share(self) -> float:
        return CONNECTION_RATE if self._task is not None else 0.0

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there = await asyncio.open_connection("127.0.0.1", self._to, limit=CHUNK)
        self._open.add(there)
        try:
            ways = [asyncio.create_task(self._pump(*way)) for way in ((reader, there), (there_reader, writer))]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
        finally:
            self._open.discard(there)
            there.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while part := await reader.read(CHUNK):
            kind = self._trouble.kind
            if kind == "half-open":
                continue  # swallowed: both ends believe in a connection that carries nothing
            if kind == "delay":
                await asyncio.sleep(self._rng.uniform(0.05, LATEST_SECONDS))
            writer.write(part)
            await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    """RST instead of FIN, and no waiting for what was not sent."""
    raw = writer.get_extra_info("socket")
    if raw is not None:
        with suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    writer.transport.abort()


async def serve(ports: list[Port]) -> None:
    loop, stop, turns = asyncio.get_running_loop(), asyncio.Event(), asyncio.Queue[bool]()
    loop.add_signal_handler(signal.SIGUSR1, turns.put_nowait, True)
    loop.add_signal_handler(signal.SIGUSR2, turns.put_nowait, False)
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    for port in ports:
        await port.listen()
    turning = asyncio.create_task(_turn(ports, turns))
    await stop.wait()
    turning.cancel()
    for port in ports:
        await port.close()
    await asyncio.sleep(LATEST_SECONDS)  # for what is still being pumped to end by itself


async def _turn(ports: list[Port], turns: asyncio.Queue[bool]) -> None:
    while True:
        begins = await turns.get()
        for port in ports:
            if begins:
                port.begin()
            else:
                await port.end()


def main() -> None:
    parser = argparse.ArgumentParser(description="TCP proxies that cut, delay, half-open and refuse.")
    parser.add_argument("--to", type=int, required=True)
    parser.add_argument("--ports", required=True, help="separated by commas")
    parser.add_argument("--seed", type=int, required=True)
    told = parser.parse_args()
    ports = [Port(int(port), told.to, Random(f"{told.seed} port {n}")) for n, port in enumerate(told.ports.split(","))]
    asyncio.run(serve(ports))


if __name__ == "__main__":
    main()
