"""Harbour & Pine's shop on its way to an ERP that insists on what an order names."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection

from connectors.engine.needs.models import Need
from governance.registry.models import RetailConnection
from governance.registry.values.models import MappedValue
from monitoring.ledger.models import Delivery
from tests.support.engine import World, connect, erp, fake_connectors  # noqa: F401
from tests.support.fake_erp import FakeErp
from tests.support.orders import order

FIRST, SECOND = 5_000_001_001, 5_000_001_002


@pytest.fixture
async def needy(committed: Any, fake_connectors: None, erp: FakeErp) -> AsyncIterator[World]:  # noqa: F811
    made = await asyncio.to_thread(connect, erp, "fake_needy")
    await made.intake.start()
    yield made
    await made.intake.stop()
    await asyncio.to_thread(lambda: connection.close())


def states() -> list[str]:
    return list(Delivery.objects.order_by("id").values_list("state", flat=True))


async def until(world: World, *wanted: str, seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while await world.ask(states) != [*wanted]:
            await asyncio.sleep(0.02)


async def noted(world: World, count: int = 1) -> None:
    async with asyncio.timeout(10):
        while await world.ask(Need.objects.count) != count:
            await asyncio.sleep(0.02)


def after(number: int, needed: int = FIRST) -> dict[str, Any]:
    """An order that the ERP takes only once it has the other."""
    return order(number, note=str(needed))


def odd(number: int, sku: str, **changes: Any) -> dict[str, Any]:
    """An order of a product that only a value table knows."""
    made = order(number, **changes)
    made["line_items"][0]["sku"] = sku
    return made


def add_value(world: World, value: str, becomes: str, *, table: str = "sku") -> None:
    """As the change that brings it would."""
    MappedValue.objects.create(
        retailer_id=world.flow.retailer_id,
        source=world.shop,
        target=RetailConnection.objects.get(pk=world.flow.target_id),
        table=table,
        value=value,
        becomes=becomes,
        since=datetime.now(UTC),
    )


async def sent(world: World) -> list[str]:
    return [reference.rpartition("/")[2] for reference, _ in world.erp.journal.order]
