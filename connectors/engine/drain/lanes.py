"""Planned deliveries into their lanes. A lane that is new may be leased at its birth, so that it is not claimed first.

That is the way of nearly every message: its lane is made, leased and announced in one transaction with its routing.
What finds its lane there already, or no room at its endpoint, waits for `claim`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from uuid import UUID

from psycopg import AsyncConnection

from connectors.engine.drain.claim import LEASE_SECONDS, MARGIN_SECONDS, body_of
from connectors.engine.drain.intents import Intent, write
from connectors.engine.drain.rooms import Rooms
from connectors.engine.drain.routing import Planned
from connectors.engine.drain.work import Lease, Work
from governance.registry.models import Flow
from tenants.arrays import array, arrays
from tenants.ids import uuid7

_LANES = """
INSERT INTO engine_lane (retailer_id, flow_id, key, endpoint_id, share, due_at, parked, crashes, token, holder,
    leased_until)
SELECT retailer_id, flow_id, key, endpoint_id, 0, now(), false, 0, (holder IS NOT NULL)::int, holder,
    CASE WHEN holder IS NOT NULL THEN now() + make_interval(secs => %s) END
FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::integer[])
    AS t (retailer_id, flow_id, key, endpoint_id, holder)
ON CONFLICT (flow_id, key) DO UPDATE SET flow_id = excluded.flow_id
RETURNING id, flow_id, key, due_at, xmax = 0 AS is_new
"""
_LANE_TYPES = ("bigint", "bigint", "text", "bigint", "integer")
_ENTRIES = """
INSERT INTO engine_entry (retailer_id, lane_id, position, delivery_id, message_id, attempts, trigger)
SELECT *, 0, 'auto' FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::uuid[], %s::uuid[])
RETURNING id, delivery_id
"""
_BODIES = "SELECT id, format, key_id, body FROM ledger_payload WHERE id = ANY(%s)"

LaneKey = tuple[int, str]  # (flow, key)


@dataclass(frozen=True, slots=True)
class Leased:
    """A new lane of ours with the first of its entries."""

    planned: Planned
    lane_id: int
    entry_id: int
    due_at: datetime


@dataclass(slots=True)
class Lanes:
    leased: list[Leased] = field(default_factory=list)
    newest_only: list[int] = field(default_factory=list)  # ids of lanes of latest-wins flows


async def into_lanes(connection: AsyncConnection, deliveries: Sequence[Planned], rooms: Rooms, holder: int) -> Lanes:
    if not deliveries:
        return Lanes()
    first: dict[LaneKey, Planned] = {}
    for planned in deliveries:
        first.setdefault(planned.lane, planned)
    wanted = _wanted(first, Counter(planned.lane for planned in deliveries), rooms)
    rows = [
        (p.message.retailer_id, *lane, p.flow.target_id, holder if lane in wanted else None)
        for lane, p in sorted(first.items())
    ]
    cursor = await connection.execute(_LANES, [LEASE_SECONDS, *arrays(_LANE_TYPES, rows)])
    made = {(flow_id, key): (lane_id, *rest) for lane_id, flow_id, key, *rest in await cursor.fetchall()}
    entries = await _enter(connection, deliveries, made)
    lanes = Lanes(newest_only=sorted({made[p.lane][0] for p in deliveries if p.flow.mode == Flow.Mode.LATEST_WINS}))
    for lane in wanted:
        lane_id, due_at, is_new = made[lane]
        planned = first[lane]
        if is_new:
            lanes.leased.append(Leased(planned, lane_id, entries[planned.id], due_at))
        else:
            rooms.give_back(planned.flow.target_id)
    return lanes


def _wanted(first: Mapping[LaneKey, Planned], entries: Mapping[LaneKey, int], rooms: Rooms) -> list[LaneKey]:
    """Lanes to lease if they turn out to be new. Of several states of one object the newest is left to be found."""
    return [
        lane
        for lane, planned in first.items()
        if planned.flow.active
        and (entries[lane] == 1 or planned.flow.mode != Flow.Mode.LATEST_WINS)
        and rooms.take(planned.flow.target_id)
    ]


async def _enter(
    connection: AsyncConnection, deliveries: Sequence[Planned], made: Mapping[LaneKey, tuple[int, datetime, bool]]
) -> dict[UUID, int]:
    """Entry ids by delivery."""
    rows = [(p.message.retailer_id, made[p.lane][0], p.message.position, p.id, p.message.id) for p in deliveries]
    cursor = await connection.execute(_ENTRIES, arrays(("bigint", "bigint", "bigint", "uuid", "uuid"), rows))
    return {delivery_id: entry_id for entry_id, delivery_id in await cursor.fetchall()}


async def begin(connection: AsyncConnection, lanes: Lanes, rooms: Rooms) -> list[Work]:
    """The works of lanes leased at birth, their intents written."""
    if not lanes.leased:
        return []
    ids = array("uuid", [leased.planned.message.id for leased in lanes.leased])
    cursor = await connection.execute(_BODIES, [ids])
    bodies = {message_id: body_of(*payload) for message_id, *payload in await cursor.fetchall()}
    until = monotonic() + LEASE_SECONDS - MARGIN_SECONDS
    works = [_work(leased, bodies.get(leased.planned.message.id, b""), rooms, until) for leased in lanes.leased]
    await write(connection, [Intent(work, "") for work in works])
    return works


def _work(leased: Leased, body: bytes, rooms: Rooms, until: float) -> Work:
    planned, message, flow = leased.planned, leased.planned.message, leased.planned.flow
    return Work(
        attempt_id=uuid7(),
        lane_id=leased.lane_id,
        token=1,
        crashes=0,
        entry_id=leased.entry_id,
        delivery_id=planned.id,
        message_id=message.id,
        retailer_id=message.retailer_id,
        flow_id=flow.id,
        flow_key=flow.key,
        connection_id=flow.target_id,
        connection_key=flow.target_key,
        operation=planned.operation,
        object_type=message.object_type,
        object_id=message.object_id,
        idempotency_key=planned.idempotency_key,
        reference=planned.reference,
        tries=0,
        attempts=0,
        trigger="auto",
        received_at=message.received_at,
        due_at=leased.due_at,
        connector=message.connector,
        topic=message.topic,
        api_version=message.api_version,
        interrupted=False,
        probe=rooms.is_probe(flow.target_id),
        body=body,
        lease=Lease(until),
    )
