"""T1, second half: free lanes are leased, their head entries read with everything a run needs.

A lease is short and renewed. Each drain holds a session advisory lock on its id, so a dead drain's leases are
free at once; the token rises with every lease and fences every write made under an older one.
"""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import AsyncConnection

from connectors.engine.drain.work import Work
from monitoring.ledger import payloads

LEASE_SECONDS = 10
# Advisory lock classes: (class, drain id) says who lives, (class, slot) who counts into which rollup slot.
HOLDER_LOCK = 0x5160
SLOT_LOCK = 0x5161

_LEASE = """
WITH live AS (
    SELECT objid::bigint AS holder FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = %(lock)s
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
), busy AS (
    SELECT endpoint_id, count(*) AS lanes FROM engine_lane
    WHERE holder IN (SELECT holder FROM live) AND leased_until > now() GROUP BY endpoint_id
), free AS (
    SELECT l.id, row_number() OVER (PARTITION BY l.endpoint_id ORDER BY l.due_at, l.id) AS n,
        l.crashes > 0 OR l.holder IS NOT NULL AS suspect,
        row_number() OVER (PARTITION BY l.crashes > 0 OR l.holder IS NOT NULL ORDER BY l.due_at, l.id) AS turn,
        CASE e.breaker WHEN 'open' THEN 1 ELSE e.concurrency END - coalesce(b.lanes, 0) AS room
    FROM engine_lane l JOIN engine_endpoint e ON e.connection_id = l.endpoint_id
    JOIN registry_retailconnection c ON c.id = l.endpoint_id AND c.state = 'active'
    JOIN registry_flow f ON f.id = l.flow_id AND f.state = 'active'
    LEFT JOIN busy b ON b.endpoint_id = l.endpoint_id
    WHERE NOT l.parked AND l.due_at <= now()
    AND (l.holder IS NULL OR l.leased_until < now() OR l.holder NOT IN (SELECT holder FROM live))
    AND (e.not_before IS NULL OR e.not_before <= now())
    AND (e.breaker = 'closed' OR e.probe_at <= now())
), locked AS (
    SELECT l.id FROM engine_lane l JOIN free ON free.id = l.id AND free.n <= free.room
        AND (NOT free.suspect OR (%(suspects)s AND free.turn = 1))
    WHERE NOT l.parked AND l.due_at <= now()
    AND (l.holder IS NULL OR l.leased_until < now() OR l.holder NOT IN (SELECT holder FROM live))
    ORDER BY l.due_at LIMIT %(limit)s FOR UPDATE OF l SKIP LOCKED
)
UPDATE engine_lane l SET token = l.token + 1, crashes = l.crashes + (l.holder IS NOT NULL)::int,
    holder = %(me)s, leased_until = now() + make_interval(secs => %(lease)s)
FROM locked WHERE l.id = locked.id
RETURNING l.id, l.token, l.crashes, l.due_at
"""
_HEADS = """
SELECT t.lane_id, t.token, t.crashes, e.id, e.delivery_id, e.message_id, d.retailer_id, d.flow_id, d.flow_key,
       d.connection_id, d.connection_key, d.operation, d.object_type, d.object_id, d.idempotency_key, d.reference,
       e.attempts, d.attempts, e.trigger, d.received_at, t.due_at, m.connector, m.topic, m.api_version,
       p.format, p.key_id, p.body
FROM unnest(%s::bigint[], %s::bigint[], %s::int[], %s::timestamptz[]) AS t (lane_id, token, crashes, due_at)
CROSS JOIN LATERAL (SELECT * FROM engine_entry WHERE lane_id = t.lane_id ORDER BY position LIMIT 1) e
JOIN ledger_delivery d ON d.id = e.delivery_id
JOIN ledger_message m ON m.id = e.message_id
LEFT JOIN ledger_payload p ON p.id = e.message_id
"""


async def claim(connection: AsyncConnection, *, holder: int, limit: int, suspects: bool = True) -> list[Work]:
    """Lease up to `limit` due lanes and read their head entries. Lanes found empty are removed.

    A lane whose holder died is a suspect: at most one is leased, and none unless `suspects`. So whoever kills its
    worker again was the only suspect there, and the innocent that were under way beside it are not parked with it.
    """
    parameters = {
        "lock": HOLDER_LOCK,
        "me": holder,
        "limit": limit,
        "lease": LEASE_SECONDS,
        "suspects": suspects,
    }
    cursor = await connection.execute(_LEASE, parameters)
    leased = await cursor.fetchall()
    if not leased:
        return []
    cursor = await connection.execute(_HEADS, [list(column) for column in zip(*leased, strict=True)])
    works = [Work(*row[:-3], body=_body(*row[-3:])) for row in await cursor.fetchall()]
    await _remove_empty(connection, {row[0] for row in leased} - {work.lane_id for work in works})
    return works


def _body(format_: int | None, key_id: str | None, body: bytes | None) -> bytes:
    """Empty when retention has taken the payload: the transform then says so."""
    return b"" if body is None else payloads.decode(format_, key_id, body)


async def _remove_empty(connection: AsyncConnection, lanes: set[int]) -> None:
    if lanes:
        await connection.execute(
            "DELETE FROM engine_lane l WHERE id = ANY(%s)"
            " AND NOT EXISTS (SELECT FROM engine_entry e WHERE e.lane_id = l.id)",
            [sorted(lanes)],
        )


async def renew(connection: AsyncConnection, works: Sequence[Work], *, holder: int) -> None:
    """Keep the lanes of attempts that run. A lease that nobody works under runs out."""
    await connection.execute(
        "UPDATE engine_lane l SET leased_until = now() + make_interval(secs => %s)"
        " FROM unnest(%s::bigint[], %s::bigint[]) AS t (id, token)"
        " WHERE l.id = t.id AND l.token = t.token AND l.holder = %s",
        [LEASE_SECONDS, [work.lane_id for work in works], [work.token for work in works], holder],
    )


async def release(connection: AsyncConnection, works: list[Work]) -> None:
    """Give leases back untouched, at shutdown."""
    await connection.execute(
        "UPDATE engine_lane l SET holder = NULL, leased_until = NULL"
        " FROM unnest(%s::bigint[], %s::bigint[]) AS t (id, token) WHERE l.id = t.id AND l.token = t.token",
        [[work.lane_id for work in works], [work.token for work in works]],
    )
