"""The shops of a run: sends what `trade` tells to the webs, each event until it is acknowledged, and logs every answer.

python -m tests.chaos.load world.json acks.jsonl --webs 8001,8002 --seed 7 --rate 100 --seconds 180
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from random import Random

import aiohttp
import msgspec

from tests.chaos.acks import AGAIN, FIRST, TWISTED, YES, Log, answer_to
from tests.chaos.trade import Event, events
from tests.chaos.world import World
from tests.support.orders import signed

# More than this many unanswered events and the shops wait: the machine is slower than the rate.
MOST_OPEN = 600
ANSWER_SECONDS = 5.0
AFTERWARDS_SECONDS = 90.0
NO_ANSWER = 0


class Load:
    def __init__(self, session: aiohttp.ClientSession, log: Log, *, webs: Sequence[int], seed: int) -> None:
        self._session, self._log, self._webs = session, log, webs
        self._rng = Random(f"{seed} load")
        self._open = asyncio.Semaphore(MOST_OPEN)
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, told: Iterable[Event], *, rate: float, seconds: float) -> None:
        began = time.monotonic()
        for event in told:
            due = began + event.n / rate
            if due - began > seconds or time.monotonic() - began > seconds:
                break
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            await self._open.acquire()
            task = asyncio.create_task(self._event(event))
            self._tasks.add(task)
            task.add_done_callback(self._ended)
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=AFTERWARDS_SECONDS)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._open.release()
        if not task.cancelled():
            task.result()

    async def _event(self, event: Event) -> None:
        await asyncio.sleep(event.late_seconds)
        await self._until_answered(event, FIRST)
        for _ in range(event.again):
            await self._until_answered(event, AGAIN)
        if event.twisted:
            await self._until_answered(event, TWISTED)

    async def _until_answered(self, event: Event, purpose: str) -> None:
        pause = 0.1
        while await self._once(event, purpose) not in (*YES, *((409,) if purpose == TWISTED else ())):
            await asyncio.sleep(pause * self._rng.uniform(0.5, 1.5))
            pause = min(1.0, pause * 1.7)

    async def _once(self, event: Event, purpose: str) -> int:
        web = self._rng.randrange(len(self._webs))
        body = event.twisted if purpose == TWISTED else event.body
        headers = signed(body, event.sender.secret, event.topic, event_id=event.event_id)
        headers["host"] = event.sender.shop.host
        began, status, told = time.monotonic(), NO_ANSWER, ""
        with suppress(aiohttp.ClientError, TimeoutError, OSError):
            url = f"http://127.0.0.1:{self._webs[web]}{event.sender.path}"
            async with self._session.post(url, data=body, headers=headers) as answer:
                status, told = answer.status, await answer.text()
        took = time.monotonic() - began
        message = json.loads(told).get("id", "") if status in (*YES, 409) else ""
        self._log.write(answer_to(event, purpose, web=web, at=time.time(), seconds=took, status=status, id=message))
        return status


async def main() -> None:
    parser = argparse.ArgumentParser(description="The shops of a chaos run.")
    parser.add_argument("world", type=Path)
    parser.add_argument("log", type=Path)
    parser.add_argument("--webs", required=True, help="ports, separated by commas")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    told = parser.parse_args()
    world = msgspec.json.decode(told.world.read_bytes(), type=World)
    webs = [int(port) for port in told.webs.split(",")]
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as session:
        load = Load(session, Log(told.log), webs=webs, seed=told.seed)
        await load.run(events(told.seed, world.senders), rate=told.rate, seconds=told.seconds)


if __name__ == "__main__":
    asyncio.run(main())
