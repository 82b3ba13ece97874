"""Who reads a stream: one at a time, by a lease with a fencing token, on the database's clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

LEASE = timedelta(seconds=120)  # longer than any one call; every page begins it anew
_CLAIM = """
UPDATE polling_cursor c SET token = c.token + 1, leased_until = now() + %s
FROM registry_retailconnection r
WHERE r.id = c.connection_id AND r.state <> 'disconnected' AND c.id = (
    SELECT p.id FROM polling_cursor p JOIN registry_retailconnection q ON q.id = p.connection_id
    WHERE p.due_at <= now() AND (p.leased_until IS NULL OR p.leased_until < now()) AND q.state <> 'disconnected'
    ORDER BY p.due_at LIMIT 1 FOR UPDATE OF p SKIP LOCKED
)
RETURNING c.id, c.token, c.retailer_id, c.connection_id, r.key, r.connector, r.config, c.stream, c.state, c.created_at,
    c.failures
"""
# Its row's lock is kept to the end of the transaction: nobody else takes the stream while a page is stored.
_HOLD = "SELECT true FROM polling_cursor WHERE id = %s AND token = %s FOR UPDATE"
_ADVANCE = "UPDATE polling_cursor SET state = %s, leased_until = now() + %s WHERE id = %s AND token = %s"
_READ = """
UPDATE polling_cursor SET leased_until = NULL, due_at = now() + %s, failures = 0, error = '', error_class = '',
    last_success_at = CASE WHEN %s THEN now() ELSE last_success_at END
WHERE id = %s AND token = %s
"""
_FAILED = """
UPDATE polling_cursor SET leased_until = NULL, due_at = now() + %s, failures = failures + 1, error = %s,
    error_class = %s, failed_at = now()
WHERE id = %s AND token = %s
"""


class LeaseLost(RuntimeError):
    """Another worker reads this stream by now: nothing of ours may be written."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A stream that is ours to read."""

    id: int
    token: int
    retailer_id: int
    connection_id: int
    connection_key: str
    connector: str
    config: Mapping[str, str]
    stream: str
    state: Mapping[str, Any]
    created_at: datetime
    failures: int


async def claim(connection: AsyncConnection) -> Lease | None:
    """The stream that has been due longest and that nobody reads; None where there is none."""
    cursor = await connection.execute(_CLAIM, [LEASE])
    row = await cursor.fetchone()
    return Lease(*row) if row else None


async def hold(connection: AsyncConnection, lease: Lease) -> None:
    """Inside a transaction. Raises LeaseLost."""
    cursor = await connection.execute(_HOLD, [lease.id, lease.token])
    if await cursor.fetchone() is None:
        raise LeaseLost


async def advance(connection: AsyncConnection, lease: Lease, state: Mapping[str, str]) -> None:
    """In the transaction that stores what was read up to there, after `hold`."""
    await connection.execute(_ADVANCE, [Jsonb(dict(state)), LEASE, lease.id, lease.token])


async def let_go(connection: AsyncConnection, lease: Lease, *, due_in: timedelta, at_the_end: bool) -> None:
    await connection.execute(_READ, [due_in, at_the_end, lease.id, lease.token])


async def fail(
    connection: AsyncConnection, lease: Lease, *, due_in: timedelta, error_class: str, sentence: str
) -> None:
    await connection.execute(_FAILED, [due_in, sentence, error_class, lease.id, lease.token])
