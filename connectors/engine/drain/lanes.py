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
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from connectors.engine.drain.claim import LEASE_SECONDS, MARGIN_SECONDS, body_of
from connectors.engine.drain.rooms import Rooms
from connectors.engine.drain.routing import Planned
from connectors.engine.drain.work import AUTO, HELD, Lease, Work
from governance.registry.models import Flow
from tenants.arrays import array, arrays
from tenants.ids import uuid7

# Lanes, their entries and, for a lane that is new and ours, its first intent. One that was there stays as it is,
# unless its head waits for what may have come now.
_INTO_LANES = """
WITH wanted AS (
    SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::integer[], %s::uuid[], %s::uuid[])
        AS t (retailer_id, flow_id, key, endpoint_id, holder, attempt_id, delivery_id)
), lanes AS (
    INSERT INTO engine_lane AS l (retailer_id, flow_id, key, endpoint_id, share, due_at, parked, early, crashes, token,
        holder, leased_until)
    SELECT retailer_id, flow_id, key, endpoint_id, 0, now(), false, false, 0, (holder IS NOT NULL)::int, holder,
        CASE WHEN holder IS NOT NULL THEN now() + make_interval(secs => %s) END
    FROM wanted
    ON CONFLICT (flow_id, key) DO UPDATE SET parked = l.parked AND NOT l.early,
        due_at = CASE WHEN l.early THEN now() ELSE l.due_at END
    RETURNING id, flow_id, key, due_at, xmax = 0 AS is_new
), entries AS (
    INSERT INTO engine_entry (retailer_id, lane_id, position, delivery_id, message_id, attempts, trigger)
    SELECT e.retailer_id, lanes.id, e.position, e.delivery_id, e.message_id, 0, e.trigger
    FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::uuid[], %s::uuid[], %s::text[])
        AS e (retailer_id, flow_id, key, position, delivery_id, message_id, trigger)
    JOIN lanes ON lanes.flow_id = e.flow_id AND lanes.key = e.key
    RETURNING id, delivery_id
), begun AS (
    INSERT INTO engine_intent (attempt_id, retailer_id, delivery_id, lane_id, token, step, at)
    SELECT w.attempt_id, w.retailer_id, w.delivery_id, lanes.id, 1, '', clock_timestamp()
    FROM wanted w JOIN lanes ON lanes.flow_id = w.flow_id AND lanes.key = w.key
    WHERE w.holder IS NOT NULL AND lanes.is_new
)
SELECT lanes.flow_id, lanes.key, lanes.id, lanes.due_at, lanes.is_new, entries.id
FROM lanes JOIN wanted w ON lanes.flow_id = w.flow_id AND lanes.key = w.key
JOIN entries ON entries.delivery_id = w.delivery_id
"""
_LANE_TYPES = ("bigint", "bigint", "text", "bigint", "integer", "uuid", "uuid")
_ENTRY_TYPES = ("bigint", "bigint", "text", "bigint", "uuid", "uuid", "text")
BODIES = "SELECT id, format, key_id, body FROM ledger_payload WHERE id = ANY(%s)"

LaneKey = tuple[int, str]  # (flow, key)


@dataclass(frozen=True, slots=True)
class Lanes:
    works: list[Work] = field(default_factory=list)  # the first of each new lane that is ours
    newest_only: list[int] = field(default_factory=list)  # ids of lanes of latest-wins flows


async def into_lanes(connection: AsyncConnection, deliveries: Sequence[Planned], rooms: Rooms, holder: int) -> Lanes:
    """Deliveries, in position order, each at the end of its lane."""
    if not deliveries:
        return Lanes()
    first: dict[LaneKey, Planned] = {}
    for planned in deliveries:
        first.setdefault(planned.lane, planned)
    begun = {lane: uuid7() for lane in _wanted(first, Counter(planned.lane for planned in deliveries), rooms)}
    until = monotonic() + LEASE_SECONDS - MARGIN_SECONDS
    await connection.execute("SET LOCAL enable_hashjoin = on")  # it joins what it was given, no table
    written = await connection.execute(_INTO_LANES, _parameters(deliveries, first, begun, holder))
    await connection.execute("SET LOCAL enable_hashjoin = off")
    ids = array("uuid", [first[lane].message.id for lane in begun])
    bodies = await connection.execute(BODIES, [ids], binary=True)
    made = {(flow_id, key): rest for flow_id, key, *rest in await written.fetchall()}
    kept = {message_id: body_of(*payload) for message_id, *payload in await bodies.fetchall()}
    lanes = Lanes(newest_only=sorted({made[p.lane][0] for p in deliveries if p.flow.mode == Flow.Mode.LATEST_WINS}))
    for lane, attempt_id in begun.items():
        planned, (lane_id, due_at, is_new, entry_id) = first[lane], made[lane]
        if is_new:
            body = kept.get(planned.message.id, b"")
            place = Place(attempt_id, lane_id, entry_id, due_at, Lease(until))
            lanes.works.append(_work(planned, place, body, probe=rooms.is_probe(planned.flow.target_id)))
        else:
            rooms.give_back(planned.flow.target_id)
    return lanes


def _parameters(
    deliveries: Sequence[Planned], first: Mapping[LaneKey, Planned], begun: Mapping[LaneKey, UUID], holder: int
) -> list[Any]:
    lanes = [
        (p.message.retailer_id, *lane, p.flow.target_id, holder if lane in begun else None, begun.get(lane), p.id)
        for lane, p in sorted(first.items())
    ]
    entries = [
        (p.message.retailer_id, *p.lane, p.message.position, p.id, p.message.id, _trigger(p)) for p in deliveries
    ]
    return [*arrays(_LANE_TYPES, lanes), LEASE_SECONDS, *arrays(_ENTRY_TYPES, entries)]


def _trigger(planned: Planned) -> str:
    return HELD if planned.ruling.held else AUTO


def _wanted(first: Mapping[LaneKey, Planned], entries: Mapping[LaneKey, int], rooms: Rooms) -> list[LaneKey]:
    """Lanes to lease if they turn out to be new. Of several states of one object the newest is left to be found."""
    return [
        lane
        for lane, planned in first.items()
        if planned.flow.active
        and (entries[lane] == 1 or planned.flow.mode != Flow.Mode.LATEST_WINS)
        and rooms.take(planned.flow.target_id)
    ]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an attempt stands."""

    attempt_id: UUID
    lane_id: int
    entry_id: int
    due_at: datetime
    lease: Lease


def _work(planned: Planned, place: Place, body: bytes, *, probe: bool) -> Work:
    message, flow = planned.message, planned.flow
    return Work(
        attempt_id=place.attempt_id,
        lane_id=place.lane_id,
        token=1,
        crashes=0,
        entry_id=place.entry_id,
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
        trigger=_trigger(planned),
        rule=planned.ruling.text,
        received_at=message.received_at,
        due_at=place.due_at,
        connector=message.connector,
        topic=message.topic,
        api_version=message.api_version,
        interrupted=False,
        probe=probe,
        body=body,
        lease=place.lease,
    )
