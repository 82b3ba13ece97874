"""Set-based writes for the hot paths: one statement for any number of rows.

`INSERT … SELECT unnest(…)`, because COPY knows no ON CONFLICT and is refused under row-level security.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from psycopg import AsyncConnection

from tenants.arrays import arrays


@dataclass(frozen=True)
class Table:
    """A table and the columns we write, with their SQL types."""

    name: str
    types: dict[str, str]

    @cached_property
    def columns(self) -> str:
        return ", ".join(self.types)

    @cached_property
    def unnest(self) -> str:
        """`unnest(%s::uuid[], %s::text[], …)`, one placeholder a column."""
        return "unnest(" + ", ".join(f"%s::{kind}[]" for kind in self.types.values()) + ")"

    @cached_property
    def insert_sql(self) -> str:
        return f"INSERT INTO {self.name} ({self.columns}) SELECT * FROM {self.unnest}"  # noqa: S608 - names are ours

    def values(self, rows: Sequence[Sequence[Any]]) -> list[Any]:
        """Rows turned into one array a column: the parameters of `unnest`."""
        return arrays(tuple(self.types.values()), rows)


async def insert(connection: AsyncConnection, table: Table, rows: Sequence[Sequence[Any]], suffix: str = "") -> None:
    if rows:
        await connection.execute(f"{table.insert_sql} {suffix}", table.values(rows))


PAYLOADS = Table(
    "ledger_payload", {"id": "uuid", "retailer_id": "bigint", "format": "smallint", "key_id": "text", "body": "bytea"}
)
REPEATS = Table(
    "ledger_repeat",
    {
        "id": "uuid",
        "message_id": "uuid",
        "retailer_id": "bigint",
        "connection_id": "bigint",
        "connection_key": "text",
        "topic": "text",
        "event_id": "text",
        "received_at": "timestamptz",
        "same_body": "boolean",
    },
)
DELIVERIES = Table(
    "ledger_delivery",
    {
        "id": "uuid",
        "message_id": "uuid",
        "retailer_id": "bigint",
        "flow_id": "bigint",
        "flow_key": "text",
        "connection_id": "bigint",
        "connection_key": "text",
        "operation": "text",
        "object_type": "text",
        "object_id": "text",
        "source_version": "text",
        "lane_key": "text",
        "kind": "text",
        "state": "text",
        "idempotency_key": "uuid",
        "reference": "text",
        "trace_id": "text",
        "received_at": "timestamptz",
        "created_at": "timestamptz",
        "rule": "text",
    },
)
ATTEMPTS = Table(
    "ledger_attempt",
    {
        "id": "uuid",
        "delivery_id": "uuid",
        "message_id": "uuid",
        "retailer_id": "bigint",
        "flow_key": "text",
        "connection_key": "text",
        "operation": "text",
        "number": "integer",
        "trigger": "text",
        "started_at": "timestamptz",
        "duration_us": "bigint",
        "transform_us": "bigint",
        "target_us": "bigint",
        "outcome": "text",
        "error_class": "text",
        "error_message": "text",
        "error_detail": "text",
        "version_requested": "text",
        "version_served": "text",
        "worker": "text",
    },
)
STEPS = Table(
    "ledger_step",
    {
        "id": "uuid",
        "attempt_id": "uuid",
        "retailer_id": "bigint",
        "number": "integer",
        "name": "text",
        "changes": "boolean",
        "method": "text",
        "target": "text",
        "status": "integer",
        "started_at": "timestamptz",
        "duration_us": "bigint",
        "version_requested": "text",
        "version_served": "text",
        "request_id": "uuid",
        "response_id": "uuid",
        "error": "text",
    },
)
FACTS = Table(
    "ledger_fact",
    {
        "message_id": "uuid",
        "retailer_id": "bigint",
        "object_type": "text",
        "number": "text",
        "value": "numeric",
        "currency": "text",
        "units": "numeric",
        "store_key": "text",
        "channel": "text",
        "counterparty": "bytea",
        "occurred_at": "timestamptz",
    },
)
BUSINESS_KEYS = Table(
    "ledger_businesskey", {"id": "uuid", "retailer_id": "bigint", "type": "text", "value": "text", "message_id": "uuid"}
)
OBJECT_VERSIONS = Table(
    "ledger_objectversion",
    {"key": "bytea", "retailer_id": "bigint", "version": "text", "message_id": "uuid", "body_hash": "bytea"},
)
EXCEPTIONS = Table(
    "exceptions_exceptionitem",
    {
        "id": "uuid",
        "retailer_id": "bigint",
        "message_id": "uuid",
        "delivery_id": "uuid",
        "flow_key": "text",
        "connection_key": "text",
        "error_class": "text",
        "title": "text",
        "detail": "text",
        "fingerprint": "text",
        "state": "text",
        "resolution": "text",
        "order_number": "text",
        "store_key": "text",
        "value": "numeric",
        "currency": "text",
        "opened_at": "timestamptz",
        "last_seen_at": "timestamptz",
        "failures": "integer",
    },
)
TRANSITIONS = Table(
    "exceptions_transition",
    {
        "id": "uuid",
        "retailer_id": "bigint",
        "exception_id": "uuid",
        "at": "timestamptz",
        "from_state": "text",
        "to_state": "text",
        "by": "text",
        "reason": "text",
    },
)
