"""One page into the ledger: what is new is stored, counted and told, and the cursor moves, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import psycopg
from psycopg import AsyncConnection

from connectors.engine.intake.arrival import Arrival, Receipt, Verdict
from connectors.engine.intake.read import NOTHING
from connectors.engine.intake.store import SLOT, store
from connectors.engine.models import Head
from connectors.engine.polling.arrivals import REFUSED
from connectors.engine.polling.known import unseen
from connectors.engine.polling.leases import Lease, advance, hold
from connectors.engine.wake import announce
from connectors.sdk.connector import Connector
from connectors.sdk.polling import Stream
from monitoring.exceptions.rows import open_exception
from monitoring.ledger import bulk
from monitoring.ledger.hints import exception_changed, notify_soon
from monitoring.rollups.writer import Counted, upsert
from tenants.context import Scope

MISSED = "missing_events"
# While this lock is held no webhook is stored, so what is not here now is not on its way in.
_HEAD = "SELECT position FROM engine_head WHERE id = %s FOR UPDATE"
_STILL_OPEN = """
UPDATE exceptions_exceptionitem SET failures = failures + %s, last_seen_at = %s
WHERE connection_key = %s AND error_class = %s AND state = 'open' RETURNING id
"""


async def take(
    connection: AsyncConnection,
    scope: Scope,
    lease: Lease,
    connector: Connector,
    stream: Stream,
    arrivals: Sequence[Arrival],
    state: Mapping[str, str],
    *,
    at: datetime,
) -> int:
    """How many of them were new. Raises LeaseLost; then, as after a crash, nothing is stored and nothing moved."""
    fresh = await unseen(connection, connector, arrivals)
    accepted: list[UUID] = []
    async with connection.transaction():
        await hold(connection, lease)
        if fresh:
            await connection.execute(_HEAD, [Head.INTAKE])
            fresh = await unseen(connection, connector, fresh)
            accepted = [one.message_id for one in await _stored(connection, fresh) if one.verdict is Verdict.ACCEPTED]
        if accepted and stream.backs_webhooks:
            await _tell(connection, lease, connector, accepted, at)
        await advance(connection, lease, state)
        if accepted:
            await announce(connection, scope.schema)
    if accepted and stream.backs_webhooks:
        await notify_soon(connection, scope.schema, [exception_changed(lease.retailer_id)])
    return len(accepted)


async def _stored(connection: AsyncConnection, arrivals: Sequence[Arrival]) -> list[Receipt]:
    """All at once; where the database refuses a row, one by one. What it refuses is kept without what it is about."""
    if not arrivals:
        return []
    try:
        async with connection.transaction():
            return await store(connection, arrivals)
    except psycopg.DataError:
        if len(arrivals) == 1:
            return await store(connection, [replace(arrivals[0], subject=NOTHING, unreadable=REFUSED)])
    return [receipt for one in arrivals for receipt in await _stored(connection, [one])]


async def _tell(
    connection: AsyncConnection, lease: Lease, connector: Connector, accepted: Sequence[UUID], at: datetime
) -> None:
    """Counted as repaired; and one open exception a connection, for as long as nobody settles it."""
    counted = Counted(minute=at, retailer_id=lease.retailer_id, kind="repaired", connection_key=lease.connection_key)
    await connection.execute(*upsert([counted] * len(accepted), SLOT))
    known = await connection.execute(_STILL_OPEN, [len(accepted), at, lease.connection_key, MISSED])
    if await known.fetchone() is None:
        await bulk.insert(connection, bulk.EXCEPTIONS, [_missed(lease, connector, accepted, at)])


def _missed(lease: Lease, connector: Connector, accepted: Sequence[UUID], at: datetime) -> tuple[object, ...]:
    """Of the first of them; `failures`, the last column, is how many there were."""
    row = open_exception(
        retailer_id=lease.retailer_id,
        message_id=accepted[0],
        connection_key=lease.connection_key,
        connector=lease.connector,
        operation=lease.stream,
        error_class=MISSED,
        title=f"Webhooks of {connector.manifest.label} are missing: is the subscription gone?",
        detail="Our own poll found what no webhook brought. It was taken in and goes its way; nothing is lost.",
        at=at,
    )
    return (*row[:-1], len(accepted))
