"""A retailer whose shop is connected to the fake ERP, in a database that may be committed: the engine for real."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from connectors import library
from connectors.engine.config import ConfigBook
from connectors.engine.drain.claim import LEASE_SECONDS, claim, end_dead_leases
from connectors.engine.drain.rooms import Rooms, ask_rooms
from connectors.engine.drain.route import plan_batch, write_batch
from connectors.engine.drain.turns import next_turn
from connectors.engine.drain.work import Work
from connectors.engine.drain.worker import Drain
from connectors.engine.intake.address import secret_hash
from connectors.engine.intake.app import Intake
from connectors.engine.models import Behind, Entry, Head
from connectors.sdk.connector import Connector
from governance.access.principal import command
from governance.credentials.services import store_secret
from governance.egress.services import allow_host
from governance.registry.models import Flow, RetailConnection
from monitoring.ledger.models import Message
from tenants.asyncdb import scoped
from tenants.context import Scope, in_scope, partner_scope, scope_of
from tenants.partners.models import Partner
from tenants.retailers.models import Retailer
from tests.paths import ROOT
from tests.support.cluster import TestCluster
from tests.support.fake_erp import CONNECTORS, FakeErp, running_erp
from tests.support.orders import body_of, signed

SIGNING = "shpss_test_signing_secret"
ADDRESS = "abcdefghijklmnopqrstuvwxyz234567"
BY = command("tests")


@dataclass
class World:
    """A retailer of Northgate's: shop → fake ERP, and what tests do with them. Harbour & Pine, if none is named."""

    scope: Scope
    erp: FakeErp
    shop: RetailConnection
    flow: Flow
    intake: Intake = field(default_factory=Intake)
    host: str = "northgate.localhost"
    address: str = ADDRESS

    async def post(
        self, document: Any, topic: str = "orders/create", *, event_id: str = "", **overrides: Any
    ) -> tuple[int, dict[str, Any]]:
        """Send one webhook to the intake as ASGI: (status, answer)."""
        body = document if isinstance(document, bytes) else body_of(document)
        headers = signed(body, overrides.get("secret", SIGNING), topic, event_id=event_id)
        headers |= {"host": overrides.get("host", self.host), "content-length": str(len(body))}
        headers |= overrides.get("headers", {})
        path = overrides.get("path", f"/in/{self.scope.schema.removeprefix('p_')}-{self.address}")
        return await call_asgi(self.intake, path, headers, body, method=overrides.get("method", "POST"))

    async def settle(self, *, within_seconds: float = 6.0) -> None:
        """Run a drain until every message is routed and no lane has due work."""
        async with self.draining():
            await self.quiet(within_seconds=within_seconds)

    @asynccontextmanager
    async def draining(self) -> AsyncIterator[None]:
        """One drain, with what it has read and remembers, for the length of a block."""
        drain = Drain()
        task = asyncio.create_task(drain.run())
        try:
            yield
        finally:
            drain.stop()
            await task

    async def quiet(self, *, within_seconds: float = 6.0) -> None:
        async with asyncio.timeout(within_seconds):
            while not await in_scope(self.scope, _quiet):
                await asyncio.sleep(0.02)

    async def ask(self, fn: Any, *args: Any) -> Any:
        """Run a query function in the partner's scope."""
        return await in_scope(self.scope, fn, *args)


def _quiet() -> bool:
    routed = Head.objects.get(pk=Head.ROUTED).position
    waiting = Message.objects.filter(position__gt=routed).exists() or Behind.objects.exists()
    return not waiting and not Entry.objects.filter(lane__parked=False).exists()


async def take(connection: AsyncConnection, *, holder: int, limit: int, suspects: bool = True) -> list[Work]:
    """What a drain with that holder id would lease now; the ids of tests are those of dead drains."""
    await end_dead_leases(connection, holder=0)
    async with connection.transaction():
        rooms = await (await ask_rooms(connection, limit)).rooms()
        return await claim(connection, rooms, holder=holder, rng=random.Random(7), suspects=suspects)


