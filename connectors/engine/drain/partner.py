"""One partner's work within a drain: route, claim, perform, finish. Results are finished in groups as they come."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from connectors.engine.batch import Batcher
from connectors.engine.config import ConfigBook, FlowsChanged, PartnerConfig
from connectors.engine.drain.claim import claim, release, renew
from connectors.engine.drain.finish import Finisher
from connectors.engine.drain.intents import Intent, LeftBehind, intent_log, left_behind, write
from connectors.engine.drain.perform import Performer
from connectors.engine.drain.route import route
from connectors.engine.drain.work import Result, Work
from governance.egress.client import Egress
from monitoring.ledger.hints import notify_sql
from tenants.asyncdb import scoped
from tenants.context import Scope
from tenants.ids import uuid7

log = logging.getLogger(__name__)

BATCH = 128
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
        self._me = identity
        self._pool = pool
        self._book = book
        self._wake = wake  # called when a delivery ended: its lane and its place are free
        intents = intent_log(pool, scope)
        self._performer = Performer(egress=egress, intents=intents, rng=rng)
        self._finisher = Finisher(scope, holder=identity.holder, slot=identity.slot, worker=identity.worker, rng=rng)
        self._results: Batcher[Result, bool] = Batcher(self._finish, max_batch=BATCH, max_waiting=MAX_FINISHING)
        self._running: dict[asyncio.Task[None], Work] = {}

    @property
    def in_flight(self) -> int:
        return len(self._running)

    async def step(self, room: int) -> int:
        """Route and start what is due, at most `room` deliveries. Returns how much there was to do."""
        config = await self._book.of(self.scope)
        async with scoped(self._pool, self.scope) as connection:
            routed = await self._route(connection, config)
            works = await self._claim(connection, room)
            if works:
                await self._start(connection, works, await self._config_for(works))
        return routed + len(works)

    async def _claim(self, connection: psycopg.AsyncConnection, room: int) -> list[Work]:
        if room <= 0:
            return []
        suspected = any(work.crashes for work in self._running.values())
        return await claim(connection, holder=self._me.holder, limit=min(room, BATCH), suspects=not suspected)

    async def keep_leases(self) -> None:
        if self._running:
            async with scoped(self._pool, self.scope) as connection:
                await renew(connection, list(self._running.values()), holder=self._me.holder)

    async def stop(self, seconds: float) -> None:
        """Let running attempts end; give back the leases of those that do not in time."""
        if self._running:
            await asyncio.wait(list(self._running), timeout=seconds)
        rest = list(self._running.values())
        for task in list(self._running):
            task.cancel()
        if rest:
            async with scoped(self._pool, self.scope) as connection:
                await release(connection, rest)

    async def _config_for(self, works: list[Work]) -> PartnerConfig:
        """Another drain may have routed them to a target that is newer than what we know."""
        config = await self._book.of(self.scope)
        if all(work.connection_id in config.targets for work in works):
            return config
        self._book.forget(self.scope)
        return await self._book.of(self.scope)

    async def _route(self, connection: psycopg.AsyncConnection, config: PartnerConfig) -> int:
        try:
            hints = await route(connection, self.scope, config, self._me.slot)
        except FlowsChanged:
            self._book.forget(self.scope)
            return 1  # there is something to route, with the flows as they are now
        if hints is None:
            return 0
        statement = notify_sql(self.scope.schema, hints)
        if statement is not None:
            await connection.execute(*statement)
        return len(hints)

    async def _start(self, connection: psycopg.AsyncConnection, works: list[Work], config: PartnerConfig) -> None:
        """T2: the attempts' intents, in one statement; then the attempts themselves, concurrently."""
        left = await left_behind(connection, works)
        begun = [Intent(work, uuid7(), "") for work in works]
        for intent, mine in zip(begun, await write(connection, begun), strict=True):
            if mine:
                task = asyncio.create_task(self._attempt(intent, config, left.get(intent.work.lane_id, ())))
                self._running[task] = intent.work
                task.add_done_callback(self._ended)

    async def _attempt(self, intent: Intent, config: PartnerConfig, left: Sequence[LeftBehind]) -> None:
        result = await self._performer.perform(intent.work, intent.attempt_id, config, left)
        if result is not None and not await self._results.submit(result):
            log.warning("lane %s was taken over; its late result was refused", intent.work.lane_id)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.pop(task, None)
        self._wake()
        if not task.cancelled() and task.exception() is not None:
            # The lease runs out and another attempt asks the target what became of this one.
            log.error("an attempt could not be finished", exc_info=task.exception())

    async def _finish(self, results: Sequence[Result]) -> Sequence[bool | Exception]:
        """All at once; only where the database refuses a row, one by one, so that it does not fail the others."""
        try:
            return await self._insist(results)
        except psycopg.DataError as error:
            if len(results) == 1:
                return [error]
        return [outcome for result in results for outcome in await self._finish([result])]

    async def _insist(self, results: Sequence[Result]) -> Sequence[bool]:
        """Try again for as long as a lease can last: a result that is not written would be asked for again."""
        for pause in (0.2, 0.5, 1.0, 2.0, 4.0):
            try:
                return await self._write(results)
            except (psycopg.OperationalError, PoolTimeout) as error:
                log.warning("results wait for the database: %s", type(error).__name__)
                await asyncio.sleep(pause)
        return await self._write(results)

    async def _write(self, results: Sequence[Result]) -> Sequence[bool]:
        async with scoped(self._pool, self.scope) as connection:
            return await self._finisher.finish(connection, results)
