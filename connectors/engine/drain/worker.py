"""The resident drain of a worker process: serves partners in turn, wakes by LISTEN and by its own second."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import secrets
import socket
from collections.abc import Callable

import psycopg
from django.db import InterfaceError as DjangoInterfaceError
from django.db import OperationalError as DjangoOperationalError
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from connectors.engine.config import ConfigBook
from connectors.engine.drain.claim import HOLDER_LOCK, SLOT_LOCK
from connectors.engine.drain.partner import BATCH, Identity, PartnerDrain
from connectors.engine.shares import PARTNER, may_take
from connectors.engine.wake import CHANNEL
from governance.egress.client import Egress
from tenants.asyncdb import conninfo, make_pool
from tenants.context import scope_of

log = logging.getLogger(__name__)

TICK_SECONDS = 1.0
GATHER_SECONDS = 0.015
RENEW_EVERY = 3  # ticks
PARTNERS_SECONDS = 5.0
REST_SECONDS = 5.0
# Deliveries in flight, and the bytes of what they carry.
CAPACITY = 1024
MAX_BYTES = 64 * 1024 * 1024
POOL_SIZE = 6
STOP_SECONDS = 30.0
LOST_SECONDS = 8.0  # for running attempts, when the session is lost and a new one must begin
KEEP_SECONDS = 4.0
MAX_SLOTS = 1000
# Its locks say that this drain lives, and it only listens: a cut that nobody tells must be noticed before leases end.
OWN = {"application_name": "signalbox drain", "keepalives_idle": 3, "keepalives_interval": 2, "keepalives_count": 2}
# SQLSTATE classes: connection exception, operator intervention (the server goes down).
LOST = frozenset({"08", "57"})


class Drain:
    """`run` until `stop` is set. A lost database is waited for; nothing but a defect ends it."""

    def __init__(self, *, heartbeat: Callable[[], None] = lambda: None) -> None:
        self._heartbeat = heartbeat
        self._stop = asyncio.Event()
        self._wake = asyncio.Event()
        self._partners: dict[str, PartnerDrain] = {}
        self._active: set[str] = set()
        self._partners_read = float("-inf")
        self._resting: dict[str, float] = {}
        self._turns = itertools.count()

    def stop(self) -> None:
        self._stop.set()
        self._wake.set()

    async def run(self) -> None:
        while not self._stop.is_set():
            try:
                await self._session()
            except (psycopg.Error, PoolTimeout, OSError) as error:
                log.warning("the drain waits for the database: %s", type(error).__name__)
                # Waiting is what it should do now; a new process could do no better.
                self._heartbeat()
                await asyncio.sleep(TICK_SECONDS)

    async def _session(self) -> None:
        """One life of the connection whose advisory locks say that this drain lives."""
        async with await AsyncConnection.connect(conninfo(**OWN), autocommit=True) as own:
            identity = await _identify(own)
            await own.execute(f"LISTEN {CHANNEL}")
            pool = make_pool(size=POOL_SIZE, name="drain")
            await pool.open()
            egress = Egress()
            keeper = asyncio.create_task(self._keep_leases())  # until the last attempt has ended
            try:
                await self._serve(own, identity, pool, egress)
            finally:
                await self._close(pool, egress)
                keeper.cancel()

    async def _serve(self, own: AsyncConnection, identity: Identity, pool: AsyncConnectionPool, egress: Egress) -> None:
        log.info("drain %s serves as holder %d, slot %d", identity.worker, identity.holder, identity.slot)
        book = ConfigBook()
        listener = asyncio.create_task(self._listen(own))
        try:
            while not self._stop.is_set():
                self._heartbeat()
                await self._find_partners(identity, pool, egress, book)
                began = asyncio.get_running_loop().time()
                done = await self._turn()
                if not done:
                    await self._sleep()
                elif done < BATCH:
                    await self._gather(began)
                if listener.done():
                    listener.result()  # the listening connection is gone: begin a new session
        finally:
            listener.cancel()

    async def _turn(self) -> int:
        """Each active partner once, another one first each time. How much there was to do."""
        done = 0
        partners = [partner for schema, partner in self._partners.items() if schema in self._active]
        first = next(self._turns) % max(1, len(partners))
        for partner in partners[first:] + partners[:first]:
            done += await self._serve_one(partner, self._room(partner))
        return done

    def _room(self, partner: PartnerDrain) -> int:
        """So much a partner may hold that others find something free, however slow its targets are."""
        count, held = 0, 0
        for one in self._partners.values():
            count, held = count + one.in_flight, held + one.bytes_in_flight
        return min(may_take(CAPACITY - count, partner.in_flight, PARTNER), partner.room_for(MAX_BYTES - held))

    async def _serve_one(self, partner: PartnerDrain, room: int) -> int:
        """A defect in one partner's configuration must not stop the others: that partner waits a little."""
        now = asyncio.get_running_loop().time()
        if self._resting.get(partner.scope.schema, now) > now:
            return 0
        try:
            return await partner.step(room)
        except psycopg.errors.DeadlockDetected:
            log.warning("partner %s: PostgreSQL ended a deadlock; trying again", partner.scope.schema)
            return 1
        except Exception as error:
            if _database_is_away(error):
                raise
            log.exception("partner %s cannot be served; trying again in %.0f s", partner.scope.schema, REST_SECONDS)
            self._resting[partner.scope.schema] = now + REST_SECONDS
            return 0

    async def _sleep(self) -> None:
        try:
            async with asyncio.timeout(TICK_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    async def _gather(self, began: float) -> None:
        """Under load turns would follow each other with a few messages each: a short pause makes them batches."""
        pause = began + GATHER_SECONDS - asyncio.get_running_loop().time()
        if pause > 0:
            await asyncio.sleep(pause)

    async def _listen(self, own: AsyncConnection) -> None:
        async for _ in own.notifies():
            self._wake.set()

    async def _keep_leases(self) -> None:
        """Ours are renewed; those of drains that are gone are ended."""
        for seconds in itertools.count(1):
            await asyncio.sleep(TICK_SECONDS)
            renew = seconds % RENEW_EVERY == 0
            await asyncio.gather(*(self._keep(partner, renew) for partner in list(self._partners.values())))

    async def _keep(self, partner: PartnerDrain, renew: bool) -> None:
        """One that is blocked, by a migration say, must not make the others' leases run out."""
        try:
            async with asyncio.timeout(KEEP_SECONDS):
                if renew:
                    await partner.keep_leases()
                await partner.end_dead_leases()
                await partner.wake_waiting()
        except (psycopg.Error, PoolTimeout, TimeoutError) as error:
            log.warning("leases of %s could not be kept: %s", partner.scope.schema, type(error).__name__)

    async def _find_partners(
        self, identity: Identity, pool: AsyncConnectionPool, egress: Egress, book: ConfigBook
    ) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._partners_read < PARTNERS_SECONDS:
            return
        self._partners_read = now
        async with pool.connection() as connection:
            cursor = await connection.execute("SELECT schema_name FROM public.partners_partner WHERE is_active")
            self._active = {row[0] for row in await cursor.fetchall()}
        for schema in self._active - set(self._partners):
            self._partners[schema] = PartnerDrain(
                scope_of(schema), identity, pool=pool, egress=egress, book=book, wake=self._wake.set
            )
        for schema in set(self._partners) - self._active:
            if not self._partners[schema].in_flight:
                del self._partners[schema]

    async def _close(self, pool: AsyncConnectionPool, egress: Egress) -> None:
        seconds = STOP_SECONDS if self._stop.is_set() else LOST_SECONDS
        stopping = asyncio.gather(*(partner.stop(seconds) for partner in self._partners.values()))
        try:
            while not stopping.done():
                self._heartbeat()
                await asyncio.wait({stopping}, timeout=TICK_SECONDS)
            stopping.result()
        finally:
            self._partners.clear()
            self._partners_read = float("-inf")
            await egress.close()
            await pool.close()


def _database_is_away(error: Exception) -> bool:
    """Else the error is this partner's own: a table that is missing, a row that is refused."""
    if isinstance(error, DjangoOperationalError | DjangoInterfaceError):
        error = error.__cause__ or error
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return error.sqlstate is None or error.sqlstate[:2] in LOST
    return isinstance(error, OSError)


async def _identify(own: AsyncConnection) -> Identity:
    """A holder id nobody else has, and the lowest free rollup slot; both held for as long as `own` lives."""
    holder = secrets.randbelow(2**31 - 2) + 1
    while not await _try_lock(own, HOLDER_LOCK, holder):
        holder = secrets.randbelow(2**31 - 2) + 1
    for slot in range(1, MAX_SLOTS):
        if await _try_lock(own, SLOT_LOCK, slot):
            return Identity(holder, slot, f"{socket.gethostname()}:{os.getpid()}")
    raise RuntimeError(f"more than {MAX_SLOTS} drains on one database")


async def _try_lock(own: AsyncConnection, lock: int, number: int) -> bool:
    cursor = await own.execute("SELECT pg_try_advisory_lock(%s, %s)", [lock, number])
    return (await cursor.fetchone())[0]
