"""An order becomes one sale of the same total, whatever is in it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from decimal import Decimal

import pytest
from msgspec.structs import replace

from connectors.canonical.order import Order, TaxLine
from tests.connectors.tryton.attempts import Shop, customer, line, money, shipping, tax, tip
from tests.support.tryton import Erp

pytestmark = pytest.mark.tryton

TAXES = [
    ("State Tax", Decimal("0.06")),
    ("State Tax", Decimal("0.0625")),
    ("City Tax", Decimal("0.045")),
    ("VAT", Decimal("0.19")),
    ("Reduced VAT", Decimal("0.07")),
    ("Consumption Tax", Decimal("0.10")),
]

ORDERS: dict[str, Callable[[Shop], Order]] = {
    "plain": lambda shop: shop.order(line(quantity="2")),
    "tax on top": lambda shop: shop.order(line(quantity="3", price="19.99", taxes=(tax("0.06", "3.60"),))),
    "two taxes on one line": lambda shop: shop.order(
        line(quantity="3", price="19.99", taxes=(tax("0.0625", "3.75"), tax("0.045", "2.70", "City Tax")))
    ),
    "a rate for each line": lambda shop: shop.order(
        line("MUG", "1", "11.11", taxes=(tax("0.19", "2.11", "VAT"),)),
        line("TEE", "2", "7.77", taxes=(tax("0.07", "1.09", "Reduced VAT"),)),
        line("HAT", "1", "5.55"),
    ),
    "prices with tax": lambda shop: shop.order(
        line("MUG", "3", "11.90", taxes=(tax("0.19", "5.70", "VAT"),)),
        line("TEE", "1", "10.70", taxes=(tax("0.07", "0.70", "Reduced VAT"),)),
        shipping=(shipping("4.99", taxes=(tax("0.19", "0.80", "VAT"),)),),
        tax_inclusive=True,
    ),
    "discounted line": lambda shop: shop.order(
        line(quantity="3", price="9.99", discount=money("1.00"), taxes=(tax("0.06", "1.74"),))
    ),
    "discounted prices with tax": lambda shop: shop.order(
        line(quantity="7", price="9.99", discount=money("3.33"), taxes=(tax("0.19", "10.63", "VAT"),)),
        tax_inclusive=True,
    ),
    "discount on the order alone": lambda shop: shop.order(line(quantity="2"), discount_total=money("4.00")),
    "shipping with tax and discount": lambda shop: shop.order(
        line(), shipping=(shipping("8.00", discount=money("3.00"), taxes=(tax("0.06", "0.30"),)),)
    ),
    "tip and duty": lambda shop: shop.order(line(), charges=(tip("2.50"), tip("0.01"))),
    "gift card": lambda shop: shop.order(line("GC-50", "1", "50.00", gift_card=True), line()),
    "item without SKU": lambda shop: shop.order(line(None, "2", "4.44"), line()),
    "tax its rate does not explain": lambda shop: shop.order(
        line("MUG", "1", "199.00", taxes=(tax("0.06", "3.98"),)),
        line("TEE", "1", "20.00", taxes=(tax("0.06", "1.20"),)),
    ),
    "tax without a rate": lambda shop: shop.order(
        line(taxes=(TaxLine(title="Levy", rate=None, amount=money("0.37")),))
    ),
    "tax of the order alone": lambda shop: shop.order(line(quantity="2"), tax_total=money("1.20")),
    "yen": lambda shop: shop.order(
        line("MUG", "3", "1080", taxes=(tax("0.10", "295", "Consumption Tax"),)), currency="JPY", tax_inclusive=True
    ),
    "three decimals": lambda shop: shop.order(line("MUG", "3", "1.333"), currency="KWD"),
    "many pieces": lambda shop: shop.order(line(quantity="997", price="0.03", discount=money("1.01"))),
    "everything given away": lambda shop: shop.order(line(discount=money("10.00"))),
    "nothing but a tip": lambda shop: replace(shop.order(charges=(tip("3.00"),)), lines=(), total=money("3.00")),
}


@pytest.fixture(scope="module", autouse=True)
def taxes(erp: Erp) -> None:
    erp.catalogue.ensure_taxes(TAXES)


@pytest.mark.parametrize("kind", ORDERS)
async def test_an_order_becomes_a_sale_of_the_same_total(shop: Shop, kind: str) -> None:
    """Up to the quotation: processing changes no total, and takes three times as long as the rest."""
    order = ORDERS[kind](shop)
    delivered = await shop.sell(order, config={"finish_at": "quotation"})
    sale = shop.sale()
    assert sale["total_amount"] == order.total
    assert (delivered.document_id, delivered.effect) == (sale["number"], "created")


@pytest.mark.parametrize("kind", ["prices with tax", "everything given away", "yen"])
async def test_a_sale_is_processed_with_the_total_it_was_quoted(shop: Shop, kind: str) -> None:
    order = ORDERS[kind](shop)
    await shop.sell(order)
    assert (shop.sale()["total_amount"], shop.sale()["state"]) == (order.total, "processing")


async def test_a_sale_shows_the_shops_number_date_and_lines(shop: Shop) -> None:
    order = shop.order(line("TEE", "2", "7.00", taxes=(tax("0.06", "0.84"),)), shipping=(shipping(),))
    await shop.sell(order)
    sale = shop.sale()
    assert sale["description"] == f"{order.number} ({order.id})"
    assert (sale["sale_date"]["year"], sale["sale_date"]["day"]) == (2026, 20)
    shown = [(row["product."]["code"], row["quantity"], row["unit_price"], row["note"]) for row in sale["lines"]]
    assert shown == [
        ("TEE", 2.0, money("7.0000"), "shop line line-TEE-7.00"),
        ("SHIPPING", 1.0, money("5.0000"), None),
    ]


async def test_what_a_rate_explains_is_tryton_s_tax_and_the_rest_is_named(shop: Shop) -> None:
    await shop.sell(ORDERS["tax its rate does not explain"](shop))
    sale = shop.sale()
    assert sale["tax_amount"] == money("1.20")
    (bare,) = [row for row in sale["lines"] if row["product."]["code"] == "TAX-AS-CHARGED"]
    assert bare["unit_price"] == money("3.98")


async def test_a_residue_of_rounding_has_a_line_of_its_name(shop: Shop) -> None:
    order = shop.order(line(quantity="7", price="0.99", taxes=(tax("0.0625", "0.42"),)))
    await shop.sell(order)
    sale = shop.sale()
    (residue,) = [row for row in sale["lines"] if row["product."]["code"] == "ROUNDING"]
    assert residue["unit_price"] == money("-0.01")
    assert sale["total_amount"] == order.total


async def test_goods_are_expected_to_leave_and_an_invoice_is_drafted(shop: Shop) -> None:
    await shop.sell(shop.order(line(quantity="2"), shipping=(shipping(),)))
    sale = shop.sale()
    assert (sale["shipment_state"], len(sale["shipments"])) == ("waiting", 1)
    assert sale["invoice_state"] == "pending"


async def test_the_same_order_twice_is_one_sale(shop: Shop) -> None:
    order = shop.order(line(quantity="2"))
    first = await shop.sell(order)
    second = await shop.sell(order)
    assert (first.effect, second.effect) == ("created", "already")
    assert first.document_id == second.document_id
    assert len(shop.sales()) == 1
    assert shop.steps == ["search"]


async def test_a_new_sale_takes_five_calls_once_its_products_are_known(shop: Shop) -> None:
    other = shop.another()
    await other.sell(other.order(line(), shipping=(shipping(),)))
    await shop.sell(shop.order(line(), shipping=(shipping(),)))
    assert shop.steps == ["search", "create", "quote", "confirm", "read back"]


async def test_a_customer_is_one_party_with_a_name_and_nothing_else(shop: Shop, erp: Erp) -> None:
    code = f"SHOP-{shop.number}"
    other = shop.another()
    await shop.sell(shop.order(customer=customer(shop.number)))
    await other.sell(other.order(customer=customer(shop.number)))
    assert {shop.sale()["party."]["code"], other.sale()["party."]["code"]} == {code}
    (party,) = erp.admin.read("party.party", [["code", "=", code]], ["name", "contact_mechanisms", "addresses.street"])
    assert (party["name"], party["contact_mechanisms"]) == ("Ada Example", [])


async def test_a_sale_of_a_till_belongs_to_the_default_party(shop: Shop) -> None:
    await shop.sell(shop.order(channel="pos", customer=customer("4711")))
    assert shop.sale()["party."]["code"] == "WEB"


async def test_a_sale_can_be_read_back_by_its_number(shop: Shop) -> None:
    order = shop.order(line("TEE", "2", "7.00"))
    delivered = await shop.sell(order)
    read = await shop.attempt("sale.read", delivered.document_id, "")
    assert read.detail["total"] == f"{order.total:f}"
    assert read.detail["reference"] == shop.reference
    assert json.loads(read.detail["lines"])[0]["quantity"] == "2"


async def test_orders_at_the_same_time_do_not_disturb_each_other(shop: Shop, erp: Erp) -> None:
    """Two workers, one customer nobody knew: each order is one sale, the customer one party."""
    shops = [Shop(erp, {}, f"{shop.test} {number}") for number in range(4)]
    buyer = customer(shop.number)
    await asyncio.gather(*(each.sell(each.order(line(), customer=buyer)) for each in shops))
    assert [each.sale()["state"] for each in shops] == ["processing"] * 4
    assert len(erp.admin.ids("party.party", [["code", "=", f"SHOP-{shop.number}"]])) == 1
