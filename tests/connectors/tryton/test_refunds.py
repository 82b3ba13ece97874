"""A refund becomes one return, worth exactly the money that went back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from connectors.canonical.order import Charge, Tender
from connectors.canonical.refund import Refund
from connectors.sdk.errors import RequestRefused, TooEarly
from tests.connectors.tryton.attempts import NOON, Shop, line, money, refunded, shipping, tax

pytestmark = pytest.mark.tryton


@pytest.fixture(scope="module", autouse=True)
def taxes(erp) -> None:
    erp.catalogue.ensure_taxes([("State Tax", money("0.06")), ("VAT", money("0.19"))])


QUOTED = {"finish_at": "quotation"}  # quicker, and enough where only totals and lines matter


async def sold(shop: Shop, config: dict[str, str] | None = None) -> dict[str, Any]:
    """Three mugs at 10.00 and postage of 5.00, 6 % on the mugs."""
    order = shop.order(line(quantity="3", taxes=(tax("0.06", "1.80"),)), shipping=(shipping(),))
    await shop.sell(order, config=config)
    return shop.sale()


def back(shop: Shop, kind: str = "shipping", amount: str = "5.00") -> Charge:
    return Charge(kind=kind, title=kind.title(), amount=money(amount))


REFUNDS: dict[str, tuple[Callable[[Shop], Refund], str]] = {
    "one piece": (lambda s: s.refund(refunded(tax="0.60"), total=money("10.60")), "-10.60"),
    "no total stated": (lambda s: s.refund(refunded(tax="0.60")), "-10.60"),
    "goods and postage": (
        lambda s: s.refund(refunded(tax="0.60"), charges=(back(s),), total=money("15.60")),
        "-15.60",
    ),
    "postage alone": (lambda s: s.refund(charges=(back(s),), total=money("5.00")), "-5.00"),
    "an amount without lines": (lambda s: s.refund(total=money("7.77")), "-7.77"),
    "less than the goods are worth": (
        lambda s: s.refund(refunded(tax="0.60"), charges=(back(s, "restocking fee", "-2.00"),), total=money("8.60")),
        "-8.60",
    ),
    "more than its lines say": (lambda s: s.refund(refunded(tax="0.60"), total=money("12.00")), "-12.00"),
    "goods back, no money": (lambda s: s.refund(refunded(tax="0.60"), total=money("0.00")), "0.00"),
    "neither": (lambda s: s.refund(total=money("0.00")), "0.00"),
    "an item we never sold": (lambda s: s.refund(refunded("HAT", order_line_id="other"), total=money("10")), "-10"),
}


@pytest.mark.parametrize("kind", REFUNDS)
async def test_a_refund_becomes_a_return_of_the_same_total(shop: Shop, kind: str) -> None:
    sale = await sold(shop, QUOTED)
    make, total = REFUNDS[kind]
    delivered = await shop.give_back(make(shop), config=QUOTED)
    returned = shop.erp.sale(shop.refund_reference())
    assert returned["total_amount"] == money(total)
    assert (returned["state"], returned["origin"]) == ("quotation", f"sale.sale,{sale['id']}")
    assert (delivered.document_id, delivered.effect) == (returned["number"], "returned")


async def test_goods_put_back_are_expected_in_the_warehouse(shop: Shop) -> None:
    await sold(shop)
    await shop.give_back(shop.refund(refunded(tax="0.60"), total=money("10.60")))
    returned = shop.erp.sale(shop.refund_reference())
    (row,) = returned["lines"]
    assert (row["product."]["code"], row["quantity"]) == ("MUG", -1.0)
    assert (len(row["moves"]), len(returned["shipment_returns"])) == (1, 1)
    assert returned["tax_amount"] == money("-0.60")


async def test_goods_not_put_back_move_no_stock(shop: Shop) -> None:
    await sold(shop)
    await shop.give_back(shop.refund(refunded(tax="0.60", restock=False), total=money("10.60")))
    returned = shop.erp.sale(shop.refund_reference())
    (row,) = returned["lines"]
    assert row["product."]["code"] == "NOT-RESTOCKED"
    assert "MUG" in row["description"]
    assert (row["moves"], returned["shipment_returns"]) == ([], [])
    assert returned["tax_amount"] == money("-0.60")


async def test_prices_with_tax_are_told_from_prices_without(shop: Shop) -> None:
    order = shop.order(line(quantity="2", price="11.90", taxes=(tax("0.19", "3.80", "VAT"),)), tax_inclusive=True)
    await shop.sell(order, config=QUOTED)
    part = refunded(subtotal="11.90", tax="1.90", order_line_id="line-MUG-11.90")
    await shop.give_back(shop.refund(part, total=money("11.90")), config=QUOTED)
    await shop.give_back(shop.refund(part, number=2), config=QUOTED)
    for number in (1, 2):
        returned = shop.erp.sale(shop.refund_reference(number))
        assert (returned["total_amount"], returned["tax_amount"]) == (money("-11.90"), money("-1.90"))


async def test_a_tax_no_rate_explains_goes_back_as_it_came(shop: Shop) -> None:
    await shop.sell(shop.order(line(price="199.00", taxes=(tax("0.06", "3.98"),))), config=QUOTED)
    part = refunded(subtotal="199.00", tax="3.98", order_line_id="line-MUG-199.00", taxes=(tax("0.06", "3.98"),))
    await shop.give_back(shop.refund(part, total=money("202.98")), config=QUOTED)
    returned = shop.erp.sale(shop.refund_reference())
    assert {row["product."]["code"]: row["unit_price"] for row in returned["lines"]} == {
        "MUG": money("199.0000"),
        "TAX-AS-CHARGED": money("3.9800"),
    }


async def test_the_same_refund_twice_is_one_return(shop: Shop) -> None:
    await sold(shop)
    refund = shop.refund(refunded(tax="0.60"), total=money("10.60"))
    first = await shop.give_back(refund)
    second = await shop.give_back(refund)
    assert (first.effect, second.effect) == ("returned", "already")
    assert first.document_id == second.document_id
    assert len(shop.sales()) == 2


async def test_two_refunds_of_an_order_are_two_returns(shop: Shop) -> None:
    await sold(shop, QUOTED)
    await shop.give_back(shop.refund(refunded(tax="0.60"), total=money("10.60")), config=QUOTED)
    await shop.give_back(shop.refund(refunded(tax="0.60"), total=money("10.60"), number=2), config=QUOTED)
    assert [document["total_amount"] for document in shop.sales()[1:]] == [money("-10.60")] * 2


async def test_a_refund_without_its_sale_is_out_of_order(shop: Shop) -> None:
    with pytest.raises(TooEarly, match=f"no sale of order {shop.number}"):
        await shop.give_back(shop.refund(refunded(), total=money("10.00")))


async def test_a_refund_finds_its_order_by_the_id_the_order_stated(shop: Shop) -> None:
    """Middlemen round large ids: the order knows both, its refund only the rounded one."""
    order = shop.order(line())
    await shop.sell(replace(order, id=f"{order.id}508", stated_id=f"{order.id}500"), config=QUOTED)
    await shop.give_back(shop.refund(refunded(), total=money("10.00"), order_id=f"{order.id}500"), config=QUOTED)
    assert shop.erp.sale(shop.refund_reference())["total_amount"] == money("-10.00")


async def test_orders_of_two_shops_with_the_same_id_are_told_apart(shop: Shop) -> None:
    order = shop.order(line())
    await shop.attempt("order.upsert", order, f"other-shop/{order.id}", config=QUOTED)
    with pytest.raises(TooEarly, match="no sale of order"):
        await shop.give_back(shop.refund(refunded(), total=money("10.00")), config=QUOTED)
    await shop.sell(order, config=QUOTED)
    await shop.give_back(shop.refund(refunded(), total=money("10.00")), config=QUOTED)
    assert shop.erp.sale(shop.refund_reference())["origin"] == f"sale.sale,{shop.sale()['id']}"


async def test_a_refund_with_the_id_of_its_order_is_not_taken_for_it(shop: Shop) -> None:
    order = shop.order(line())
    await shop.sell(order, config=QUOTED)
    await shop.give_back(replace(shop.refund(refunded(), total=money("4.00")), id=order.id))
    assert (await shop.sell(order, config=QUOTED)).effect == "already"
    assert [document["total_amount"] for document in shop.sales()] == [money("10.00"), money("-4.00")]


@pytest.mark.parametrize("booked", [True, False])
async def test_a_refund_of_a_cancelled_order_is_seen_and_does_not_count(shop: Shop, booked: bool) -> None:
    """A shop that cancels with a refund says both: the return of the cancellation already covers it."""
    order = shop.order(line(quantity="2"))
    if booked:
        await shop.sell(order)
    await shop.sell(replace(order, cancelled_at=NOON))
    refund = shop.refund(refunded(quantity="2", subtotal="20.00"), total=money("20.00"))
    first = await shop.give_back(refund)
    second = await shop.give_back(refund)
    returned = shop.erp.sale(shop.refund_reference())
    assert (returned["state"], returned["total_amount"]) == ("cancelled", money("-20.00"))
    assert (first.effect, second.effect) == ("returned", "already")
    counting = [document["total_amount"] for document in shop.sales() if document["state"] != "cancelled"]
    assert sum(counting) == 0


async def test_a_refund_in_another_currency_is_refused(shop: Shop) -> None:
    await sold(shop, QUOTED)
    payment = Tender(gateway="card", amount=money("9.00"), kind="refund", status="success")
    with pytest.raises(RequestRefused, match="is in EUR, sale .* in USD"):
        await shop.give_back(
            shop.refund(refunded(), currency="EUR", payments=(payment,), total=money("9.00")), config=QUOTED
        )