async def route_only(world: World, pool: AsyncConnectionPool) -> None:
    """Everything into its lanes and nothing out of them."""
    config = await ConfigBook().of(world.scope)
    async with scoped(pool, world.scope) as connection, connection.transaction():
        turn = await next_turn(connection, world.scope.schema, 256, random.Random(7))
        batch = await plan_batch(connection, world.scope, config, turn)
        await write_batch(connection, world.scope, batch, Rooms(0), holder=0, slot=999)


_DRAIN = """
import asyncio, django
django.setup()
from connectors import library
from connectors.engine.drain import claim, lanes
from connectors.engine.drain.worker import Drain
from tests.support.fake_erp import CONNECTORS
claim.LEASE_SECONDS = lanes.LEASE_SECONDS = {lease_seconds}
def point(connector):
    return type("Point", (), {{"load": lambda self: connector}})()
library._elsewhere = lambda: {{key: point(connector) for key, connector in CONNECTORS.items()}}
asyncio.run(Drain().run())
"""


@contextmanager
def drain_process(
    committed: TestCluster, log: Path, *, lease_seconds: int = LEASE_SECONDS
) -> Iterator[subprocess.Popen[bytes]]:
    """A drain in a process of its own, to be stopped or killed. It knows the fake ERP's connectors."""
    environment = {
        **os.environ,
        "APP_DATABASE_URL": committed.app_url(settings.DATABASES["default"]["NAME"]),
        "SIGNALBOX_KEYS_DIR": str(settings.KEYS_DIR),
    }
    command = [sys.executable, "-W", "ignore", "-c", _DRAIN.format(lease_seconds=lease_seconds)]
    with open(log, "wb") as file:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=file)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def call_asgi(
    app: Any, path: str, headers: dict[str, str], body: bytes, *, method: str = "POST"
) -> tuple[int, dict[str, Any]]:
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    answer = sent[1]["body"]
    return sent[0]["status"], json.loads(answer) if answer else {}


@dataclass(frozen=True)
class _Point:
    """What the connector registry asks of an entry point."""

    connector: Connector

    def load(self) -> Connector:
        return self.connector


@pytest.fixture
def fake_connectors(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The fake ERP's connectors are found as if another package had brought them."""
    points = {key: _Point(connector) for key, connector in CONNECTORS.items()}
    library.connector.cache_clear()
    monkeypatch.setattr(library, "_elsewhere", lambda: points)
    yield
    library.connector.cache_clear()


@pytest.fixture
def erp() -> Iterator[FakeErp]:
    with running_erp() as server:
        yield server


@pytest.fixture
async def world(committed: Any, fake_connectors: None, erp: FakeErp) -> AsyncIterator[World]:
    """Idempotency class SEARCH_FIRST; use `world.flow` and `connect` for others."""
    made = await asyncio.to_thread(connect, erp, "fake_search")
    await made.intake.start()
    yield made
    await made.intake.stop()
    await asyncio.to_thread(_close)


def _close() -> None:
    connection.close()


def connect(
    erp: FakeErp, connector: str, *, mode: str = Flow.Mode.STRICT, of: str = "harbour-pine", address: str = ADDRESS
) -> World:
    partner = Partner.objects.get(key="northgate")
    with partner_scope(partner.schema_name):
        retailer = Retailer.objects.get(key=of)
        mark = "" if of == "harbour-pine" else f"{of}-"
        shop = RetailConnection.objects.create(
            retailer=retailer, key=f"{mark}shop", label="Shop", connector="shopify", intake_hash=secret_hash(address)
        )
        target = RetailConnection.objects.create(
            retailer=retailer, key=f"{mark}erp", label="ERP", connector=connector, config={"url": erp.url}
        )
        store_secret(
            connection_id=shop.pk,
            retailer_id=retailer.pk,
            field="webhook_secret",
            value=SIGNING,
            purpose="verify",
            by=BY,
        )
        allow_host(url=erp.url, note="fake ERP", by=BY, reason="tests")
        flow = Flow.objects.create(
            retailer=retailer,
            key=f"{mark}sales",
            label="Sales to ERP",
            source=shop,
            target=target,
            operations={"order": "order.upsert", "refund": "refund.create"},
            mode=mode,
        )
    connection.close()
    return World(scope_of(partner.schema_name), erp, shop, flow, address=address)
