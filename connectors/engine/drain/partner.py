"""One partner's work within a drain: route, claim, perform, finish. Results are finished in groups as they come."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from connectors.engine.batch import Batcher
from connectors.engine.config import ConfigBook, FlowsChanged, PartnerConfig
from connectors.engine.drain import rows
from connectors.engine.drain.answered import note_answers
from connectors.engine.drain.claim import claim, end_dead_leases, release, renew
from connectors.engine.drain.finish import Finisher
from connectors.engine.drain.intents import LeftBehind, forget, intent_log, left_behind
from connectors.engine.drain.perform import Performer, unsettled_seconds
from connectors.engine.drain.rooms import ask_rooms, take_tokens
from connectors.engine.drain.route import plan_batch, targets_of, write_batch
from connectors.engine.drain.turns import advance, next_turn
from connectors.engine.drain.work import Result, Work
from connectors.engine.needs.needed import VALUE
from connectors.engine.needs.waiting import is_mapped, wake
from connectors.engine.shares import RETAILER, may_take
from governance.egress.client import Egress
from monitoring.ledger.hints import Hint, notify_soon
from tenants.asyncdb import passes, scoped
from tenants.context import Scope

log = logging.getLogger(__name__)

BATCH = 256
# Routed at once also where fewer may be sent: their lanes are where they wait.
LEAST_ROUTED = 64
# What a body is taken to weigh until one was read.
BODY_BYTES = 16 * 1024
MAX_FINISHING = 10_000


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this drain is: its lease holder id, its rollup slot, its name on attempts."""

    holder: int
    slot: int
    worker: str


