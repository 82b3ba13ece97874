"""Harbour & Pine's tills drop files on a real SFTP server; the fake ERP takes what becomes of them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from connectors.engine.files.sweep import sweep_partner
from governance.credentials.services import store_secret
from governance.egress.services import allow_host
from governance.registry.models import Flow, RetailConnection
from monitoring.ledger.models import Message
from tenants.context import partner_scope
from tests.support.engine import BY, World, erp, fake_connectors, world  # noqa: F401
from tests.support.sftp import PASSWORD, USER, SftpServer, running_sftp

HEADER = "receipt,till,sold_at,sku,description,quantity,unit_price,tax_name,tax_rate,tax_amount\n"
ROWS = (
    "R-1,1,2026-11-22T10:00:00+00:00,HP-TEE-NVY-M,Saltmarsh Tee,2,10.00,State Tax,0.05,1.00\n"
    "R-1,1,2026-11-22T10:00:00+00:00,HP-SCK-PNE-L,Trawler Sock,1,5.00,,,\n"
    "R-2,1,2026-11-22T10:05:00+00:00,HP-BAG-NVY-S,Ferry Tote,1,48.00,,,\n"
)
WHOLE = HEADER + ROWS + "TRAILER,rows=3,total=74.00\n"
NAME = "sales_S1_2026-11-22.csv"


@dataclass
class Drop:
    world: World
    server: SftpServer
    connection: RetailConnection
    written: int = 0
    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def put(self, text: str | bytes, name: str = NAME) -> Path:
        path = self.server.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        self.written += 1
        os.utime(path, (path.stat().st_mtime + self.written,) * 2)  # SFTP tells seconds, and a test has none to lose
        return path

    async def look(self, times: int = 1, *, later: timedelta = timedelta(minutes=2)) -> None:
        """Each look is a whole round of the beat, two minutes after the one before."""
        for _ in range(times):
            self.now += later
            await sweep_partner(self.world.scope.schema, at=self.now)

    async def messages(self, topic: str = "receipt/sold") -> list[Message]:
        return await self.world.ask(lambda: list(Message.objects.filter(topic=topic).order_by("position")))

    async def configure(self, **config: str) -> None:
        def write() -> None:
            row = RetailConnection.objects.get(pk=self.connection.pk)
            row.config = row.config | config
            row.save()

        await self.world.ask(write)

    async def rows(self, model: Any, **wanted: Any) -> list[Any]:
        return await self.world.ask(lambda: list(model.objects.filter(**wanted).order_by("pk")))


@pytest.fixture
async def drop(world: World, tmp_path: Path) -> AsyncIterator[Drop]:  # noqa: F811
    folder = tmp_path / "drop"
    folder.mkdir()
    async with running_sftp(folder) as server:
        made = await asyncio.to_thread(_connect, world, server)
        yield Drop(world, server, made)


def _connect(world: World, server: SftpServer) -> RetailConnection:  # noqa: F811
    with partner_scope(world.scope.schema):
        made = RetailConnection.objects.create(
            retailer_id=world.shop.retailer_id,
            key="tills",
            label="Tills",
            connector="filedrop",
            config={
                "address": server.url,
                "username": USER,
                "fingerprints": server.fingerprint,
                "names": "sales_{store}_{day}.csv",
                "currency": "USD",
            },
        )
        store_secret(
            connection_id=made.pk,
            retailer_id=made.retailer_id,
            field="password",
            value=PASSWORD,
            purpose="call",
            by=BY,
        )
        allow_host(url=server.url, note="test drop", by=BY, reason="tests")
        Flow.objects.create(
            retailer_id=made.retailer_id,
            key="tills-to-erp",
            label="Tills to ERP",
            source=made,
            target=world.flow.target,
            operations={"order": "order.upsert", "refund": "refund.create"},
        )
    connection.close()
    return made
