"""Group commit of arrivals: one batcher a partner and process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from time import monotonic

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from connectors.engine.batch import Batcher
from connectors.engine.intake.arrival import Arrival, IntakeDown, Receipt
from connectors.engine.intake.store import store
from connectors.engine.wake import announce
from tenants.asyncdb import flush, passes, scoped
from tenants.context import Scope

log = logging.getLogger(__name__)

# In bytes. An arrival without its body weighs OVERHEAD, so a group has at most 256 of them.
MAX_GROUP = 8 * 1024 * 1024
MAX_WAITING = 64 * 1024 * 1024
OVERHEAD = MAX_GROUP // 256
# So long a group may take before nobody is let in behind it, and so long a sender is kept waiting.
STALLED_SECONDS = 1.0
ANSWER_SECONDS = 2.5


class GroupCommit:
    """One partner's. `submit` returns once the event is durable.

    The drains hear of a group before it is on disk: what they commit is written behind it, so no call can be made for
    an event that a crash would take back.
    """

    def __init__(self, pool: AsyncConnectionPool, scope: Scope) -> None:
        self._pool = pool
        self._scope = scope
        self._since: float | None = None  # when the group began that is being committed
        self._batcher: Batcher[Arrival, Receipt] = Batcher(
            self._commit, max_batch=MAX_GROUP, max_waiting=MAX_WAITING, weight=_weight
        )

    def refuse_if_stalled(self) -> None:
        """Raises IntakeDown while the database takes long over a group: who waits behind it is not answered in time."""
        if self._since is not None and monotonic() - self._since > STALLED_SECONDS:
            raise IntakeDown

    async def submit(self, arrival: Arrival) -> Receipt:
        """Raises Full (too many wait) or IntakeDown (no database, or no answer in time).

        What was not answered in time may be stored yet: sent again it is a repeat.
        """
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._batcher.submit(arrival)
        except TimeoutError:
            raise IntakeDown from None

    async def finish(self) -> None:
        """Wait for what was submitted; for shutdown."""
        await self._batcher.finish()

    async def _commit(self, arrivals: Sequence[Arrival]) -> Sequence[Receipt | Exception]:
        self._since = monotonic()
        try:
            async with scoped(self._pool, self._scope) as connection:
                receipts = await _store_each(connection, arrivals)
                await announce(connection, self._scope.schema)
                await flush(connection)
                return receipts
        except (psycopg.Error, PoolTimeout) as error:
            log.warning("intake could not commit %d events: %s", len(arrivals), type(error).__name__)
            raise IntakeDown from error
        finally:
            self._since = None


def group_commit(pool: AsyncConnectionPool, scope: Scope) -> GroupCommit:
    return GroupCommit(pool, scope)


def _weight(arrival: Arrival) -> int:
    return len(arrival.body) + OVERHEAD


async def _store_each(
    connection: psycopg.AsyncConnection, arrivals: Sequence[Arrival]
) -> Sequence[Receipt | Exception]:
    """All at once; only where the database refuses a row, one by one, so that it does not fail the others."""
    try:
        return await store(connection, arrivals)
    except psycopg.Error as error:
        if passes(error):
            raise
        if len(arrivals) == 1:
            log.error("an event cannot be stored: %s", type(error).__name__)
            return [IntakeDown()]
    return [outcome for arrival in arrivals for outcome in await _store_each(connection, [arrival])]
