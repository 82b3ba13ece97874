"""Whose messages are routed next: retailers in turn, those of each in position order.

While no more wait than are routed at once, they are taken as they came. In a burst the router looks further ahead,
takes an equal part of each retailer's, and remembers whom it left behind and where (`engine_behind`). So a burst stands
in nobody's way but its own, and a turn costs what it looks at, however much waits.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from psycopg import AsyncConnection

from connectors.engine.drain.routing import Routable
from connectors.engine.models import Head
from connectors.engine.shares import equal_parts
from tenants.arrays import array, arrays

LOOK_AHEAD = 2048
# Of those left behind, so many have their turn at once: each is one look at LOOK_AHEAD positions.
MOST_BEHIND = 8

_COLUMNS = """id, position, retailer_id, connection_id, connection_key, connector, topic, object_type, object_id,
       source_version, order_key, api_version, trace_id, received_at, disposition, rule, masked, body_hash, door"""
_NEXT = """
SELECT :columns
FROM ledger_message WHERE position > (SELECT position FROM engine_head WHERE id = %s) ORDER BY position LIMIT %s
""".replace(":columns", _COLUMNS)
_THESE = "SELECT :columns FROM ledger_message WHERE id = ANY(%s) ORDER BY position".replace(":columns", _COLUMNS)
_LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('signalbox router'), hashtext(%s))"
_BEHIND = "SELECT retailer_id, position FROM engine_behind"
_AHEAD = """
WITH ahead AS (
    SELECT id, retailer_id, position FROM ledger_message
    WHERE position > (SELECT position FROM engine_head WHERE id = %s) ORDER BY position LIMIT %s
)
SELECT retailer_id, (array_agg(position ORDER BY position))[:%s], (array_agg(id ORDER BY position))[:%s], count(*),
    max(position)
FROM ahead GROUP BY retailer_id
"""
# Up to `seen_to`, which is the watermark at most, and whether it is that.
_OF_THE_BEHIND = """
SELECT w.retailer_id, w.seen_to, w.seen_to = w.watermark, m.positions, m.ids
FROM (SELECT b.retailer_id, b.position, h.position AS watermark, least(b.position + %s, h.position) AS seen_to
    FROM engine_behind b CROSS JOIN engine_head h WHERE h.id = %s ORDER BY random() LIMIT %s) w
CROSS JOIN LATERAL (SELECT array_agg(position ORDER BY position) AS positions, array_agg(id ORDER BY position) AS ids
    FROM (SELECT position, id FROM ledger_message WHERE position > w.position AND position <= w.seen_to
        AND retailer_id = w.retailer_id ORDER BY position LIMIT %s) s) m
"""
_ADVANCE = "UPDATE engine_head SET position = greatest(position, %s) WHERE id = %s"
_LEAVE_BEHIND = """
INSERT INTO engine_behind (retailer_id, position) SELECT * FROM unnest(%s::bigint[], %s::bigint[])
ON CONFLICT (retailer_id) DO UPDATE SET position = excluded.position
"""
_CAUGHT_UP = "DELETE FROM engine_behind WHERE retailer_id = ANY(%s)"


@dataclass(frozen=True, slots=True)
class Reached:
    """How far routing has come: everything up to `watermark` but what those `behind` have from there on."""

    watermark: int = 0  # 0: as it was
    behind: Mapping[int, int] = field(default_factory=dict)  # retailer → up to where it is routed; others stay
    caught_up: Sequence[int] = ()

    def __bool__(self) -> bool:
        return bool(self.watermark or self.behind or self.caught_up)


@dataclass(frozen=True, slots=True)
class Turn:
    messages: list[Routable] = field(default_factory=list)  # in position order
    reached: Reached = field(default_factory=Reached)


@dataclass(frozen=True, slots=True)
class Found:
    """One retailer's next, in position order; at most as many as are routed at once."""

    positions: Sequence[int]
    ids: Sequence[UUID]
    more: bool  # there are more of it where these were found
    seen_to: int  # everything of it up to here is in `positions`, unless there is more
    at_watermark: bool = False  # `seen_to` is where the others are


async def next_turn(connection: AsyncConnection, schema: str, limit: int, rng: random.Random) -> Turn:
    """The next messages, at most `limit`; none where another drain is at it. To be written in the same transaction."""
    lock = await connection.execute(_LOCK, [schema])
    behind = await connection.execute(_BEHIND, binary=True)
    found = await connection.execute(_NEXT, [Head.ROUTED, limit], binary=True)
    if not (await lock.fetchone())[0]:
        return Turn()
    left_behind = dict(await behind.fetchall())
    messages = [_routable(row) for row in await found.fetchall()]
    if not left_behind and len(messages) < limit:
        return Turn(messages, Reached(messages[-1].position) if messages else Reached())
    return await _in_turn(connection, left_behind, limit, rng)


async def _in_turn(connection: AsyncConnection, behind: Mapping[int, int], limit: int, rng: random.Random) -> Turn:
    asked = await connection.execute(_AHEAD, [Head.ROUTED, LOOK_AHEAD, limit, limit], binary=True)
    windows = {}
    if behind:
        values = [LOOK_AHEAD, Head.ROUTED, MOST_BEHIND, limit]
        cursor = await connection.execute(_OF_THE_BEHIND, values, binary=True)
        windows = {
            retailer_id: Found(positions or (), ids or (), len(positions or ()) == limit, seen_to, at_watermark)
            for retailer_id, seen_to, at_watermark, positions, ids in await cursor.fetchall()
        }
    ahead = {
        retailer_id: Found(positions, ids, count > len(positions), last)
        for retailer_id, positions, ids, count, last in await asked.fetchall()
    }
    taken, reached = take_turns(ahead, windows, behind, limit, rng)
    cursor = await connection.execute(_THESE, [array("uuid", taken)], binary=True)
    return Turn([_routable(row) for row in await cursor.fetchall()], reached)


def take_turns(
    ahead: Mapping[int, Found],
    windows: Mapping[int, Found],
    behind: Mapping[int, int],
    limit: int,
    rng: random.Random,
) -> tuple[list[UUID], Reached]:
    """Pure: which to route now, and how far that comes.

    Who is behind has its turn from its window, and what lies ahead of it waits until it has caught up.
    """
    found = {**{key: one for key, one in ahead.items() if key not in behind}, **windows}
    parts = equal_parts({key: len(one.positions) for key, one in found.items() if one.positions}, limit, rng)
    taken: list[UUID] = []
    left: dict[int, int] = {}
    caught_up: list[int] = []
    for key, one in found.items():
        part = parts.get(key, 0)
        taken += one.ids[:part]
        if part < len(one.positions) or one.more:
            left[key] = one.positions[part - 1] if part else one.positions[0] - 1
        elif key in windows and (key in ahead or not one.at_watermark):
            left[key] = one.seen_to
        elif key in windows:
            caught_up.append(key)
    watermark = max((one.seen_to for one in ahead.values()), default=0)
    return taken, Reached(watermark, left, caught_up)


async def advance(connection: AsyncConnection, reached: Reached) -> None:
    """In the transaction that routed what was reached."""
    if reached.watermark:
        await connection.execute(_ADVANCE, [reached.watermark, Head.ROUTED])
    if reached.behind:
        await connection.execute(_LEAVE_BEHIND, arrays(("bigint", "bigint"), sorted(reached.behind.items())))
    if reached.caught_up:
        await connection.execute(_CAUGHT_UP, [array("bigint", sorted(reached.caught_up))])


def _routable(row: Sequence[object]) -> Routable:
    return Routable(*row[:-2], bytes(row[-2]), row[-1])
