"""T1, first half: messages not yet routed become deliveries and lane entries, in the position order of each retailer.

One router at a time a partner, by an advisory try-lock; whoever does not get it has nothing to route. Which messages
are next is said in `connectors.engine.drain.turns`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from psycopg import AsyncConnection

from connectors.engine.config import FLOWS_STAMP, FlowsChanged, PartnerConfig
from connectors.engine.drain.claim import body_of
from connectors.engine.drain.lanes import BODIES, into_lanes
from connectors.engine.drain.rooms import Rooms
from connectors.engine.drain.routing import Known, Plan, Planned, Routable, plan_routes
from connectors.engine.drain.supersede import Superseded, supersede_waiting
from connectors.engine.drain.turns import Reached, Turn, advance
from connectors.engine.drain.work import Work
from connectors.engine.files.findings import class_and_detail
from connectors.engine.rules.language import Ruling
from connectors.engine.rules.selectors import document_of
from connectors.engine.trail import masked_cards
from governance.audit.raw import insert_events
from monitoring.exceptions.rows import open_exception
from monitoring.ledger import bulk
from monitoring.ledger.hints import Hint, exception_changed, messages_changed
from monitoring.ledger.models import Delivery, Disposition
from monitoring.rollups.writer import Counted, upsert
from tenants.arrays import array, arrays
from tenants.context import Scope

_KNOWN = "SELECT key, version, message_id, body_hash FROM ledger_objectversion WHERE key = ANY(%s)"
_DISPOSE = """
UPDATE ledger_message m SET disposition = t.disposition, rule = t.rule
FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS t (id, disposition, rule) WHERE m.id = t.id
"""
_VERSIONS = (
    "ON CONFLICT (key) DO UPDATE SET version = excluded.version, message_id = excluded.message_id, "
    "body_hash = excluded.body_hash"
)


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages next in position order, and what is to become of them."""

    messages: list[Routable]
    plan: Plan
    reached: Reached


async def plan_batch(connection: AsyncConnection, scope: Scope, config: PartnerConfig, turn: Turn) -> Batch:
    """For `write_batch` in the same transaction.

    Raises: FlowsChanged. A route is decided once: "no flow takes it" from what was read earlier would lose the message.
    """
    messages = turn.messages
    # After the messages were read: whatever was configured before they came is seen.
    stamp = await connection.execute(FLOWS_STAMP)
    keys = {message.object_key for message in messages if message.source_version}
    known = await connection.execute(_KNOWN, [array("bytea", sorted(keys))], binary=True)
    if (await stamp.fetchone())[0] != config.flows_stamp:
        raise FlowsChanged
    versions = {bytes(key): Known(version, first, bytes(body)) for key, version, first, body in await known.fetchall()}
    rulings = await _rulings(connection, config, messages)
    return Batch(messages, plan_routes(scope.schema, messages, config.flows_by_source, versions, rulings), turn.reached)


async def _rulings(
    connection: AsyncConnection, config: PartnerConfig, messages: Sequence[Routable]
) -> dict[UUID, Ruling]:
    """What the rules say of those whose source has any. Only theirs are read before they are routed."""
    ruled = [message for message in messages if message.connection_id in config.rules]
    if not ruled:
        return {}
    found = await connection.execute(BODIES, [array("uuid", [message.id for message in ruled])], binary=True)
    bodies = {message_id: body_of(*payload) for message_id, *payload in await found.fetchall()}
    return {
        message.id: config.rules[message.connection_id].ruling(document_of(message, bodies.get(message.id, b"")))
        for message in ruled
    }


def targets_of(messages: Sequence[Routable], config: PartnerConfig) -> set[int]:
    """Connections that may be called for them at once."""
    sources = {message.connection_id for message in messages}
    return {flow.target_id for source in sources for flow in config.flows_by_source.get(source, ()) if flow.active}


async def write_batch(
    connection: AsyncConnection, scope: Scope, batch: Batch, rooms: Rooms, *, holder: int, slot: int
) -> tuple[list[Hint], list[Work]]:
    """Deliveries into their lanes; a new lane is leased at its birth where its endpoint has room."""
    plan = batch.plan
    now = datetime.now(UTC)
    await _remember_versions(connection, plan)
    await bulk.insert(connection, bulk.DELIVERIES, [_delivery_row(planned, now) for planned in plan.deliveries])
    lanes = await into_lanes(connection, plan.deliveries, rooms, holder)
    ended = await supersede_waiting(connection, lanes.newest_only, now) if lanes.newest_only else []
    await _dispose(connection, plan, now)
    counted = [*_counted(plan), *(one.counted(now) for one in ended)]
    if counted:
        await connection.execute(*upsert(counted, slot))
    await insert_events(connection, masked_cards(scope, batch.messages))
    await advance(connection, batch.reached)
    return _hints(batch.messages, plan, ended), lanes.works


async def _remember_versions(connection: AsyncConnection, plan: Plan) -> None:
    rows = [(key, m.retailer_id, m.source_version, m.id, m.version_hash) for key, m in sorted(plan.newest.items())]
    await bulk.insert(connection, bulk.OBJECT_VERSIONS, rows, _VERSIONS)


async def _dispose(connection: AsyncConnection, plan: Plan, now: datetime) -> None:
    if plan.disposed:
        rows = [(message.id, disposition, rule) for message, disposition, rule in plan.disposed]
        await connection.execute(_DISPOSE, arrays(("uuid", "text", "text"), rows))
    await bulk.insert(connection, bulk.EXCEPTIONS, [_unreadable_row(message, now) for message in plan.unreadable])


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
        planned.ruling.text,
    )


def _unreadable_row(message: Routable, now: datetime) -> tuple[object, ...]:
    error_class, detail = class_and_detail(message.topic)
    return open_exception(
        retailer_id=message.retailer_id,
        message_id=message.id,
        connection_key=message.connection_key,
        connector=message.connector,
        operation=message.topic,
        error_class=error_class,
        title=message.rule,
        detail=detail,
        at=now,
    )


def _counted(plan: Plan) -> Iterator[Counted]:
    disposed = [(message, disposition) for message, disposition, _ in plan.disposed]
    for message, disposition in disposed + [(message, Disposition.UNREADABLE) for message in plan.unreadable]:
        yield Counted(
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
