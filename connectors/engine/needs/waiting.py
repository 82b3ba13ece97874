"""Deliveries that wait for a thing or a value are noted, and woken when it is known.

Whoever makes something known, or notes a need, wakes after its own commit: of a thing that appears between the look and
the wait, one of the two sees both. A drain looks every second as well, so a death in between costs a second. A delivery
is woken once for what it found: one that goes on lacking it waits for its time limit and does not turn in circles.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from connectors.engine.needs.needed import Needed
from monitoring.exceptions import sets as exceptions
from monitoring.ledger.hints import Hint
from tenants.arrays import array, arrays

_NOTE = """
INSERT INTO engine_need AS n (delivery_id, retailer_id, kind, name, key, source_id, target_id, until, since)
SELECT t.*, clock_timestamp() FROM unnest(%s::uuid[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::bigint[],
    %s::bigint[], %s::timestamptz[]) AS t (delivery_id, retailer_id, kind, name, key, source_id, target_id, until)
ON CONFLICT (delivery_id) DO UPDATE SET kind = excluded.kind, name = excluded.name, key = excluded.key,
    since = excluded.since, until = excluded.until, woken_for = NULL
    WHERE (n.kind, n.name, n.key) <> (excluded.kind, excluded.name, excluded.key)
"""
_TYPES = ("uuid", "bigint", "text", "text", "text", "bigint", "bigint", "timestamptz")
# A lane is freed only where the one that waits is its head, and is nobody's; what is passed over is found next time.
_WAKE = """
WITH known AS (
    SELECT n.delivery_id, max(found.since) AS since FROM engine_need n CROSS JOIN LATERAL (
        SELECT i.since FROM ledger_identity i WHERE n.kind = 'thing' AND i.retailer_id = n.retailer_id
            AND i.object_type = n.name AND i.connection_id = n.target_id
            AND i.master_connection_id = n.source_id AND i.master_id = n.key
        UNION ALL
        SELECT i.since FROM ledger_identity k JOIN ledger_identity i ON i.object_type = k.object_type
            AND i.master_connection_id = k.master_connection_id AND i.master_id = k.master_id
            AND i.connection_id = n.target_id AND i.retailer_id = n.retailer_id
        WHERE n.kind = 'thing' AND k.retailer_id = n.retailer_id AND k.object_type = n.name
            AND k.connection_id = n.source_id AND k.external_id = n.key
        UNION ALL
        SELECT k.since FROM ledger_identity k WHERE n.kind = 'thing' AND k.retailer_id = n.retailer_id
            AND k.object_type = n.name AND k.connection_id = n.source_id AND k.external_id = n.key
            AND k.master_connection_id = n.target_id
        UNION ALL
        SELECT v.since FROM registry_mapped_value v WHERE n.kind = 'value' AND v.retailer_id = n.retailer_id
            AND v.source_id = n.source_id AND v.target_id = n.target_id AND v."table" = n.name
            AND v.value IN (n.key, '*')
    ) found GROUP BY n.delivery_id, n.woken_for HAVING n.woken_for IS DISTINCT FROM max(found.since)
), heads AS (
    SELECT known.delivery_id, known.since, e.id AS entry_id, l.id AS lane_id
    FROM known JOIN engine_entry e ON e.delivery_id = known.delivery_id
    JOIN engine_lane l ON l.id = e.lane_id AND l.holder IS NULL
    WHERE NOT EXISTS (SELECT FROM engine_entry before WHERE before.lane_id = e.lane_id AND before.position < e.position)
    ORDER BY l.flow_id, l.key COLLATE "C" FOR UPDATE OF l SKIP LOCKED
), woken AS (
    UPDATE engine_need n SET woken_for = heads.since FROM heads WHERE n.delivery_id = heads.delivery_id
), tried AS (
    UPDATE engine_entry e SET attempts = 0 FROM heads WHERE e.id = heads.entry_id
), freed AS (
    UPDATE engine_lane l SET parked = false, crashes = 0, due_at = now(), share = 1, early = false
    FROM heads WHERE l.id = heads.lane_id
)
UPDATE ledger_delivery d SET state = 'waiting', due_at = now() FROM heads WHERE d.id = heads.delivery_id
RETURNING d.id, d.message_id, d.retailer_id
"""
_IS_MAPPED = """
SELECT EXISTS (SELECT FROM registry_mapped_value WHERE source_id = %s AND target_id = %s AND "table" = %s
    AND value IN (%s, '*'))
"""
_FORGET = "DELETE FROM engine_need n WHERE NOT EXISTS (SELECT FROM engine_entry e WHERE e.delivery_id = n.delivery_id)"
WOKEN = "What it waited for is there now."


async def note(connection: AsyncConnection, needs: Sequence[tuple[Any, ...]], no_longer: Sequence[UUID]) -> None:
    """Within the transaction that ends their attempts. Who needs the same as before keeps since when."""
    if no_longer:
        await connection.execute("DELETE FROM engine_need WHERE delivery_id = ANY(%s)", [array("uuid", no_longer)])
    if needs:
        await connection.execute(_NOTE, arrays(_TYPES, needs))


async def is_mapped(connection: AsyncConnection, needed: Needed) -> bool:
    """Whether the value has an entry by now."""
    asked = [needed.source_id, needed.target_id, needed.name, needed.key]
    return (await (await connection.execute(_IS_MAPPED, asked)).fetchone())[0]


async def wake(connection: AsyncConnection) -> tuple[bool, list[Hint]]:
    """Free those whose need is met; one transaction. Whether anything waits at all, which is rare, and whom to tell."""
    some = await (await connection.execute("SELECT EXISTS (SELECT FROM engine_need)")).fetchone()
    if not some[0]:
        return False, []
    async with connection.transaction():
        await connection.execute(_FORGET)
        woken = await (await connection.execute(_WAKE)).fetchall()
        ids = [delivery_id for delivery_id, _, _ in woken]
        await exceptions.go_on(connection, ids, WOKEN, at=datetime.now(UTC))
    hints = [Hint(retailer_id, "messages", str(message_id)) for _, message_id, retailer_id in woken]
    return True, hints + [Hint(retailer_id, "exceptions", "") for retailer_id in {row[2] for row in woken}]