class PartnerDrain:
    def __init__(
        self,
        scope: Scope,
        identity: Identity,
        *,
        pool: AsyncConnectionPool,
        egress: Egress,
        book: ConfigBook,
        wake: Callable[[], None],
    ) -> None:
        rng = random.Random()  # noqa: S311 - jitter, not a secret
        self.scope = scope
        self._rng = rng
        self._me = identity
        self._pool = pool
        self._book = book
        self._wake = wake  # called when a delivery ended: its lane and its place are free
        intents = intent_log(pool, scope)
        self._performer = Performer(egress=egress, intents=intents, rng=rng, pool=pool, scope=scope)
        self._finisher = Finisher(scope, holder=identity.holder, slot=identity.slot, worker=identity.worker, rng=rng)
        self._results: Batcher[Result, bool] = Batcher(self._finish, max_batch=BATCH, max_waiting=MAX_FINISHING)
        self._running: dict[asyncio.Task[None], Work] = {}
        self._by_retailer: Counter[int] = Counter()
        self._mean_body = BODY_BYTES
        self._somebody_waits = False  # for a thing or a value, when last looked
        self.bytes_in_flight = 0

    @property
    def in_flight(self) -> int:
        return len(self._running)

    def room_for(self, bytes_left: int) -> int:
        """How many bodies would fit, by what they weighed lately."""
        return max(0, bytes_left) // self._mean_body

    async def step(self, room: int) -> int:
        """T1: route and lease what is due, at most `room` deliveries, in one transaction; then start them.

        Routing stays as near to sending as it can: what a drain routes and sends needs not be claimed from a lane.
        Returns how much there was to do.
        """
        if room <= 0:
            return 0
        config = await self._book.of(self.scope)
        async with scoped(self._pool, self.scope) as connection:
            try:
                # In a pipeline nothing waits for an answer that is not needed yet.
                async with connection.pipeline(), connection.transaction():
                    hints, works, moved = await self._route_and_lease(connection, config, room)
                    left = await left_behind(connection, works)
            except FlowsChanged:
                self._book.forget(self.scope)
                return 1  # there is something to route, with the flows as they are now
            config = await self._config_for(works)
            found = len(hints) + len(works) + moved
            works = await self._settled(connection, works, left, config)
            self._start(works, config, left)
            await notify_soon(connection, self.scope.schema, hints)
        return found

    async def _route_and_lease(
        self, connection: psycopg.AsyncConnection, config: PartnerConfig, room: int
    ) -> tuple[list[Hint], list[Work], bool]:
        """What was due before goes first; what is new takes the room that is left. And whether routing came further."""
        limit = min(room, BATCH)
        turn = await next_turn(connection, self.scope.schema, max(limit, LEAST_ROUTED), self._rng)
        asked = await ask_rooms(connection, limit, targets_of(turn.messages, config))
        batch = await plan_batch(connection, self.scope, config, turn) if turn.messages else None
        rooms = await asked.rooms(lambda retailer_id: may_take(room, self._by_retailer[retailer_id], RETAILER))
        suspected = any(work.crashes and not work.lease.called for work in self._running.values())
        holder = self._me.holder
        works = await claim(connection, rooms, holder=holder, rng=self._rng, suspects=not suspected)
        hints: list[Hint] = []
        if batch is not None:
            hints, new = await write_batch(connection, self.scope, batch, rooms, holder=holder, slot=self._me.slot)
            works += new
        else:
            await advance(connection, turn.reached)
        await take_tokens(connection, rooms)
        return hints, works, bool(turn.reached)

    async def _settled(
        self,
        connection: psycopg.AsyncConnection,
        works: list[Work],
        left: Mapping[int, Sequence[LeftBehind]],
        config: PartnerConfig,
    ) -> list[Work]:
        """Those that may run now: a target is searched only when a dead holder's call cannot be at work in it."""
        waits = {work.lane_id: unsettled_seconds(work, left.get(work.lane_id, ()), config) for work in works}
        early = [work for work in works if waits[work.lane_id] > 0]
        if early:
            async with connection.transaction():
                await forget(connection, early)
                await release(connection, early, [waits[work.lane_id] for work in early])
        return [work for work in works if waits[work.lane_id] <= 0]

    async def keep_leases(self) -> None:
        if self._running:
            async with scoped(self._pool, self.scope) as connection:
                await renew(connection, list(self._running.values()), holder=self._me.holder)

    async def end_dead_leases(self) -> None:
        async with scoped(self._pool, self.scope) as connection:
            await end_dead_leases(connection, holder=self._me.holder)

    async def wake_waiting(self) -> None:
        """Those whose need is met, however it came to be."""
        async with scoped(self._pool, self.scope) as connection:
            self._somebody_waits, hints = await wake(connection)
            await notify_soon(connection, self.scope.schema, hints)
        if hints:
            self._wake()

    async def stop(self, seconds: float) -> None:
        """Let running attempts end; give back the leases of those that do not in time, once what ended is written."""
        if self._running:
            await asyncio.wait(list(self._running), timeout=seconds)
        rest = list(self._running.values())
        for task in list(self._running):
            task.cancel()
        await self._results.finish()
        if rest:
            async with scoped(self._pool, self.scope) as connection:
                await release(connection, rest)

    async def _config_for(self, works: list[Work]) -> PartnerConfig:
        """Another drain may have routed them to a target that is newer than what we know."""
        config = await self._book.of(self.scope)
        if all(work.connection_id in config.targets or work.connection_id in config.broken for work in works):
            return config
        self._book.forget(self.scope)
        return await self._book.of(self.scope)

    def _start(self, works: list[Work], config: PartnerConfig, left: Mapping[int, Sequence[LeftBehind]]) -> None:
        for work in works:
            work.lease.on_called = self._wake if work.crashes else None
            task = asyncio.create_task(self._attempt(work, config, left.get(work.lane_id, ())))
            self._running[task] = work
            self._count(work, 1)
            task.add_done_callback(self._ended)
        if works:
            # Up at once, down by halves: what was heavy a moment ago may be again.
            mean = sum(len(work.body) for work in works) // len(works)
            self._mean_body = max(mean, self._mean_body // 2, 1024)

    def _count(self, work: Work, one: int) -> None:
        self.bytes_in_flight += one * len(work.body)
        self._by_retailer[work.retailer_id] += one
        if not self._by_retailer[work.retailer_id]:
            del self._by_retailer[work.retailer_id]

    async def _attempt(self, work: Work, config: PartnerConfig, left: Sequence[LeftBehind]) -> None:
        result = await self._performer.perform(work, config, left)
        if result is not None and await self._has_come(result):
            result = await self._again(work, result, left)
        if result is not None and not await self._results.submit(result):
            log.warning("lane %s was taken over; its late result was refused", work.lane_id)

    async def _has_come(self, result: Result) -> bool:
        """A value that was added since the configuration was read is used at once; nobody is asked for it."""
        needed = result.problem.needed if result.problem else None
        if needed is None or needed.kind != VALUE:
            return False
        async with scoped(self._pool, self.scope) as connection:
            return await is_mapped(connection, needed)

    async def _again(self, work: Work, first: Result, left: Sequence[LeftBehind]) -> Result | None:
        self._book.forget(self.scope)
        result = await self._performer.perform(work, await self._book.of(self.scope), left)
        if result is not None:
            result.attempt.steps[:0] = first.attempt.steps
            result.attempt.learned[:0] = first.attempt.learned
        return result

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._count(self._running.pop(task), -1)
        self._wake()
        if not task.cancelled() and task.exception() is not None:
            # The lease runs out and another attempt asks the target what became of this one.
            log.error("an attempt could not be finished", exc_info=task.exception())

    async def _finish(self, results: Sequence[Result]) -> Sequence[bool | Exception]:
        """All at once; only where the database refuses a row, one by one, so that it does not fail the others."""
        try:
            return await self._insist(results)
        except psycopg.Error as error:
            if passes(error):
                raise
            if len(results) == 1:
                return [error]
        return [outcome for result in results for outcome in await self._finish([result])]

    async def _insist(self, results: Sequence[Result]) -> Sequence[bool]:
        """Try again for as long as a lease can last: a result that is not written would be asked for again."""
        for pause in (0.2, 0.5, 1.0, 2.0, 4.0):
            try:
                return await self._write(results)
            except (psycopg.Error, PoolTimeout) as error:
                if not passes(error):
                    raise
                log.warning("results wait for the database: %s", type(error).__name__)
                await asyncio.sleep(pause)
        return await self._write(results)

    async def _write(self, results: Sequence[Result]) -> Sequence[bool]:
        """Bad news first: a target that refuses is marked before its lanes are free for another drain's next call."""
        bad_news = any(result.problem is not None for result in results)
        async with scoped(self._pool, self.scope) as connection:
            if bad_news:
                await note_answers(connection, results, self._rng)
            written = await self._finisher.finish(connection, results)
            if not bad_news:
                await note_answers(connection, results, self._rng)
        if rows.needs(results) or (self._somebody_waits and rows.learned(results)):
            await self.wake_waiting()
        return written
