"""T1, first half: messages above the watermark become deliveries and lane entries, in position order.

One router at a time a partner, by an advisory try-lock; whoever does not get it has nothing to route.
"""

from __future__ import annotations

from datetime import UTC, datetime

from psycopg import AsyncConnection

from connectors.engine.config import FLOWS_STAMP, FlowsChanged, PartnerConfig
from connectors.engine.drain.routing import Known, Plan, Planned, Routable, plan_routes
from connectors.engine.drain.supersede import Superseded, supersede_waiting
from connectors.engine.models import Head
from connectors.engine.trail import masked_cards
from governance.audit.raw import insert_events
from governance.registry.models import Flow
from monitoring.exceptions.rows import open_exception
from monitoring.ledger import bulk
from monitoring.ledger.hints import Hint, exception_changed, messages_changed
from monitoring.ledger.models import Delivery, Disposition
from monitoring.rollups.writer import Counted, upsert
from tenants.arrays import array, arrays
from tenants.context import Scope

BATCH = 256
_NEXT = """
SELECT id, position, retailer_id, connection_id, connection_key, connector, topic, object_type, object_id,
       source_version, order_key, api_version, trace_id, received_at, disposition, rule, masked, body_hash
FROM ledger_message WHERE position > (SELECT position FROM engine_head WHERE id = %s) ORDER BY position LIMIT %s
"""
_LANES = """
INSERT INTO engine_lane (retailer_id, flow_id, key, endpoint_id, share, due_at, parked, token, crashes)
SELECT retailer_id, flow_id, key, endpoint_id, 0, now(), false, 0, 0
FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bigint[]) AS t (retailer_id, flow_id, key, endpoint_id)
ON CONFLICT (flow_id, key) DO UPDATE SET flow_id = excluded.flow_id RETURNING id, flow_id, key
"""
_ENTRIES = """
INSERT INTO engine_entry (retailer_id, lane_id, position, delivery_id, message_id, attempts, trigger)
SELECT *, 0, 'auto' FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::uuid[], %s::uuid[])
"""
_DISPOSE = """
UPDATE ledger_message m SET disposition = t.disposition, rule = t.rule
FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS t (id, disposition, rule) WHERE m.id = t.id
"""
_VERSIONS = (
    "ON CONFLICT (key) DO UPDATE SET version = excluded.version, message_id = excluded.message_id, "
    "body_hash = excluded.body_hash"
)


async def route(connection: AsyncConnection, scope: Scope, config: PartnerConfig, slot: int) -> list[Hint]:
    """Route one batch in the caller's transaction. Empty when there is nothing to route or another drain is at it.

    Raises: FlowsChanged. A route is decided once: "no flow takes it" from what was read earlier would lose the message.
    """
    cursor = await connection.execute(
        "SELECT pg_try_advisory_xact_lock(hashtext('signalbox router'), hashtext(%s))", [scope.schema]
    )
    if not (await cursor.fetchone())[0]:
        return []
    cursor = await connection.execute(_NEXT, [Head.ROUTED, BATCH])
    messages = [Routable(*row[:-1], bytes(row[-1])) for row in await cursor.fetchall()]
    if not messages:
        return []
    await _insist_on_current_flows(connection, config)
    plan = plan_routes(scope.schema, messages, config.flows_by_source, await _versions(connection, messages))
    ended = await _write(connection, plan, slot)
    await insert_events(connection, masked_cards(scope, messages))
    await connection.execute("UPDATE engine_head SET position = %s WHERE id = %s", [messages[-1].position, Head.ROUTED])
    return _hints(messages, plan, ended)


async def _insist_on_current_flows(connection: AsyncConnection, config: PartnerConfig) -> None:
    """After the messages were read: whatever was configured before they came is seen."""
    cursor = await connection.execute(FLOWS_STAMP)
    if (await cursor.fetchone())[0] != config.flows_stamp:
        raise FlowsChanged


async def _versions(connection: AsyncConnection, messages: list[Routable]) -> dict[bytes, Known]:
    keys = list({message.object_key for message in messages if message.source_version})
    cursor = await connection.execute(
        "SELECT key, version, message_id, body_hash FROM ledger_objectversion WHERE key = ANY(%s)", [keys]
    )
    return {bytes(key): Known(version, first, bytes(body)) for key, version, first, body in await cursor.fetchall()}


