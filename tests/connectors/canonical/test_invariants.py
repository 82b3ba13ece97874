from decimal import Decimal as D

import pytest

from connectors.canonical import totals
from connectors.canonical.invariants import breaches
from connectors.canonical.order import Charge, ShippingLine, Tender
from tests.connectors.canonical.builders import line, order, refund, tax


def names(obj):
    return [breach.name for breach in breaches(obj)]


def test_a_sound_order_and_refund_break_nothing():
    assert breaches(order()) == ()
    assert breaches(refund()) == ()


@pytest.mark.parametrize("total", ["28.36", "28.38", "0", "28.370001"])
def test_a_total_that_does_not_add_up_is_a_breach_with_both_numbers(total):
    found = next(breach for breach in breaches(order(total=D(total))) if breach.name == "total")
    assert total in found.message
    assert "28.37" in found.message


@pytest.mark.parametrize(
    "changes",
    [
        {"lines": (line(discount="2.00", quantity="3", taxes=(tax("3.42"),)),)},
        {"charges": ()},
        {"tax_inclusive": True},
        {"shipping": (), "shipping_total": None},
        {"tax_total": D("4.38")},
    ],
)
def test_every_part_of_the_sum_counts(changes):
    assert "total" in names(order(**changes))


def test_prices_that_hold_the_tax_do_not_pay_it_twice():
    assert names(order(tax_inclusive=True, total=D("24.00"))) == []


def test_a_discount_that_no_line_carries_is_part_of_the_sum():
    found = order(lines=(line(taxes=(tax("3.42"),)),))
    assert names(found) == []
    assert totals.unallocated_discount(found) == D("2.00")


def test_a_discount_total_with_or_without_shipping_discounts_is_complete():
    free = (ShippingLine(title="Parcel", price=D("5.00"), discount=D("5.00"), taxes=(tax("0.95"),)),)
    for stated in ("2.00", "7.00"):
        found = order(shipping=free, discount_total=D(stated), total=D("23.37"))
        assert names(found) == []
        assert totals.unallocated_discount(found) == 0


def test_less_discount_than_the_lines_carry_is_a_breach_and_no_credit():
    found = order(discount_total=D("1.00"))
    assert names(found) == ["discounts"]
    assert totals.unallocated_discount(found) == 0


def test_a_line_is_not_discounted_below_nothing():
    found = order(lines=(line(discount="20.01", taxes=(tax("3.42"),)),), discount_total=D("20.01"))
    assert "line_discount" in names(found)


def test_shipping_may_be_stated_before_or_after_its_discount_and_nothing_else():
    half = (ShippingLine(title="Parcel", price=D("5.00"), discount=D("1.00"), taxes=(tax("0.95"),)),)
    for stated, expected in (("5.00", []), ("4.00", []), ("6.00", ["shipping"])):
        given = {"shipping": half, "shipping_total": D(stated), "discount_total": D("3.00"), "total": D("27.37")}
        assert names(order(**given)) == expected


def test_taxes_of_lines_may_be_off_by_rounding_and_no_more():
    assert names(order(lines=(line(discount="2.00", taxes=(tax("3.43"),)),))) == []
    assert names(order(lines=(line(discount="2.00", taxes=(tax("3.44"),)),))) == ["tax"]


def test_an_order_that_states_its_tax_only_as_a_whole_is_sound():
    bare = (ShippingLine(title="Parcel", price=D("5.00"), discount=D(0)),)
    assert names(order(lines=(line(discount="2.00"),), shipping=bare)) == []


def test_unknown_currencies_are_named_and_amounts_must_fit_theirs():
    assert names(order(currency="EUX")) == ["currency_unknown"]
    assert names(order(presentment_currency="XXX")) == ["currency_unknown"]
    assert set(names(order(currency="JPY"))) == {"minor_units"}
    assert names(order(currency="KWD")) == []


def test_quantities_below_nothing_and_doubled_line_ids_are_breaches():
    negative = order(lines=(line(quantity="-2", taxes=()),), total=D("-13.63"), discount_total=None)
    assert "quantity" in names(negative)
    half = line(quantity="1", discount="1.00", taxes=(tax("1.71"),))
    twice = order(lines=(half, half))
    assert names(twice) == ["line_ids"]


@pytest.mark.parametrize(("total", "sound"), [("10.71", True), ("9.00", True), ("10.70", False), ("0", False)])
def test_money_back_is_what_the_lines_are_worth_with_or_without_their_tax(total, sound):
    assert (names(refund(total=D(total))) == []) is sound


def test_charges_of_a_refund_count_with_their_sign():
    fee = (Charge(kind="refund_discrepancy", title="", amount=D("-2.00")),)
    assert names(refund(charges=fee, total=D("8.71"))) == []
    assert names(refund(charges=fee)) == ["refund_total"]


def test_a_refund_on_its_way_counts_a_failed_one_does_not():
    pending = (Tender(gateway="bank", amount=D("10.71"), kind="refund", status="pending"),)
    failed = (Tender(gateway="bank", amount=D("10.71"), kind="refund", status="failure"),)
    assert names(refund(total=D(0), payments=pending)) == []
    assert names(refund(total=D(0), payments=failed)) == ["refund_total"]


def test_a_refund_without_stated_money_is_not_held_against_its_lines():
    assert names(refund(total=None, payments=())) == []
    assert names(refund(currency=None)) == []


def test_what_is_no_canonical_object_has_no_invariants():
    with pytest.raises(TypeError):
        breaches({"total": 1})
