"""Parts, lines and residues, without a server."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from connectors.canonical.order import Charge, Order, OrderLine, ShippingLine, TaxLine
from connectors.canonical.refund import Refund, RefundLine
from connectors.library.tryton import codes
from connectors.library.tryton.mapping import returns, sale
from connectors.library.tryton.mapping.amounts import Rules, totals, unit_price
from connectors.library.tryton.mapping.draft import Line, Part, Rate, priced
from connectors.library.tryton.records import Party, Product, Sale, SaleLine, Tax
from connectors.sdk.errors import RequestRefused

CENT = Decimal("0.01")
RULES = Rules(CENT)
NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
VAT = Tax(1, Decimal("0.19"))


def money(text: str) -> Decimal:
    return Decimal(text)


def tax(rate: str | None, amount: str, title: str = "VAT") -> TaxLine:
    return TaxLine(title=title, rate=money(rate) if rate else None, amount=money(amount))


def line(sku: str | None = "MUG", quantity: str = "1", price: str = "10.00", **more: Any) -> OrderLine:
    values: dict[str, Any] = {"id": "1", "title": "Mug", "discount": money("0")}
    return OrderLine(sku=sku, quantity=money(quantity), unit_price=money(price), **(values | more))


def order(*lines: OrderLine, **more: Any) -> Order:
    values: dict[str, Any] = {
        "id": "450789469",
        "number": "#1001",
        "source_version": "1",
        "currency": "EUR",
        "created_at": NOON,
        "updated_at": None,
        "total": money("0"),
        "subtotal": None,
        "tax_total": None,
        "discount_total": None,
        "shipping_total": None,
        "tax_inclusive": False,
        "lines": lines,
    }
    return Order(**(values | more))


def shown(parts: Sequence[Part]) -> list[tuple[str, str, str, list[str]]]:
    return [(part.code, f"{part.quantity}", f"{part.net}", [str(rate.rate) for rate in part.rates]) for part in parts]


def product(code: str) -> Product:
    return Product(sum(code.encode()), code, 1, code in codes.SERVICES)


def make(parts: Sequence[Part], total: str, rules: Rules = RULES, **more: Any) -> tuple[Line, ...]:
    def tryton_s(rate: Rate) -> Tax:
        return Tax(int(rate.rate * 10_000), rate.rate)

    return priced(parts, money(total), rules, product=product, tax=tryton_s, **more)


def test_a_line_keeps_what_it_costs_after_its_discount() -> None:
    (part,) = sale.parts(order(line(quantity="3", discount=money("2.00"))), CENT)
    assert shown([part]) == [("MUG", "3", "28.00", [])]
    assert part.label == "Mug\nlist price 10.00, discount 2.00"
    assert part.note == "shop line 1"


def test_prices_with_tax_are_taken_apart() -> None:
    goods = line(quantity="2", price="11.90", taxes=(tax("0.19", "3.80"),))
    postage = ShippingLine(title="Parcel", price=money("5.95"), discount=money("0"), taxes=(tax("0.19", "0.95"),))
    parts = sale.parts(order(goods, shipping=(postage,), tax_inclusive=True), CENT)
    assert shown(parts) == [("MUG", "2", "20.00", ["0.19"]), ("SHIPPING", "1", "5.00", ["0.19"])]


def test_a_tax_its_rate_does_not_explain_is_an_amount_of_its_own() -> None:
    parts = sale.parts(order(line(price="199.00", taxes=(tax("0.06", "3.98"),))), CENT)
    assert shown(parts) == [("MUG", "1", "199.00", []), ("TAX-AS-CHARGED", "1", "3.98", [])]


def test_a_tax_rounded_by_the_piece_is_still_explained() -> None:
    parts = sale.parts(order(line(quantity="3", price="74.99", taxes=(tax("0.06", "13.50"),))), CENT)
    assert shown(parts) == [("MUG", "3", "224.97", ["0.06"])]


def test_a_discount_and_a_tax_of_the_order_alone_have_lines() -> None:
    parts = sale.parts(order(line(), discount_total=money("2.00"), tax_total=money("0.80")), CENT)
    assert shown(parts) == [
        ("MUG", "1", "10.00", []),
        ("TAX-AS-CHARGED", "1", "0.80", []),
        ("DISCOUNT", "-1", "-2.00", []),
    ]


def test_cents_between_an_order_s_tax_and_its_lines_are_no_tax() -> None:
    lines = (line(taxes=(tax("0.19", "1.90"),)), line(id="2", taxes=(tax("0.19", "1.90"),)))
    assert [part.code for part in sale.parts(order(*lines, tax_total=money("3.81")), CENT)] == ["MUG", "MUG"]


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (line("TEE"), "TEE"),
        (line(None), codes.NO_SKU),
        (line(""), codes.NO_SKU),
        (line("GC-50", gift_card=True), codes.GIFT_CARD),
    ],
)
def test_a_line_s_product_is_its_sku_or_says_what_it_is(item: OrderLine, code: str) -> None:
    assert sale.parts(order(item), CENT)[0].code == code


def test_an_order_with_nothing_in_it_is_refused() -> None:
    with pytest.raises(RequestRefused, match="Order #1001 holds nothing"):
        sale.parts(order(line(quantity="0")), CENT)


def test_quantities_leave_arithmetic_out() -> None:
    parts = sale.parts(order(line(), line(id="2"), discount_total=money("1.00"), tax_total=money("1.00")), CENT)
    assert sale.quantities(parts) == {"MUG": Decimal(2)}


def test_a_tip_is_a_charge() -> None:
    parts = sale.parts(order(charges=(Charge(kind="tip", title="Tip", amount=money("2.00")),)), CENT)
    assert shown(parts) == [("CHARGE", "1", "2.00", [])]


def test_an_exact_total_has_no_residue() -> None:
    lines = make([Part("MUG", "", money("2"), money("20.00"), (Rate("VAT", money("0.19")),))], "23.80")
    assert [item.product.code for item in lines] == ["MUG"]
    assert totals(lines, RULES).total == money("23.80")


def test_a_residue_of_rounding_has_its_name() -> None:
    lines = make([Part("MUG", "", money("1"), money("9.99"), (Rate("VAT", money("0.19")),))], "11.88")
    assert lines[-1].product.code == codes.ROUNDING
    assert lines[-1].unit_price == money("-0.01")


def test_a_residue_larger_than_rounding_is_refused_with_both_figures() -> None:
    with pytest.raises(RequestRefused, match="make 10.00 in Tryton, the total is 12.00"):
        make([Part("MUG", "", money("1"), money("10.00"))], "12.00")


def test_a_residue_larger_than_rounding_goes_where_it_is_told() -> None:
    part = Part("MUG", "", money("-1"), money("-10.00"))
    lines = make([part], "-7.00", spill=codes.REFUND_ADJUSTMENT, sign=-1)
    assert (lines[-1].product.code, lines[-1].quantity, lines[-1].unit_price) == ("REFUND-ADJUSTMENT", -1, -3)


def test_yen_have_no_cents() -> None:
    rules = Rules(Decimal(1))
    lines = make([Part("MUG", "", money("3"), money("2945"), (Rate("VAT", money("0.10")),))], "3240", rules)
    assert totals(lines, rules).total == 3240


def test_a_price_has_the_digits_tryton_allows() -> None:
    assert unit_price(money("10.00"), money("3"), RULES) == money("3.3333")
    assert unit_price(money("10.00"), money("3"), Rules(CENT, digits=2)) == money("3.33")


def test_several_rounded_taxes_that_drift_give_cents_back() -> None:
    """Three taxes of 0.015 make 0.06 one by one; together they are 0.045, so Tryton takes two cents back."""
    taxes = tuple(Tax(number, money("0.015")) for number in (1, 2, 3))
    lines = [Line(product("MUG"), money("1"), money("1.00"), taxes, "", "")]
    assert totals(lines, RULES).tax == money("0.04")


def test_tax_rounded_by_line_and_by_document_differ() -> None:
    lines = [Line(product("MUG"), money("1"), money("0.99"), (Tax(1, money("0.06")),), "", "") for _ in range(5)]
    assert totals(lines, Rules(CENT, by_line=True)).tax == money("0.30")
    assert totals(lines, Rules(CENT, by_line=False)).tax == money("0.30")
    lines = [replace_price(item, "0.94") for item in lines]
    assert totals(lines, Rules(CENT, by_line=True)).tax == money("0.30")
    assert totals(lines, Rules(CENT, by_line=False)).tax == money("0.28")


def replace_price(item: Line, price: str) -> Line:
    return Line(item.product, item.quantity, money(price), item.taxes, item.label, item.note)


def sold(*lines: SaleLine, total: str = "0") -> Sale:
    return Sale(
        5,
        "12",
        "shop/1",
        "#1001 (1)",
        "processing",
        NOON.date(),
        "",
        "EUR",
        Party(1, 1, 1),
        "WEB",
        money(total),
        money("0"),
        lines,
    )


def sold_line(
    code: str = "MUG", quantity: str = "1", price: str = "10.00", taxes: tuple = (), shop: str = "1"
) -> SaleLine:
    return SaleLine(9, product(code), money(quantity), money(price), taxes, f"{code}\nmore", f"shop line {shop}")


def refund(*lines: RefundLine, **more: Any) -> Refund:
    values: dict[str, Any] = {"total": None, "currency": "EUR", "created_at": NOON}
    return Refund(id="9", order_id="1", source_version="1", lines=lines, **(values | more))


def refunded(subtotal: str, tax_amount: str = "0", **more: Any) -> RefundLine:
    values: dict[str, Any] = {"order_line_id": "1", "quantity": money("1"), "restock": True}
    return RefundLine(subtotal=money(subtotal), tax=money(tax_amount), **(values | more))


def test_a_refunded_line_takes_product_and_tax_from_the_line_it_was_sold_on() -> None:
    (part,) = returns.parts(refund(refunded("10.00", "1.90")), sold(sold_line(taxes=(VAT,))), CENT, inclusive=False)
    assert (part.code, part.quantity, part.net) == ("MUG", -1, money("-10.00"))
    assert part.rates == (Rate("", VAT.rate, VAT),)


def test_a_refunded_line_that_was_not_sold_speaks_for_itself() -> None:
    line_ = refunded("10.00", "1.90", order_line_id="other", sku="HAT", taxes=(tax("0.19", "1.90"),))
    (part,) = returns.parts(refund(line_), sold(sold_line()), CENT, inclusive=False)
    assert (part.code, part.rates) == ("HAT", (Rate("VAT", money("0.19")),))


def test_part_of_a_line_s_tax_goes_back_in_its_share() -> None:
    line_ = refunded("10.00", "1.90", order_line_id="other", sku="HAT", taxes=(tax("0.19", "5.70"),))
    (part,) = returns.parts(refund(line_), sold(), CENT, inclusive=False)
    assert part.rates == (Rate("VAT", money("0.19")),)


@pytest.mark.parametrize(
    ("made", "inclusive"),
    [
        (refund(refunded("11.90", "1.90"), total=money("11.90")), True),
        (refund(refunded("10.00", "1.90"), total=money("11.90")), False),
        (refund(refunded("11.90", "1.90")), True),
        (refund(refunded("10.00", "1.90")), False),
        (refund(refunded("10.00", "1.90", order_line_id="unknown")), False),
    ],
)
def test_whether_a_refund_holds_the_tax_is_told_by_its_total_or_by_the_price_it_was_sold_at(
    made: Refund, inclusive: bool
) -> None:
    assert returns.holds_tax(made, sold(sold_line(taxes=(VAT,)))) is inclusive


def test_goods_not_put_back_are_booked_on_a_service() -> None:
    (part,) = returns.parts(refund(refunded("10.00", restock=False)), sold(sold_line()), CENT, inclusive=False)
    assert (part.code, part.label) == ("NOT-RESTOCKED", "MUG (MUG), not restocked")


def test_a_service_that_is_not_put_back_stays_what_it_is() -> None:
    origin = sold(sold_line("GIFT-CARD"))
    (part,) = returns.parts(refund(refunded("10.00", restock=False)), origin, CENT, inclusive=False)
    assert part.code == "GIFT-CARD"


def test_a_reversal_is_what_is_left() -> None:
    origin = sold(sold_line(quantity="3"), sold_line("SHIPPING", price="5.00", shop=""))
    earlier = sold(sold_line(quantity="-1"), sold_line("REFUND-ADJUSTMENT", "-1", "2.00"))
    lines = returns.reversal(origin, [earlier])
    assert [(item.product.code, item.quantity) for item in lines] == [
        ("MUG", -2),
        ("SHIPPING", -1),
        ("REFUND-ADJUSTMENT", 1),
    ]


def test_the_description_ends_with_the_id_a_refund_will_name() -> None:
    known = order(line())
    assert sale.description(known) == "#1001 (450789469)"
    assert sale.description(replace(known, stated_id="450789000")).endswith(sale.marker("450789000"))
