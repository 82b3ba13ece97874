"""T1, second half: free lanes are leased, their head entries read with everything a run needs, their intents written.

A lease is short and renewed; each drain holds a session advisory lock on its id, so a dead drain's leases are ended
within a second (`end_dead_leases`). The token rises with every lease and fences every write made under an older one.

A lane whose holder died is a suspect: at most one is leased, and none unless `suspects`, while another one is not past
its mapping. So who kills its worker again was the only suspect there; the innocent beside it are not parked with it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from connectors.engine.drain.pacing import allot
from connectors.engine.drain.rooms import Rooms
from connectors.engine.drain.work import Lease, Work
from monitoring.ledger import payloads
from tenants.arrays import array
from tenants.ids import uuid7

LEASE_SECONDS = 10
# So much earlier a holder stops believing in its lease.
MARGIN_SECONDS = 2
# Advisory lock classes: (class, drain id) says who lives, (class, slot) who counts into which rollup slot.
HOLDER_LOCK = 0x5160
SLOT_LOCK = 0x5161

_DUE = """
SELECT l.id, l.endpoint_id, l.share, l.due_at, l.crashes > 0 AS suspect
FROM unnest(%(endpoints)s::bigint[], %(rooms)s::bigint[]) AS t (endpoint_id, room)
JOIN registry_flow f ON f.target_id = t.endpoint_id AND f.state = 'active'
CROSS JOIN unnest('{0,1,2}'::smallint[]) AS s (share)
CROSS JOIN LATERAL (SELECT * FROM engine_lane l WHERE l.flow_id = f.id AND l.share = s.share AND l.due_at <= now()
    AND NOT l.parked AND l.holder IS NULL ORDER BY l.due_at LIMIT t.room) l
WHERE l.endpoint_id = t.endpoint_id
UNION ALL
SELECT l.id, l.endpoint_id, l.share, l.due_at, true
FROM unnest(%(endpoints)s::bigint[]) AS t (endpoint_id)
CROSS JOIN LATERAL (SELECT l.* FROM engine_lane l JOIN registry_flow f ON f.id = l.flow_id AND f.state = 'active'
    WHERE l.endpoint_id = t.endpoint_id AND l.holder IS NOT NULL AND l.leased_until <= now()
    ORDER BY l.leased_until LIMIT 1) l
"""
_LEASE = """
WITH free AS (
    SELECT l.id FROM engine_lane l WHERE l.id = ANY(%s) AND NOT l.parked AND l.due_at <= now()
    AND (l.holder IS NULL OR l.leased_until <= now()) ORDER BY l.id FOR UPDATE SKIP LOCKED
)
UPDATE engine_lane l SET token = l.token + 1, crashes = l.crashes + (l.holder IS NOT NULL)::int,
    holder = %s, leased_until = now() + make_interval(secs => %s)
FROM free WHERE l.id = free.id
"""
# Of lanes that this transaction has just leased, in a statement of its own: what the last holder or the router ended
# while we waited for the lane's lock is seen as it is now, not as it was when the lock was asked for.
_HEADS = """
WITH heads AS (
    SELECT leased.id AS lane_id, leased.token, leased.crashes, leased.due_at, wanted.attempt_id, e.id AS entry_id,
        e.delivery_id, e.message_id, e.retailer_id, e.attempts AS tries, e.trigger
    FROM unnest(%(lanes)s::bigint[], %(attempts)s::uuid[]) AS wanted (lane_id, attempt_id)
    JOIN engine_lane leased ON leased.id = wanted.lane_id AND leased.xmin = pg_current_xact_id()::xid
    CROSS JOIN LATERAL (SELECT * FROM engine_entry e WHERE e.lane_id = leased.id ORDER BY e.position LIMIT 1) e
), begun AS (
    INSERT INTO engine_intent (attempt_id, retailer_id, delivery_id, lane_id, token, step, at)
    SELECT attempt_id, retailer_id, delivery_id, lane_id, token, '', clock_timestamp() FROM heads
)
SELECT h.attempt_id, h.lane_id, h.token, h.crashes, h.entry_id, h.delivery_id, h.message_id, d.retailer_id, d.flow_id,
    d.flow_key, d.connection_id, d.connection_key, d.operation, d.object_type, d.object_id, d.idempotency_key,
    d.reference, h.tries, d.attempts, h.trigger, d.rule, d.received_at, h.due_at, m.connector, m.topic, m.api_version,
    EXISTS (SELECT FROM engine_intent i WHERE i.lane_id = h.lane_id AND i.delivery_id = h.delivery_id) AS interrupted,
    (SELECT n.until FROM engine_need n WHERE n.delivery_id = h.delivery_id) AS waits_until, p.format, p.key_id, p.body
FROM heads h JOIN ledger_delivery d ON d.id = h.delivery_id JOIN ledger_message m ON m.id = h.message_id
LEFT JOIN ledger_payload p ON p.id = h.message_id
"""


@dataclass(frozen=True, slots=True)
class Due:
    id: int
    endpoint_id: int
    share: int
    due_at: datetime
    suspect: bool


async def claim(
    connection: AsyncConnection, rooms: Rooms, *, holder: int, rng: random.Random, suspects: bool = True
) -> list[Work]:
    """Lease due lanes where there is room and read their head entries. Within the caller's transaction."""
    if not rooms.waiting:
        return []
    places = {connection_id: rooms.free[connection_id] for connection_id in rooms.waiting}
    chosen = choose(await _due(connection, places), rooms, rng, suspects=suspects)
    return await _lease(connection, [lane.id for lane in chosen], holder, rooms)


