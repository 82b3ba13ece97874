"""The orders of the stand-in: exact to the cent, the same for the same seed, shaped like the vendor's."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import orjson
import pytest

from connectors.sandbox.shopify import catalogue, generator
from connectors.sandbox.shopify.changes import Refused, cancelled, edited, refunded
from connectors.sandbox.shopify.model import Sale, decode_sale, encode
from connectors.sandbox.shopify.options import CancelOptions, CreateOptions, EditOptions, RefundOptions
from connectors.sandbox.shopify.places import LOCATIONS, STATES
from connectors.sandbox.shopify.render.order import order
from connectors.sandbox.shopify.render.refund import transactions
from tests.paths import SAMPLES

NOON = datetime(2026, 11, 23, 17, 0, 0, 250_000, tzinfo=UTC)
SHOP = "harbour-pine.myshopify.com"


def sales(count: int, seed: int = 7) -> list[Sale]:
    return [generator.sale(seed, number, NOON + timedelta(seconds=number)) for number in range(1, count + 1)]


@pytest.fixture(scope="module")
def two_thousand() -> list[Sale]:
    return sales(2000)


@pytest.fixture(scope="module")
def documents(two_thousand: list[Sale]) -> list[dict]:
    return [order(sale, SHOP) for sale in two_thousand]


def lines_amount(document: dict) -> Decimal:
    return sum((Decimal(line["price"]) * line["quantity"] for line in document["line_items"]), Decimal(0))


def discounts(document: dict) -> Decimal:
    parts = [*document["line_items"], *document["shipping_lines"]]
    return sum((Decimal(a["amount"]) for part in parts for a in part["discount_allocations"]), Decimal(0))


def taxes(document: dict) -> Decimal:
    parts = [*document["line_items"], *document["shipping_lines"]]
    return sum((Decimal(tax["price"]) for part in parts for tax in part["tax_lines"]), Decimal(0))


def shipping(document: dict) -> Decimal:
    return sum((Decimal(each["price"]) for each in document["shipping_lines"]), Decimal(0))


def test_every_total_is_the_sum_of_its_parts(documents: list[dict]) -> None:
    wrong = []
    for each in documents:
        tip = Decimal(each["total_tip_received"])
        total = lines_amount(each) - discounts(each) + taxes(each) + shipping(each) + tip
        if total != Decimal(each["total_price"]):
            wrong.append((each["name"], total, each["total_price"]))
    assert wrong == []


def test_the_stated_subtotals_agree_with_the_lines(documents: list[dict]) -> None:
    for each in documents:
        on_lines = sum(Decimal(a["amount"]) for line in each["line_items"] for a in line["discount_allocations"])
        assert Decimal(each["subtotal_price"]) == lines_amount(each) - on_lines
        assert Decimal(each["total_line_items_price"]) == lines_amount(each)
        assert Decimal(each["total_discounts"]) == discounts(each)
        assert Decimal(each["total_tax"]) == taxes(each) == sum(Decimal(tax["price"]) for tax in each["tax_lines"])


def test_a_fixed_code_is_spread_over_the_lines_without_losing_a_cent(two_thousand: list[Sale]) -> None:
    coded = [sale for sale in two_thousand if sale.discount and sale.discount.kind == "fixed_amount"]
    for sale in coded:
        goods = sum(line.gross for line in sale.lines if not line.gift_card)
        assert sale.discounts == min(sale.discount.value, goods)
    assert any(len(sale.lines) > 1 for sale in coded)


def test_payments_make_the_total(two_thousand: list[Sale]) -> None:
    for sale in two_thousand:
        assert sum(Decimal(payment["amount"]) for payment in transactions(sale)) * 100 == sale.total


def test_the_day_has_everything_a_noc_meets(documents: list[dict]) -> None:
    kinds = {each["discount_applications"][0]["target_type"] for each in documents if each["discount_applications"]}
    assert kinds == {"line_item", "shipping_line"}
    assert {each["source_name"] for each in documents} == {"pos", "web"}
    assert any(len(each["payment_gateway_names"]) == 2 for each in documents)
    assert any("gift_card" in each["payment_gateway_names"] for each in documents)
    assert any(line["gift_card"] for each in documents for line in each["line_items"])
    assert any(Decimal(each["total_tip_received"]) for each in documents)
    assert {each["financial_status"] for each in documents} == {"paid", "authorized"}
    assert len({each["location_id"] for each in documents} - {None}) == len(LOCATIONS) == 60


def test_the_same_seed_draws_the_same_orders() -> None:
    first, second = ([orjson.dumps(order(sale, SHOP)) for sale in sales(50)] for _ in range(2))
    assert first == second
    assert [sale.lines for sale in sales(50, seed=8)] != [sale.lines for sale in sales(50)]


def test_the_catalogue_is_one_hundred_and_twenty_variants_with_skus_of_their_own() -> None:
    assert len(catalogue.variants(7)) == 120
    assert len(set(catalogue.sold_skus())) == 123
    assert [v.sku for v in catalogue.variants(8)] == [v.sku for v in catalogue.variants(7)]
    assert [v.price for v in catalogue.variants(8)] != [v.price for v in catalogue.variants(7)]


def test_only_a_wish_brings_an_sku_the_erp_lacks(two_thousand: list[Sale]) -> None:
    known = set(catalogue.sold_skus())
    assert {line.sku for sale in two_thousand for line in sale.lines} <= known
    wished = generator.sale(7, 1, NOON, CreateOptions(unknown_sku=True))
    assert {line.sku for line in wished.lines} - known


def test_tax_is_each_line_by_the_rates_of_its_state(two_thousand: list[Sale]) -> None:
    for sale in two_thousand[:200]:
        rates = {tax.title: tax.rate for tax in STATES[sale.tax_state].taxes}
        for line in (line for line in sale.lines if line.taxable):
            assert {part.title for part in line.taxes} == set(rates)
            assert all(abs(part.cents - line.net * rates[part.title]) <= Decimal("0.5") for part in line.taxes)


def test_a_sale_survives_being_stored(two_thousand: list[Sale]) -> None:
    assert [decode_sale(encode(sale)) for sale in two_thousand[:100]] == two_thousand[:100]


@pytest.mark.skipif(not SAMPLES.exists(), reason="the captured samples are not beside this checkout")
@pytest.mark.parametrize("file", ["webhook_2024-10_orders.create.json", "webhook_2024-10_refunds.create.json"])
def test_documents_have_every_field_of_a_captured_one(file: str) -> None:
    captured = json.loads((SAMPLES / "shopify" / file).read_text())["body"]
    sale = generator.sale(7, 1, NOON, CreateOptions(channel="web", authorized=False, discount="percentage"))
    after = refunded(sale, RefundOptions(), at=NOON, seed=7)
    document = order(after, SHOP)
    ours = document["refunds"][0] if "refund_line_items" in captured else document
    assert set(captured) - set(ours) == set()
    for name in ("line_items", "shipping_lines", "refund_line_items"):
        if captured.get(name):
            assert set(captured[name][0]) - set(ours[name][0]) == set(), name


def test_giving_back_everything_one_by_one_ends_at_nothing(two_thousand: list[Sale]) -> None:
    for sale in (each for each in two_thousand[:300] if each.captured):
        after = sale
        for index, line in enumerate(sale.lines):
            for _ in range(line.quantity):
                after = refunded(after, RefundOptions(lines=((index, 1),)), at=NOON, seed=7)
        if sale.shipping and sale.shipping.net:
            after = refunded(after, RefundOptions(lines=(), shipping=True), at=NOON, seed=7)
        assert after.current_total == sale.tip
        assert after.refunded == sale.total - sale.tip


def test_a_refund_states_what_its_payments_give(two_thousand: list[Sale]) -> None:
    for sale in (each for each in two_thousand[:300] if each.captured and each.shipping and each.shipping.net):
        document = order(refunded(sale, RefundOptions(shipping=True, keep_cents=50), at=NOON, seed=7), SHOP)["refunds"][
            0
        ]
        goods = sum(Decimal(line["subtotal_set"]["shop_money"]["amount"]) for line in document["refund_line_items"])
        tax = sum(Decimal(line["total_tax_set"]["shop_money"]["amount"]) for line in document["refund_line_items"])
        adjusted = sum(Decimal(a["amount"]) + Decimal(a["tax_amount"]) for a in document["order_adjustments"])
        assert goods + tax - adjusted == sum(Decimal(t["amount"]) for t in document["transactions"])


def test_cancelling_a_paid_order_gives_all_of_it_back(two_thousand: list[Sale]) -> None:
    for sale in (each for each in two_thousand[:300] if each.captured):
        after = cancelled(sale, CancelOptions(), at=NOON)
        assert (after.current_total, after.refunded, after.financial_status) == (0, sale.total, "refunded")
        assert order(after, SHOP)["current_total_price"] == "0.00"


def test_cancelling_a_reserved_payment_voids_it_without_a_refund() -> None:
    sale = generator.sale(7, 1, NOON, CreateOptions(channel="web", authorized=True))
    document = order(cancelled(sale, CancelOptions(reason="fraud"), at=NOON), SHOP)
    assert (document["financial_status"], document["refunds"], document["cancel_reason"]) == ("voided", [], "fraud")
    assert document["current_total_price"] == "0.00"


def test_more_of_a_line_raises_the_total_and_is_paid() -> None:
    sale = generator.sale(7, 1, NOON, CreateOptions(authorized=False, discount="fixed_amount", quantities=(1, 2)))
    after = edited(sale, EditOptions(line=1, quantity=4), at=NOON, seed=7)
    document = order(after, SHOP)
    assert document["line_items"][1]["quantity"] == 4
    assert after.total > sale.total == sum(p.cents for p in sale.payments)
    assert sum(p.cents for p in after.payments) == after.total


def test_less_of_a_line_keeps_the_quantity_and_lowers_what_is_left() -> None:
    sale = generator.sale(7, 1, NOON, CreateOptions(authorized=False, quantities=(3,)))
    document = order(edited(sale, EditOptions(line=0, quantity=1), at=NOON, seed=7), SHOP)
    assert (document["line_items"][0]["quantity"], document["line_items"][0]["current_quantity"]) == (3, 1)
    assert document["total_price"] == order(sale, SHOP)["total_price"]
    assert Decimal(document["current_total_price"]) < Decimal(document["total_price"])


def test_two_changes_in_one_second_are_two_versions_unless_asked_for() -> None:
    sale = generator.sale(7, 1, NOON)
    once = edited(sale, EditOptions(note="a"), at=NOON, seed=7)
    twice = edited(once, EditOptions(note="b"), at=NOON, seed=7)
    assert sale.updated_at < once.updated_at < twice.updated_at
    same = edited(once, EditOptions(note="c", same_second=True), at=NOON, seed=7)
    assert (same.updated_at, same.note) == (once.updated_at, "c")


def test_nothing_happens_to_a_cancelled_order() -> None:
    gone = cancelled(generator.sale(7, 1, NOON), CancelOptions(), at=NOON)
    for act in (
        lambda: edited(gone, EditOptions(), at=NOON, seed=7),
        lambda: refunded(gone, RefundOptions(), at=NOON, seed=7),
        lambda: cancelled(gone, CancelOptions(), at=NOON),
    ):
        with pytest.raises(Refused, match="was cancelled"):
            act()


def test_no_more_is_given_back_than_was_bought() -> None:
    sale = generator.sale(7, 1, NOON, CreateOptions(authorized=False, quantities=(1,)))
    with pytest.raises(Refused, match="1 left, 2 asked"):
        refunded(sale, RefundOptions(lines=((0, 2),)), at=NOON, seed=7)


def test_a_second_currency_is_shown_beside_the_shops_own() -> None:
    sale = generator.sale(7, 1, NOON, CreateOptions(presentment_currency="CAD", presentment_rate="1.40"))
    total = order(sale, SHOP)["total_price_set"]
    assert (total["shop_money"]["currency_code"], total["presentment_money"]["currency_code"]) == ("USD", "CAD")
    assert Decimal(total["presentment_money"]["amount"]) * 100 == round(Decimal(sale.total) * Decimal("1.40"))


def test_random_changes_never_break_the_arithmetic(two_thousand: list[Sale]) -> None:
    rng = Random(11)
    for sale in two_thousand[:400]:
        after = sale
        for _ in range(6):
            after = _something(after, rng)
        document = order(after, SHOP)
        assert (
            Decimal(document["current_total_price"]) * 100 == after.total - sum(r.total for r in after.refunds)
            or after.voided
        )
        assert 0 <= after.refunded <= after.total
        assert Decimal(document["current_total_price"]) >= 0


def _something(sale: Sale, rng: Random) -> Sale:
    index = rng.randrange(len(sale.lines))
    try:
        match rng.randrange(5):
            case 0:
                return edited(sale, EditOptions(), at=NOON, seed=7)
            case 1:
                return edited(sale, EditOptions(line=index, quantity=rng.randrange(5)), at=NOON, seed=7)
            case 2:
                return refunded(sale, RefundOptions(shipping=rng.random() < 0.3), at=NOON, seed=7)
            case 3:
                return refunded(sale, RefundOptions(lines=((index, rng.randrange(1, 3)),)), at=NOON, seed=7)
            case _:
                return (
                    cancelled(sale, CancelOptions(refund=rng.random() < 0.8), at=NOON) if rng.random() < 0.3 else sale
                )
    except Refused:
        return sale
