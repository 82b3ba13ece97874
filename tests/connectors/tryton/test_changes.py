"""An order that changes: amended while that is possible, later refused with the difference; cancelled or returned."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from connectors.sdk.errors import RequestRefused
from tests.connectors.tryton.attempts import NOON, Shop, line, money, refunded, shipping, tax

pytestmark = pytest.mark.tryton

UNBOOKED = {"finish_at": "quotation"}


@pytest.fixture(scope="module", autouse=True)
def taxes(erp) -> None:
    erp.catalogue.ensure_taxes([("State Tax", money("0.06"))])


def goods(erp_state: dict) -> dict[str, float]:
    return {row["product."]["code"]: row["quantity"] for row in erp_state["lines"]}


@pytest.mark.parametrize("state", ["draft", "quotation"])
async def test_an_update_before_booking_amends_the_sale(shop: Shop, state: str) -> None:
    await shop.sell(shop.order(line(quantity="2")), config={"finish_at": state})
    number = shop.sale()["number"]
    changed = shop.order(line(quantity="3"), line("TEE", "1", "7.00"))
    delivered = await shop.sell(changed)
    sale = shop.sale()
    assert (sale["total_amount"], sale["state"]) == (changed.total, "processing")
    assert goods(sale) == {"MUG": 3.0, "TEE": 1.0}
    assert delivered.effect == "amended"
    assert number in (None, sale["number"])


async def test_an_update_that_changes_nothing_before_booking_goes_on(shop: Shop) -> None:
    order = shop.order(line(quantity="2"))
    await shop.sell(order, config=UNBOOKED)
    again = await shop.sell(order, config=UNBOOKED)
    assert again.effect == "already"
    assert shop.steps == ["search"]
    await shop.sell(order)
    assert shop.sale()["state"] == "processing"


async def test_an_update_after_booking_is_refused_with_the_difference(shop: Shop) -> None:
    await shop.sell(shop.order(line(quantity="2")))
    changed = shop.order(line(quantity="1"), line("TEE", "1", "7.00"))
    with pytest.raises(RequestRefused) as refusal:
        await shop.sell(changed)
    assert refusal.value.error_class == "conflict"
    assert f"differs from order {changed.number}" in refusal.value.operator_message
    assert json.loads(refusal.value.detail) == [
        {"field": "total", "erp": "20.00", "shop": "17.00"},
        {"field": "quantity of MUG", "erp": "2", "shop": "1"},
        {"field": "quantity of TEE", "erp": "0", "shop": "1"},
    ]
    assert goods(shop.sale()) == {"MUG": 2.0}


async def test_an_update_after_booking_that_changes_no_goods_and_no_money_is_nothing_to_do(shop: Shop) -> None:
    order = shop.order(line(quantity="2"))
    await shop.sell(order)
    delivered = await shop.sell(replace(order, source_version="2", fulfilment_status="fulfilled", note="thank you"))
    assert delivered.effect == "already"


async def test_an_order_cancelled_before_booking_is_a_cancelled_sale(shop: Shop) -> None:
    order = shop.order(line(quantity="2"))
    await shop.sell(order, config=UNBOOKED)
    delivered = await shop.sell(replace(order, cancelled_at=NOON), config=UNBOOKED)
    sale = shop.sale()
    assert (sale["state"], sale["total_amount"]) == ("cancelled", order.total)
    assert (delivered.effect, delivered.document_id) == ("cancelled", sale["number"])
    assert len(shop.sales()) == 1


async def test_an_order_that_arrives_cancelled_is_seen_and_does_not_count(shop: Shop) -> None:
    order = replace(shop.order(line(quantity="2", taxes=(tax("0.06", "1.20"),))), cancelled_at=NOON)
    first = await shop.sell(order)
    second = await shop.sell(order)
    sale = shop.sale()
    assert (sale["state"], sale["total_amount"]) == ("cancelled", order.total)
    assert (sale["shipments"], sale["invoice_state"]) == ([], "none")
    assert (first.effect, second.effect) == ("cancelled", "already")
    assert sale["number"]


async def test_an_order_cancelled_after_booking_is_returned_as_a_whole(shop: Shop) -> None:
    order = shop.order(line(quantity="2", taxes=(tax("0.06", "1.20"),)), shipping=(shipping("4.00"),))
    await shop.sell(order)
    first = await shop.sell(replace(order, cancelled_at=NOON))
    second = await shop.sell(replace(order, cancelled_at=NOON))
    sold, returned = shop.sales()
    assert sold["total_amount"] + returned["total_amount"] == 0
    assert sold["tax_amount"] + returned["tax_amount"] == 0
    assert (returned["state"], returned["origin"]) == ("processing", f"sale.sale,{sold['id']}")
    assert len(returned["shipment_returns"]) == 1
    assert (first.effect, second.effect) == ("returned", "already")
    assert first.document_id == second.document_id == returned["number"]


async def test_a_cancellation_returns_only_what_refunds_left(shop: Shop) -> None:
    order = shop.order(line(quantity="3", taxes=(tax("0.06", "1.80"),)), shipping=(shipping("4.00"),))
    await shop.sell(order)
    await shop.give_back(shop.refund(refunded(subtotal="10.00", tax="0.60"), total=money("10.60")))
    await shop.sell(replace(order, cancelled_at=NOON))
    documents = shop.sales()
    assert len(documents) == 3
    assert sum(document["total_amount"] for document in documents) == 0
    assert goods(documents[-1]) == {"MUG": -2.0, "SHIPPING": -1.0}


async def test_nothing_is_returned_when_refunds_took_everything_back(shop: Shop) -> None:
    order = shop.order(line())
    await shop.sell(order)
    await shop.give_back(shop.refund(refunded(), total=order.total))
    delivered = await shop.sell(replace(order, cancelled_at=NOON))
    assert (delivered.effect, delivered.document_id) == ("already", shop.sale()["number"])
    assert len(shop.sales()) == 2


async def test_a_sale_cancelled_in_tryton_is_a_conflict(shop: Shop) -> None:
    order = shop.order(line())
    await shop.sell(order, config=UNBOOKED)
    shop.erp.admin("sale.sale.cancel", [shop.sale()["id"]])
    with pytest.raises(RequestRefused, match="state cancelled in Tryton, open in the shop") as refusal:
        await shop.sell(order)
    assert refusal.value.error_class == "conflict"


async def test_our_reference_twice_in_tryton_is_refused(shop: Shop) -> None:
    order = shop.order(line())
    await shop.sell(order, config=UNBOOKED)
    (copied,) = shop.erp.admin("sale.sale.copy", [shop.sale()["id"]], {"reference": shop.reference})
    with pytest.raises(RequestRefused, match=f"more than once: .*draft {copied}") as refusal:
        await shop.sell(order)
    assert refusal.value.error_class == "duplicate"