async def _due(connection: AsyncConnection, rooms: Mapping[int, int]) -> list[Due]:
    async with connection.cursor(row_factory=class_row(Due)) as cursor:
        parameters = {"endpoints": array("bigint", list(rooms)), "rooms": array("bigint", list(rooms.values()))}
        await cursor.execute(_DUE, parameters)
        return await cursor.fetchall()


def choose(due: Sequence[Due], rooms: Rooms, rng: random.Random, *, suspects: bool) -> list[Due]:
    """Retailers in turn, of each its endpoints in turn, each within its room and shares, the longest due first.

    Takes their places.
    """
    by_endpoint: dict[int, list[Due]] = {}
    suspected = [lane for lane in due if lane.suspect] if suspects else []
    first = min(suspected, key=lambda lane: lane.due_at, default=None)
    for lane in sorted(due, key=lambda lane: lane.due_at):
        if not lane.suspect or lane is first:
            by_endpoint.setdefault(lane.endpoint_id, []).append(lane)
    by_retailer: dict[int, list[Sequence[Due]]] = {}
    for endpoint, lanes in by_endpoint.items():
        by_retailer.setdefault(rooms.retailers[endpoint], []).append(_within(rooms.free[endpoint], lanes, rng))
    for turns in by_retailer.values():
        rng.shuffle(turns)
    retailers = [list(_in_turn(turns)) for turns in by_retailer.values()]
    rng.shuffle(retailers)
    return [lane for lane in _in_turn(retailers) if rooms.take(lane.endpoint_id)]


def _within(free: int, lanes: Sequence[Due], rng: random.Random) -> list[Due]:
    waiting: dict[int, int] = {}
    for lane in lanes:
        waiting[lane.share] = waiting.get(lane.share, 0) + 1
    left, taken = allot(free, waiting, rng), []
    for lane in lanes:
        if left[lane.share] > 0:
            left[lane.share] -= 1
            taken.append(lane)
    return taken


def _in_turn(turns: Sequence[Sequence[Due]]) -> Iterator[Due]:
    for place in range(max((len(lanes) for lanes in turns), default=0)):
        yield from (lanes[place] for lanes in turns if place < len(lanes))


async def _lease(connection: AsyncConnection, lanes: Sequence[int], holder: int, rooms: Rooms) -> list[Work]:
    """Lanes found empty are removed."""
    if not lanes:
        return []
    attempts: list[UUID] = [uuid7() for _ in lanes]
    until = monotonic() + LEASE_SECONDS - MARGIN_SECONDS
    ids = array("bigint", lanes)
    await connection.execute(_LEASE, [ids, holder, LEASE_SECONDS])
    parameters = {"lanes": ids, "attempts": array("uuid", attempts)}
    cursor = await connection.execute(_HEADS, parameters, binary=True)
    works = [
        Work(
            *row[:-4],
            probe=rooms.is_probe(row[10]),
            body=body_of(*row[-3:]),
            lease=Lease(until),
            waits_until=row[-4],
        )
        for row in await cursor.fetchall()
    ]
    if len(works) < len(lanes):
        await _remove_empty(connection, sorted(set(lanes) - {work.lane_id for work in works}))
    return works


def body_of(format_: int | None, key_id: str | None, body: bytes | None) -> bytes:
    """Empty when retention has taken the payload: the transform then says so."""
    return b"" if body is None else payloads.decode(format_, key_id, body)


async def _remove_empty(connection: AsyncConnection, lanes: Sequence[int]) -> None:
    """Of those that this transaction has leased: nobody can put anything into them meanwhile."""
    await connection.execute(
        "DELETE FROM engine_lane l WHERE id = ANY(%s) AND xmin = pg_current_xact_id()::xid"
        " AND NOT EXISTS (SELECT FROM engine_entry e WHERE e.lane_id = l.id)",
        [array("bigint", lanes)],
    )


async def renew(connection: AsyncConnection, works: Sequence[Work], *, holder: int) -> None:
    """Keep the lanes of attempts that run. A lease that nobody works under runs out."""
    until = monotonic() + LEASE_SECONDS - MARGIN_SECONDS
    cursor = await connection.execute(
        "UPDATE engine_lane l SET leased_until = now() + make_interval(secs => %s)"
        " FROM unnest(%s::bigint[], %s::bigint[]) AS t (id, token)"
        " WHERE l.id = t.id AND l.token = t.token AND l.holder = %s RETURNING l.id",
        [LEASE_SECONDS, *_lanes_and_tokens(works), holder],
    )
    kept = {row[0] for row in await cursor.fetchall()}
    for work in works:
        if work.lane_id in kept:
            work.lease.until = until


async def release(connection: AsyncConnection, works: Sequence[Work], waits: Sequence[float] = ()) -> None:
    """Give leases back; with `waits`, so many seconds before each is due again. What is known of crashes stays."""
    await connection.execute(
        "UPDATE engine_lane l SET holder = NULL, leased_until = NULL, due_at = now() + make_interval(secs => t.wait)"
        " FROM unnest(%s::bigint[], %s::bigint[], %s::float[]) AS t (id, token, wait)"
        " WHERE l.id = t.id AND l.token = t.token AND l.holder IS NOT NULL",
        [*_lanes_and_tokens(works), array("double", list(waits) or [0.0] * len(works))],
    )


async def end_dead_leases(connection: AsyncConnection, *, holder: int) -> None:
    """A lease of a drain that is gone ends now. One statement: a holder's lock is older than any lease of its."""
    await connection.execute(
        "UPDATE engine_lane SET leased_until = now() WHERE holder <> %s AND leased_until > now() AND holder <> ALL("
        " SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = %s"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))",
        [holder, HOLDER_LOCK],
    )


def _lanes_and_tokens(works: Sequence[Work]) -> list[object]:
    return [
        array("bigint", [work.lane_id for work in works]),
        array("bigint", [work.token for work in works]),
    ]
