"""Harbour & Pine's own PostgreSQL, of which our login may read one table; the fake ERP takes what becomes of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection

from connectors.engine.polling.models import Cursor
from connectors.engine.polling.poller import Polled, poll_partner
from connectors.engine.polling.services import is_due
from governance.credentials.services import store_secret
from governance.egress.services import allow_host
from governance.registry.models import Flow, RetailConnection
from monitoring.ledger.models import Message
from tenants.context import partner_scope
from tests.support.cluster import TestCluster
from tests.support.engine import BY, World, erp, fake_connectors, world  # noqa: F401

DATABASE, READER, PASSWORD = "retail_of_harbour_pine", "signalbox_guest", "lantern-and-tide-7"
TABLE = """
CREATE SCHEMA pos;
CREATE TABLE pos.sale (
    sale_no bigint PRIMARY KEY, changed timestamptz, currency text NOT NULL DEFAULT 'USD', total numeric(12, 2),
    lines jsonb, created_at timestamp, shopper_email text DEFAULT 'ann@example.com'
);
"""
GRANTS = f"GRANT USAGE ON SCHEMA pos TO {READER}; GRANT SELECT ON pos.sale TO {READER};"


@dataclass
class Table:
    """`admin` is the retailer's own session."""

    world: World
    admin: psycopg.Connection
    url: str

    def sell(self, number: int, *, ago: timedelta = timedelta(hours=1), total: str = "10.00", by: Any = None) -> None:
        """Write the sale, or change it. `by`: another session of the retailer's than the first."""
        at = datetime.now(UTC) - ago
        line = f'[{{"line": 1, "sku": "HP-BAG-NVY-S", "quantity": 1, "unit_price": {total}}}]'
        (by or self.admin).execute(
            "INSERT INTO pos.sale (sale_no, changed, total, lines, created_at) VALUES (%s, %s, %s, %s, %s) "
            "ON CONFLICT (sale_no) DO UPDATE SET changed = excluded.changed, total = excluded.total, "
            "lines = excluded.lines",
            [number, at, total, line, at.replace(tzinfo=None)],
        )

    async def poll(self) -> Polled:
        """As if every stream were due now."""
        await self.world.ask(is_due)
        await self.world.ask(
            lambda: Cursor.objects.update(due_at=datetime.now(UTC) - timedelta(seconds=1), leased_until=None)
        )
        return await poll_partner(self.world.scope, seconds=20)

    async def cursor(self) -> Cursor:
        return await self.world.ask(Cursor.objects.get)

    async def taken(self) -> list[str]:
        """The sales of every message, as they came."""
        rows = Message.objects.filter(topic="sale/changed").order_by("position")
        return await self.world.ask(lambda: list(rows.values_list("object_id", flat=True)))

    async def configure(self, **config: str) -> None:
        def write() -> None:
            row = RetailConnection.objects.get(key="table")
            row.config = row.config | config
            row.save()

        await self.world.ask(write)


@pytest.fixture
async def table(world: World, committed: TestCluster) -> AsyncIterator[Table]:  # noqa: F811
    with psycopg.connect(committed.url(), autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        server.execute(f"DROP ROLE IF EXISTS {READER}")
        server.execute(f"CREATE ROLE {READER} LOGIN PASSWORD '{PASSWORD}'")
        server.execute(f"CREATE DATABASE {DATABASE}")
        with psycopg.connect(committed.url(DATABASE), autocommit=True) as admin:
            admin.execute(TABLE + GRANTS)
            url = f"postgresql://127.0.0.1:{committed.port}/{DATABASE}"
            await asyncio.to_thread(_connect, world, url)
            yield Table(world, admin, url)
        server.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")
        server.execute(f"DROP ROLE {READER}")


def _connect(world: World, url: str) -> None:  # noqa: F811
    with partner_scope(world.scope.schema):
        RetailConnection.objects.filter(pk=world.shop.pk).update(config={"poll_every": "off"})
        columns = "sale_no=id,changed=updated_at"
        config = {"address": url, "username": READER, "tls": "off", "table": "pos.sale", "columns": columns}
        made = RetailConnection.objects.create(
            retailer_id=world.shop.retailer_id, key="table", label="Sales", connector="sqltable", config=config
        )
        secret = {"field": "password", "value": PASSWORD, "purpose": "call"}
        store_secret(connection_id=made.pk, retailer_id=made.retailer_id, by=BY, **secret)
        allow_host(url=url, note="test database", by=BY, reason="tests")
        Flow.objects.create(
            retailer_id=made.retailer_id,
            key="table-to-erp",
            label="Table to ERP",
            source=made,
            target=world.flow.target,
            operations={"order": "order.upsert"},
        )
    connection.close()
