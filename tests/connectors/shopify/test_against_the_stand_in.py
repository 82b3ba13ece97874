"""The connector against `connectors/sandbox/shopify`: hundreds of drawn orders, changed in every way, over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from aiohttp.test_utils import TestServer

from connectors.canonical.encode import canonical_bytes
from connectors.canonical.invariants import breaches
from connectors.library import connector
from connectors.library.shopify import client
from connectors.library.shopify.probes import probe
from connectors.library.shopify.reader import READ_TOPIC
from connectors.sandbox.shopify.faults import Fault
from connectors.sandbox.shopify.options import CancelOptions, CreateOptions, EditOptions, RefundOptions
from connectors.sandbox.shopify.render.order import order as rendered
from connectors.sandbox.shopify.render.refund import refund as rendered_refund
from connectors.sandbox.shopify.server import application, open_shop
from connectors.sandbox.shopify.settings import Config
from connectors.sandbox.shopify.shop import Shop
from connectors.sdk import safe_json
from connectors.sdk.errors import CredentialRejected, Throttled, Unavailable
from connectors.sdk.testing import DirectCall

SHOPIFY = connector("shopify")
START = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
ORDERS = 300


@asynccontextmanager
async def open_stand_in(folder) -> AsyncIterator[tuple[Shop, DirectCall]]:
    shop = open_shop(folder, Config())
    server = TestServer(application(shop))
    await server.start_server()
    config = {"admin_url": str(server.make_url("")).rstrip("/"), "shop_domain": shop.app.shop}
    async with DirectCall(config=config, secrets={"access_token": shop.app.token}) as call:
        yield shop, call
    await server.close()


@pytest.fixture
async def stand_in(tmp_path):
    async with open_stand_in(tmp_path / "shop") as opened:
        yield opened


def as_sent(document):
    """Through JSON, as it travels."""
    return safe_json.parse(msgspec.json.encode(document))


def read(topic, document):
    (found,) = SHOPIFY.reader.canonical(topic, as_sent(document))
    return found


def test_every_order_and_refund_the_stand_in_draws_adds_up(tmp_path):
    shop = open_shop(tmp_path / "shop", Config())
    broken, kinds = [], set()
    for number in range(ORDERS):
        options = CreateOptions(at=START + timedelta(seconds=number), tip_cents=250 if number % 9 == 0 else None)
        placed = shop.create(options)["order_id"]
        if number % 3 == 0 and shop.sale(placed).captured:
            shipping = shop.sale(placed).shipping
            with_shipping = shipping is not None and shipping.net > 0
            shop.refund(placed, RefundOptions(shipping=with_shipping, keep_cents=100 if number % 5 == 0 else 0))
        elif number % 7 == 0:
            shop.cancel(placed, CancelOptions(refund=number % 2 == 0))
        sale = shop.sale(placed)
        found = read("orders/updated", rendered(sale, shop.app.shop))
        refunds = [read("refunds/create", rendered_refund(each, sale)) for each in sale.refunds]
        broken += [(one.id, breach) for one in (found, *refunds) for breach in breaches(one)]
        assert found.total == Decimal(sale.total) / 100
        kinds |= {charge.kind for one in (found, *refunds) for charge in one.charges}
    shop.store.close()
    assert broken == []
    assert {"tip", "shipping", "refund_discrepancy"} <= kinds


async def test_an_order_read_from_the_api_is_the_order_the_webhook_sent(stand_in):
    shop, call = stand_in
    for number in range(25):
        placed = shop.create(CreateOptions(at=START + timedelta(seconds=number)))["order_id"]
        by_read = read(READ_TOPIC, await client.order(call, str(placed)))
        by_webhook = read("orders/create", rendered(shop.sale(placed), shop.app.shop))
        for name in ("id", "number", "source_version", "total", "currency", "lines", "shipping", "charges", "taxes"):
            assert getattr(by_read, name) == getattr(by_webhook, name), name
        assert by_read.customer is None or by_read.customer.id == by_webhook.customer.id
        assert canonical_bytes(by_read)


async def test_the_version_asked_for_is_answered_and_an_ended_one_falls_forward(stand_in):
    shop, call = stand_in
    placed = shop.create(CreateOptions(at=START))["order_id"]
    await client.order(call, str(placed))
    call.config = {**call.config, "api_version": "2024-10"}
    await client.order(call, str(placed))
    assert [(step.requested, step.served) for step in call.steps] == [("2026-10", "2026-10"), ("2024-10", "2026-01")]


async def test_what_changed_since_is_listed_completely_and_in_order(stand_in):
    shop, call = stand_in
    placed = [shop.create(CreateOptions(at=START + timedelta(seconds=n)))["order_id"] for n in range(12)]
    shop.edit(placed[2], EditOptions(note="Ring twice", at=START + timedelta(minutes=30)))
    seen, cursor = [], None
    while True:
        page = await client.orders_updated_since(call, START + timedelta(seconds=5), cursor=cursor, limit=3)
        seen += [listed.id for listed in page.orders]
        cursor = page.cursor
        if cursor is None:
            break
    assert seen == [str(order) for order in (*placed[5:], placed[2])]


async def test_faults_of_the_shop_become_our_errors_and_pass(stand_in):
    shop, call = stand_in
    placed = str(shop.create(CreateOptions(at=START))["order_id"])
    for kind, expected in (("throttled", Throttled), ("error", Unavailable), ("garbage", Unavailable),
                           ("reset", Unavailable), ("revoked", CredentialRejected)):  # fmt: skip
        shop.set_fault(Fault(kind=kind, count=1))
        with pytest.raises(expected):
            await client.order(call, placed)
        assert await client.order(call, placed) is not None


async def test_the_probe_speaks_of_the_stand_in_shop(stand_in):
    shop, call = stand_in
    checks = {check.name: check for check in await probe(call)}
    assert checks["credential"].ok
    assert shop.app.shop in checks["credential"].sentence
    assert checks["scopes"].ok
    assert checks["webhooks"].missing
