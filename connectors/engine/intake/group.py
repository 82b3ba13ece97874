"""Group commit of arrivals: one batcher a partner and process."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from connectors.engine.batch import Batcher
from connectors.engine.intake.arrival import Arrival, IntakeDown, Receipt
from connectors.engine.intake.store import store
from connectors.engine.wake import announce
from tenants.asyncdb import flush, scoped
from tenants.context import Scope

log = logging.getLogger(__name__)

# In bytes. An arrival without its body weighs OVERHEAD, so a group has at most 256 of them.
MAX_GROUP = 8 * 1024 * 1024
MAX_WAITING = 64 * 1024 * 1024
OVERHEAD = MAX_GROUP // 256


def group_commit(pool: AsyncConnectionPool, scope: Scope) -> Batcher[Arrival, Receipt]:
    """`submit` returns once the event is durable; raises Full (too many wait) or IntakeDown (no database).

    The drains hear of a group before it is on disk: what they commit is written behind it, so no call can be made for
    an event that a crash would take back.
    """

    async def commit(arrivals: Sequence[Arrival]) -> Sequence[Receipt | Exception]:
        try:
            async with scoped(pool, scope) as connection:
                receipts = await _store_each(connection, arrivals)
                await announce(connection, scope.schema)
                await flush(connection)
                return receipts
        except (psycopg.Error, PoolTimeout) as error:
            log.warning("intake could not commit %d events: %s", len(arrivals), type(error).__name__)
            raise IntakeDown from error

    return Batcher(commit, max_batch=MAX_GROUP, max_waiting=MAX_WAITING, weight=_weight)


def _weight(arrival: Arrival) -> int:
    return len(arrival.body) + OVERHEAD


async def _store_each(
    connection: psycopg.AsyncConnection, arrivals: Sequence[Arrival]
) -> Sequence[Receipt | Exception]:
    """All at once; only where the database refuses a row, one by one, so that it does not fail the others."""
    try:
        return await store(connection, arrivals)
    except psycopg.DataError as error:
        if len(arrivals) == 1:
            log.error("an event cannot be stored: %s", type(error).__name__)
            return [IntakeDown()]
    return [outcome for arrival in arrivals for outcome in await _store_each(connection, [arrival])]
