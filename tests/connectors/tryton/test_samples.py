"""Orders and refunds that others captured: each becomes a document of the same total in a real Tryton.

The samples are not ours to ship; where they are absent these tests are skipped, and say so.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from connectors.canonical.order import Order
from connectors.library.shopify.connector import connector as shopify
from connectors.sandbox.tryton.catalogue import Item
from connectors.sdk import safe_json
from tests.connectors.tryton.attempts import Shop
from tests.paths import SAMPLES

FOLDER = SAMPLES / "shopify"
pytestmark = [
    pytest.mark.tryton,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="the samples are not here"),
]
# In this order: the refund belongs to the second order. What breaks an invariant is refused before it gets here.
ORDERS = (
    ("rest_2024-10_order_450789469", "processing"),
    ("rest_2022-04_order_450789469", "processing"),
    ("rest_2024-10_order_create_eur", "processing"),
    ("webhook_2024-10_orders.create", "cancelled"),
    ("webhook_2024-10_orders.updated", "cancelled"),
)
REFUND = "webhook_2024-10_refunds.create"


def document(stem: str) -> Any:
    found = safe_json.parse((FOLDER / f"{stem}.json").read_bytes())
    found = found["body"] if "headers" in found else found
    return found.get("order", found)


def prepared(shop: Shop, order: Order) -> Order:
    """Its SKUs, currency and taxes are made in Tryton first."""
    shop.erp.catalogue.ensure_products(Item(line.sku, line.title, line.unit_price) for line in order.lines if line.sku)
    shop.erp.catalogue.ensure_currencies([order.currency])
    shop.erp.catalogue.ensure_taxes({(tax.title, tax.rate) for line in order.lines for tax in line.taxes if tax.rate})
    return order


async def test_every_captured_order_becomes_a_sale_of_the_same_total(shop: Shop) -> None:
    for stem, state in ORDERS:
        (order,) = shopify.reader.canonical("orders/updated", document(stem))
        await shop.attempt("order.upsert", prepared(shop, order), f"samples/{order.id}")
        sale = shop.erp.sale(f"samples/{order.id}")
        assert (sale["total_amount"], sale["currency."]["code"]) == (order.total, order.currency), stem
        assert sale["state"] == state, stem


async def test_a_captured_refund_of_a_cancelled_order_is_a_return_that_does_not_count(shop: Shop) -> None:
    (order,) = shopify.reader.canonical("orders/create", document("webhook_2024-10_orders.create"))
    await shop.attempt("order.upsert", prepared(shop, order), f"samples/{order.id}")
    (refund,) = shopify.reader.canonical("refunds/create", document(REFUND))
    await shop.attempt("refund.create", refund, f"samples/{refund.id}")
    returned = shop.erp.sale(f"samples/{refund.id}")
    assert (returned["total_amount"], returned["state"]) == (Decimal(-398), "cancelled")
    assert {row["product."]["code"] for row in returned["lines"]} == {"NOT-RESTOCKED"}
