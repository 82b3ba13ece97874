"""The subscription is taken away at the shop, over its own control door: what follows is found, told and mended."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

from django.template.loader import render_to_string

from connectors.engine.polling.selectors import readings_of
from connectors.sandbox.shopify.client import ShopControl
from governance.registry.models import RetailConnection
from monitoring.exceptions.models import ExceptionItem
from tests.connectors.engine.polling.conftest import Polling

ADDRESS = "http://127.0.0.1:9/in/x"


def _shown() -> str:
    """What the connection's page says of its news."""
    shop = RetailConnection.objects.get(key="shop")
    page = SimpleNamespace(scope=SimpleNamespace(zone=ZoneInfo("UTC"), at=datetime.now(UTC)), times="absolute")
    return render_to_string("connections/_asked.html", {"asked": readings_of(shop), "connection": shop, "page": page})


async def test_a_subscription_removed_at_the_shop_loses_nothing_is_shown_and_can_be_made_again(polling: Polling):
    control = ShopControl(await polling.world.ask(_admin_url))
    await asyncio.to_thread(control.subscribe, address=ADDRESS)
    before = polling.sold()
    await polling.webhook(before)
    await polling.poll()
    assert "Nothing was missed" in await polling.world.ask(_shown)

    for subscription in await asyncio.to_thread(control.subscriptions):
        await asyncio.to_thread(control.unsubscribe, subscription["id"])
    orders = [polling.sold() for _ in range(3)]
    assert [(await polling.poll()).accepted, (await polling.poll()).accepted] == [3, 0]
    page = await polling.world.ask(_shown)
    assert "Webhooks are missing" in page
    assert "3 events" in page
    assert "Subscribe again" in page
    assert await polling.world.ask(
        lambda: list(ExceptionItem.objects.filter(state="open").values_list("error_class", "failures"))
    ) == [("missing_events", 3)]

    await asyncio.to_thread(control.subscribe, address=ADDRESS)
    for order in orders:  # as a vendor does that sends again what it could not
        await polling.webhook(order)
    assert (await polling.poll()).accepted == 0
    await polling.world.settle()
    assert await polling.delivered() == 4


def _admin_url() -> str:
    return RetailConnection.objects.get(key="shop").config["admin_url"]