async def _write(connection: AsyncConnection, plan: Plan, slot: int) -> list[Superseded]:
    """What older deliveries it made pointless."""
    now = datetime.now(UTC)
    await bulk.insert(
        connection,
        bulk.OBJECT_VERSIONS,
        [(key, m.retailer_id, m.source_version, m.id, m.body_hash) for key, m in sorted(plan.newest.items())],
        _VERSIONS,
    )
    await bulk.insert(connection, bulk.DELIVERIES, [_delivery_row(planned, now) for planned in plan.deliveries])
    lanes = await _into_lanes(connection, plan.deliveries)
    ended = await supersede_waiting(connection, lanes, now) if lanes else []
    if plan.disposed:
        ids, dispositions, rules = zip(*((m.id, d, r) for m, d, r in plan.disposed), strict=True)
        await connection.execute(_DISPOSE, [array("uuid", ids), array("text", dispositions), array("text", rules)])
    await bulk.insert(connection, bulk.EXCEPTIONS, [_unreadable_row(message, now) for message in plan.unreadable])
    counted = [_counted(message, disposition) for message, disposition, _ in plan.disposed]
    counted += [_counted(message, Disposition.UNREADABLE) for message in plan.unreadable]
    counted += [one.counted(now) for one in ended]
    if counted:
        await connection.execute(*upsert(counted, slot))
    return ended


def _delivery_row(planned: Planned, now: datetime) -> tuple[object, ...]:
    message, flow = planned.message, planned.flow
    return (
        planned.id,
        message.id,
        message.retailer_id,
        flow.id,
        flow.key,
        flow.target_id,
        flow.target_key,
        planned.operation,
        message.object_type,
        message.object_id,
        message.source_version,
        planned.lane_key,
        "live",
        Delivery.State.WAITING,
        planned.idempotency_key,
        planned.reference,
        message.trace_id,
        message.received_at,
        now,
    )


async def _into_lanes(connection: AsyncConnection, deliveries: list[Planned]) -> list[int]:
    """The lanes in which only the newest entry counts."""
    if not deliveries:
        return []
    wanted = {(p.flow.id, p.lane_key): (p.message.retailer_id, p.flow.target_id) for p in deliveries}
    rows = [(retailer, flow_id, key, target) for (flow_id, key), (retailer, target) in sorted(wanted.items())]
    cursor = await connection.execute(_LANES, arrays(("bigint", "bigint", "text", "bigint"), rows))
    lanes = {(flow_id, key): lane_id for lane_id, flow_id, key in await cursor.fetchall()}
    entries = [
        (p.message.retailer_id, lanes[p.flow.id, p.lane_key], p.message.position, p.id, p.message.id)
        for p in deliveries
    ]
    await connection.execute(_ENTRIES, arrays(("bigint", "bigint", "bigint", "uuid", "uuid"), entries))
    newest_only = {(p.flow.id, p.lane_key) for p in deliveries if p.flow.mode == Flow.Mode.LATEST_WINS}
    return sorted(lanes[key] for key in newest_only)


def _unreadable_row(message: Routable, now: datetime) -> tuple[object, ...]:
    return open_exception(
        retailer_id=message.retailer_id,
        message_id=message.id,
        connection_key=message.connection_key,
        connector=message.connector,
        operation=message.topic,
        error_class="unreadable",
        title=message.rule,
        detail="The body is kept exactly as it came.",
        at=now,
    )


def _counted(message: Routable, disposition: str) -> Counted:
    return Counted(
        minute=message.received_at,
        retailer_id=message.retailer_id,
        kind="disposed",
        outcome=disposition,
        connection_key=message.connection_key,
        api_version=message.api_version,
    )


def _hints(messages: list[Routable], plan: Plan, ended: list[Superseded]) -> list[Hint]:
    """One a message; `notify_sql` sends one a retailer and topic."""
    hints = [messages_changed(message.retailer_id, message.id) for message in messages]
    hints += [messages_changed(one.retailer_id, one.message_id) for one in ended]
    hints += [exception_changed(one.retailer_id) for one in ended if one.was_tried]
    return hints + [exception_changed(message.retailer_id) for message in plan.unreadable]
