"""Exceptions opened, reopened and resolved by the engine, in sets and inside its transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from monitoring.ledger import bulk
from tenants.ids import uuid7

ENGINE = "Signalbox"
_RESOLVE = """
UPDATE exceptions_exceptionitem e SET state = 'resolved', resolution = t.resolution, resolved_at = %s
FROM unnest(%s::uuid[], %s::text[]) AS t (delivery_id, resolution),
    LATERAL (SELECT o.id, o.state FROM exceptions_exceptionitem o
             WHERE o.delivery_id = t.delivery_id AND o.state IN ('open', 'retrying') FOR UPDATE) AS old
WHERE e.id = old.id
RETURNING e.id, e.retailer_id, old.state, 'resolved', e.resolution
"""
_GO_ON = """
UPDATE exceptions_exceptionitem e SET state = 'retrying' WHERE state = 'open' AND delivery_id = ANY(%s)
RETURNING e.id, e.retailer_id, 'open', 'retrying', %s::text
"""
# A retried delivery that fails again reopens the exception it already has.
_OPEN = """
ON CONFLICT (delivery_id) WHERE state IN ('open', 'retrying') DO UPDATE SET state = 'open',
    failures = exceptions_exceptionitem.failures + 1, last_seen_at = excluded.last_seen_at,
    error_class = excluded.error_class, title = excluded.title, detail = excluded.detail,
    fingerprint = excluded.fingerprint
RETURNING id, retailer_id, CASE WHEN failures > 1 THEN 'retrying' ELSE '' END, 'open', title
"""


async def resolve(connection: AsyncConnection, accepted: Sequence[tuple[UUID, str]], *, at: datetime) -> None:
    """(delivery, resolution in words) of what the target accepted; those without an open exception are ignored."""
    if not accepted:
        return
    ids, texts = zip(*accepted, strict=True)
    cursor = await connection.execute(_RESOLVE, [at, list(ids), list(texts)])
    await _transitions(connection, await cursor.fetchall(), at)


async def open_or_reopen(connection: AsyncConnection, rows: Sequence[tuple[Any, ...]], *, at: datetime) -> None:
    """Rows of `bulk.EXCEPTIONS`."""
    if not rows:
        return
    cursor = await connection.execute(f"{bulk.EXCEPTIONS.insert_sql} {_OPEN}", bulk.EXCEPTIONS.values(rows))
    await _transitions(connection, await cursor.fetchall(), at)


async def go_on(connection: AsyncConnection, deliveries: Sequence[UUID], reason: str, *, at: datetime) -> None:
    """Of deliveries that are tried again by themselves: their open exceptions are being retried."""
    if not deliveries:
        return
    cursor = await connection.execute(_GO_ON, [list(deliveries), reason])
    await _transitions(connection, await cursor.fetchall(), at)


async def _transitions(connection: AsyncConnection, changed: Sequence[tuple[Any, ...]], at: datetime) -> None:
    rows = [
        (uuid7(), retailer_id, exception_id, at, from_state, to_state, ENGINE, reason)
        for exception_id, retailer_id, from_state, to_state, reason in changed
    ]
    await bulk.insert(connection, bulk.TRANSITIONS, rows)
