"""A stand-in shop over HTTP, connected to the fake ERP: webhooks and polls bring the same orders."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from connectors.engine.polling.models import Cursor
from connectors.engine.polling.poller import Polled, poll_partner
from connectors.engine.polling.services import is_due
from connectors.sandbox.shopify.options import CreateOptions
from connectors.sandbox.shopify.render.order import order as rendered
from connectors.sandbox.shopify.render.refund import refund as rendered_refund
from connectors.sandbox.shopify.server import application, open_shop
from connectors.sandbox.shopify.settings import Config
from connectors.sandbox.shopify.shop import Shop
from governance.credentials.services import store_secret
from governance.egress.services import allow_host
from governance.registry.models import RetailConnection
from monitoring.ledger.models import Delivery, Message
from tests.support.engine import BY, World

LONG_AGO = timedelta(minutes=30)


@dataclass
class Polling:
    """The world of engine tests, with a shop that can be asked."""

    world: World
    shop: Shop

    def sold(self, *, ago: timedelta = LONG_AGO, **options: Any) -> int:
        """An order placed that long ago; its id."""
        at = (datetime.now(UTC) - ago).replace(microsecond=0)
        return self.shop.create(CreateOptions(at=at, channel="web", **options))["order_id"]

    def document(self, order_id: int) -> dict[str, Any]:
        return rendered(self.shop.sale(order_id), self.shop.app.shop)

    async def webhook(self, order_id: int, topic: str = "orders/create") -> None:
        status, _ = await self.world.post(self.document(order_id), topic)
        assert status == 202

    async def refund_webhook(self, order_id: int) -> None:
        sale = self.shop.sale(order_id)
        status, _ = await self.world.post(rendered_refund(sale.refunds[-1], sale), "refunds/create")
        assert status == 202

    async def poll(self) -> Polled:
        """As if every stream were due now."""
        await self.world.ask(is_due)
        await self.world.ask(lambda: Cursor.objects.update(due_at=datetime.now(UTC) - timedelta(seconds=1)))
        return await poll_partner(self.world.scope, seconds=20)

    async def cursor(self) -> Cursor:
        return await self.world.ask(Cursor.objects.get)

    async def doors(self) -> list[tuple[str, str]]:
        """(door, topic) of every message, as they came."""
        return await self.world.ask(lambda: list(Message.objects.order_by("position").values_list("door", "topic")))

    async def delivered(self) -> int:
        return await self.world.ask(lambda: Delivery.objects.filter(state="delivered").count())


@pytest.fixture
async def polling(world: World, tmp_path: Path) -> AsyncIterator[Polling]:
    shop = open_shop(tmp_path / "shop", Config())
    server = TestServer(application(shop))
    await server.start_server()
    await world.ask(_point_at, world, str(server.make_url("")).rstrip("/"), shop)
    yield Polling(world, shop)
    await server.close()


def _point_at(world: World, url: str, shop: Shop) -> None:
    config = {"shop_domain": shop.app.shop, "admin_url": url}
    RetailConnection.objects.filter(pk=world.shop.pk).update(config=config)
    store_secret(
        connection_id=world.shop.pk,
        retailer_id=world.shop.retailer_id,
        field="access_token",
        value=shop.app.token,
        purpose="call",
        by=BY,
    )
    allow_host(url=url, note="stand-in", by=BY, reason="tests")
