"""One group of arrivals into the ledger: one partner, one transaction, one statement.

The head row's lock makes position the commit order. Event keys decide what is new; only new events make messages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from psycopg import AsyncConnection

from connectors.engine.intake.arrival import Arrival, Receipt, Verdict
from monitoring.exceptions.rows import security_conflict
from monitoring.ledger import bulk, payloads
from monitoring.ledger.models import Disposition
from monitoring.rollups.histogram import bucket
from monitoring.rollups.writer import Counted, upsert
from tenants.ids import uuid7

ARRIVALS = bulk.Table(
    "arrivals",
    {
        "id": "uuid",
        "key": "bytea",
        "retailer_id": "bigint",
        "connection_id": "bigint",
        "connection_key": "text",
        "connector": "text",
        "door": "text",
        "topic": "text",
        "event_id": "text",
        "object_type": "text",
        "object_id": "text",
        "source_version": "text",
        "order_key": "text",
        "api_version": "text",
        "received_at": "timestamptz",
        "occurred_at": "timestamptz",
        "body_hash": "bytea",
        "size": "integer",
        "masked": "integer",
        "trace_id": "text",
        "cause_id": "uuid",
        "disposition": "text",
        "rule": "text",
        "delay": "smallint",
        "format": "smallint",
        "key_id": "text",
        "body": "bytea",
    },
)
_MESSAGE = (
    "retailer_id, connection_id, connection_key, connector, door, topic, event_id, object_type, object_id, "
    "source_version, order_key, api_version, received_at, occurred_at, body_hash, size, masked, trace_id, cause_id, "
    "disposition, rule"
)
# Arrivals of a partner pass the head row's lock one by one, so the intake's writers share one rollup slot.
SLOT = 0
# `input` reads `head`, so the head row is locked before any key is written: two groups never wait for each other
# crosswise.
STORE = f"""
WITH head AS (
    UPDATE engine_head SET position = position + %s WHERE id = 1 RETURNING position - %s AS base
), input AS (
    SELECT a.*, head.base + a.n AS position
    FROM head, {ARRIVALS.unnest} WITH ORDINALITY AS a ({ARRIVALS.columns}, n)
), fresh AS (
    INSERT INTO ledger_eventkey (key, retailer_id, message_id, body_hash, created_at)
    SELECT key, retailer_id, id, body_hash, received_at FROM input ORDER BY n
    ON CONFLICT (key) DO NOTHING RETURNING message_id
), stored AS (
    INSERT INTO ledger_message (id, position, {_MESSAGE})
    SELECT id, position, {_MESSAGE} FROM input JOIN fresh ON fresh.message_id = input.id
), bodies AS (
    INSERT INTO ledger_payload (id, retailer_id, format, key_id, body)
    SELECT id, retailer_id, format, key_id, body FROM input JOIN fresh ON fresh.message_id = input.id
), named AS (
    INSERT INTO ledger_businesskey (id, retailer_id, type, value, message_id)
    SELECT k.* FROM {bulk.BUSINESS_KEYS.unnest} AS k ({bulk.BUSINESS_KEYS.columns})
    JOIN fresh ON fresh.message_id = k.message_id
    ON CONFLICT DO NOTHING
), noted AS (
    INSERT INTO rollups_late SELECT DISTINCT date_trunc('minute', received_at) FROM input
    WHERE received_at < now() - interval '2 minutes'
), counted AS (
    INSERT INTO rollups_minute AS r (minute, retailer_id, kind, outcome, connection_key, flow_key, store_key,
        api_version, currency, slot, count, value, histogram)
    SELECT date_trunc('minute', received_at), retailer_id, 'received', '', connection_key, '', '', api_version, '',
        {SLOT}, count(*), 0, rollups_count(array_agg(delay) FILTER (WHERE delay IS NOT NULL))
    FROM input JOIN fresh ON fresh.message_id = input.id
    GROUP BY 1, 2, 5, 8
    ON CONFLICT (minute, retailer_id, kind, outcome, connection_key, flow_key, store_key, api_version, currency, slot)
    DO UPDATE SET count = r.count + excluded.count, histogram = rollups_add(r.histogram, excluded.histogram)
)
SELECT message_id FROM fresh
"""  # noqa: S608 - every name in it is ours


def _row(arrival: Arrival) -> tuple[object, ...]:
    source, subject = arrival.source, arrival.subject
    return (
        arrival.id,
        arrival.key,
        source.retailer_id,
        source.connection_id,
        source.connection_key,
        source.connector,
        arrival.door,
        arrival.topic,
        arrival.event_id,
        subject.object_type,
        subject.object_id,
        subject.source_version,
        subject.order_key or subject.object_id,
        arrival.api_version,
        arrival.received_at,
        subject.occurred_at,
        arrival.body_hash,
        arrival.size,
        arrival.masked,
        arrival.trace_id,
        arrival.cause_id,
        Disposition.UNREADABLE if arrival.unreadable else Disposition.ROUTED,
        arrival.unreadable,
        None if arrival.delay is None else bucket(arrival.delay / timedelta(microseconds=1)),
        *payloads.encode(arrival.body),
    )


def _business_keys(arrivals: Sequence[Arrival]) -> list[object]:
    rows = [
        (uuid7(), arrival.source.retailer_id, type_, value, arrival.id)
        for arrival in arrivals
        for type_, value in arrival.subject.business_keys
    ]
    return bulk.BUSINESS_KEYS.values(rows)


async def store(connection: AsyncConnection, arrivals: Sequence[Arrival]) -> list[Receipt]:
    """Store what is new, record what is not; one receipt an arrival, in order. `connection` is in autocommit."""
    columns = ARRIVALS.values([_row(arrival) for arrival in arrivals])
    count = len(arrivals)
    cursor = await connection.execute(STORE, [count, count, *columns, *_business_keys(arrivals)])
    fresh = {row[0] for row in await cursor.fetchall()}
    if len(fresh) == count:
        return [Receipt(Verdict.ACCEPTED, arrival.id) for arrival in arrivals]
    return await _with_repeats(connection, arrivals, fresh)


async def _with_repeats(connection: AsyncConnection, arrivals: Sequence[Arrival], fresh: set[UUID]) -> list[Receipt]:
    known = [arrival for arrival in arrivals if arrival.id not in fresh]
    async with connection.transaction():
        cursor = await connection.execute(
            "SELECT key, message_id, body_hash FROM ledger_eventkey WHERE key = ANY(%s)", [[a.key for a in known]]
        )
        first = {bytes(key): (message_id, bytes(body_hash)) for key, message_id, body_hash in await cursor.fetchall()}
        receipts = {arrival.id: _receipt(arrival, *first[arrival.key]) for arrival in known}
        await _record_repeats(connection, known, receipts)
    return [receipts.get(arrival.id) or Receipt(Verdict.ACCEPTED, arrival.id) for arrival in arrivals]


def _receipt(arrival: Arrival, message_id: UUID, body_hash: bytes) -> Receipt:
    same = body_hash == arrival.body_hash
    return Receipt(Verdict.REPEAT if same else Verdict.CONFLICT, message_id)


async def _record_repeats(
    connection: AsyncConnection, arrivals: Sequence[Arrival], receipts: dict[UUID, Receipt]
) -> None:
    """A row a repeat; for another body under the same event also that body, and an exception a person sees."""
    await bulk.insert(connection, bulk.REPEATS, [_repeat(arrival, receipts[arrival.id]) for arrival in arrivals])
    conflicts = [arrival for arrival in arrivals if receipts[arrival.id].verdict is Verdict.CONFLICT]
    bodies = [payloads.row(arrival.id, arrival.source.retailer_id, arrival.body) for arrival in conflicts]
    await bulk.insert(connection, bulk.PAYLOADS, bodies)
    await _open_conflicts(connection, {receipts[arrival.id].message_id: arrival for arrival in conflicts})
    counted = [_counted(arrival, receipts[arrival.id].verdict) for arrival in arrivals]
    await connection.execute(*upsert(counted, SLOT))


def _repeat(arrival: Arrival, receipt: Receipt) -> tuple[object, ...]:
    source = arrival.source
    return (
        arrival.id,
        receipt.message_id,
        source.retailer_id,
        source.connection_id,
        source.connection_key,
        arrival.topic,
        arrival.event_id,
        arrival.received_at,
        receipt.verdict is Verdict.REPEAT,
    )


async def _open_conflicts(connection: AsyncConnection, conflicts: Mapping[UUID, Arrival]) -> None:
    """One open exception a message, however often its sender insists."""
    cursor = await connection.execute(
        "SELECT message_id FROM exceptions_exceptionitem"
        " WHERE message_id = ANY(%s) AND error_class = 'security' AND state = 'open'",
        [list(conflicts)],
    )
    known = {row[0] for row in await cursor.fetchall()}
    rows = [
        security_conflict(
            retailer_id=arrival.source.retailer_id,
            message_id=message_id,
            connection_key=arrival.source.connection_key,
            event_id=arrival.event_id,
            at=arrival.received_at,
        )
        for message_id, arrival in conflicts.items()
        if message_id not in known
    ]
    await bulk.insert(connection, bulk.EXCEPTIONS, rows)


def _counted(arrival: Arrival, verdict: Verdict) -> Counted:
    return Counted(
        minute=arrival.received_at,
        retailer_id=arrival.source.retailer_id,
        kind="repeated",
        outcome="conflict" if verdict is Verdict.CONFLICT else "",
        connection_key=arrival.source.connection_key,
    )
