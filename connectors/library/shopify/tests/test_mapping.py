"""What the maps make of the oddities of real payloads, each on a fixture of ours bent by one thing."""

from decimal import Decimal as D
from pathlib import Path

import pytest

from connectors.canonical import totals
from connectors.canonical.invariants import breaches
from connectors.library.shopify.reader import ShopifyReader
from connectors.sdk import safe_json
from connectors.sdk.errors import PayloadChanged, RequestRefused

READER = ShopifyReader()
FIXTURES = Path(__file__).parent / "fixtures"


def document(stem):
    return safe_json.parse((FIXTURES / f"{stem}.json").read_bytes())


def order(stem="orders_create__web_discount_code", **changes):
    (found,) = READER.canonical("orders/create", document(stem) | changes)
    return found


def refund(stem="refunds_create__one_of_three_restocked", **changes):
    (found,) = READER.canonical("refunds/create", document(stem) | changes)
    return found


def test_a_web_order_has_its_lines_discounts_taxes_and_customer():
    found = order()
    assert (found.number, found.total, found.currency, found.channel) == ("#1041", D("214.85"), "USD", "web")
    assert [(line.sku, line.quantity, line.discount) for line in found.lines] == [
        ("HP-PARKA-NVY-M", D(1), D("18.00")),
        ("HP-SOCK-GRY", D(3), D("3.75")),
    ]
    assert found.lines[0].taxes[0].rate == D("0.055")
    assert (found.customer.name, found.customer.email, found.customer.country) == (
        "Wren Example",
        "wren@example.com",
        "US",
    )


def test_a_till_sale_has_store_till_tenders_and_tip():
    found = order("orders_create__till_tax_inclusive_tip")
    assert (found.store_key, found.till, found.channel, found.customer) == ("71003", "4", "pos", None)
    assert [tender.gateway for tender in found.tenders] == ["cash", "gift_card"]
    assert [(charge.kind, charge.amount) for charge in found.charges] == [("tip", D("3.00"))]
    assert found.tax_inclusive
    assert breaches(found) == ()


def test_a_tip_that_is_a_line_is_not_counted_twice():
    given = document("orders_create__till_tax_inclusive_tip")
    tip = {"id": 9, "title": "Tip", "quantity": 1, "price": "3.00", "tip": {"payment_method": "cash"}}
    found = order("orders_create__till_tax_inclusive_tip", line_items=[*given["line_items"], tip])
    assert found.charges == ()
    assert breaches(found) == ()


def test_yen_have_no_cents_and_the_customers_currency_stands_beside():
    found = order("orders_create__yen_free_shipping")
    assert (found.total, found.currency) == (D(9020), "JPY")
    assert (found.presentment_total, found.presentment_currency) == (D("60.13"), "USD")
    assert found.shipping[0].discount == D(900)


def test_duties_and_fees_are_charges():
    bag = {"shop_money": {"amount": "10.00", "currency_code": "USD"}}
    found = order(original_total_duties_set=bag, original_total_additional_fees_set=bag, total_price="234.85")
    assert [(charge.kind, charge.amount) for charge in found.charges] == [("duty", D("10.00")), ("fee", D("10.00"))]
    assert breaches(found) == ()


def test_a_refunded_order_keeps_the_total_it_was_sold_for():
    found = order("orders_updated__partial_refund")
    assert found.total == D("214.85")
    assert sum(line.quantity for line in found.lines) == 4


def test_a_cancelled_order_says_when_and_why():
    found = order("orders_cancelled__by_customer")
    assert (found.cancel_reason, found.financial_status) == ("customer", "voided")
    assert found.cancelled_at.isoformat() == "2026-11-22T22:05:39+00:00"


def test_a_removed_shipping_line_is_none():
    given = document("orders_create__web_discount_code")
    removed = given["shipping_lines"][0] | {"is_removed": True}
    found = order(shipping_lines=[*given["shipping_lines"], removed])
    assert len(found.shipping) == 1


def test_the_exact_id_is_kept_beside_the_rounded_one():
    found = order("orders_create__rounded_id_unallocated_discount")
    assert (found.id, found.stated_id) == ("820120001000044508", "820120001000044500")
    assert totals.unallocated_discount(found) == D("5.00")
    assert order().stated_id is None


def test_words_we_have_never_seen_survive():
    assert order("orders_create__rounded_id_unallocated_discount").financial_status == "settling_soon"
    given = document("refunds_create__one_of_three_restocked")
    line = given["refund_line_items"][0] | {"restock_type": "shelf_b"}
    assert refund(refund_line_items=[line]).lines[0].restock_type == "shelf_b"


def test_the_old_shape_without_allocations_sets_and_gateway_names_is_read():
    given = document("orders_create__web_discount_code")
    for name in [name for name in given if name.endswith("_set") or name.startswith("current_")]:
        del given[name]
    del given["payment_gateway_names"], given["admin_graphql_api_id"]
    given["gateway"] = "authorize_net"
    given["line_items"] = [
        {**line, "discount_allocations": None, "total_discount": line["discount_allocations"][0]["amount"]}
        for line in given["line_items"]
    ]
    (found,) = READER.canonical("orders/create", given)
    assert (found.id, found.lines[0].discount, found.tenders[0].gateway) == (
        "6120001000041",
        D("18.00"),
        "authorize_net",
    )
    assert breaches(found) == ()


def test_the_same_order_by_webhook_and_by_our_own_read_is_the_same():
    by_webhook, (by_read,) = order(), READER.canonical("orders/read", document("orders_read__web_discount_code"))
    apart = ("tenders", "discounts", "fulfilment_status")
    for name in by_webhook.__struct_fields__:
        if name not in apart:
            assert getattr(by_webhook, name) == getattr(by_read, name), name
    assert by_read.tenders[0].amount == D("214.85")


def test_rests_wrappers_are_opened():
    bare = document("orders_create__web_discount_code")
    assert READER.canonical("orders/updated", {"order": bare}) == READER.canonical("orders/updated", bare)
    many = READER.canonical("orders/updated", {"orders": [bare, document("orders_create__yen_free_shipping")]})
    assert [one.number for one in many] == ["#1041", "#1043"]


def test_a_partial_refund_names_line_tax_store_and_restock():
    found = refund()
    (line,) = found.lines
    assert (found.total, found.order_id, found.store_key) == (D("11.87"), "6120001000041", "71003")
    assert (line.order_line_id, line.subtotal, line.tax, line.restock) == (
        "14120001000002",
        D("11.25"),
        D("0.62"),
        True,
    )


def test_refunded_shipping_stated_twice_is_taken_once():
    found = refund("refunds_create__all_with_shipping")
    assert [(charge.kind, charge.amount) for charge in found.charges] == [("shipping", D("7.90"))]
    assert breaches(found) == ()


def test_refunded_shipping_of_older_versions_is_an_adjustment():
    found = refund("refunds_create__all_with_shipping", refund_shipping_lines=[])
    assert [(charge.kind, charge.amount) for charge in found.charges] == [("shipping_refund", D("7.90"))]
    assert breaches(found) == ()


def test_money_beyond_the_lines_and_money_kept_are_charges_with_their_sign():
    assert [charge.amount for charge in refund("refunds_create__goodwill_only").charges] == [D("10.00")]
    assert [charge.amount for charge in refund("refunds_create__restocking_fee_kept").charges] == [D("-15.00")]


def test_a_refund_without_payments_has_no_total_rather_than_nought():
    found = refund("refunds_create__line_removed_before_payment")
    assert (found.total, found.currency) == (None, "USD")
    assert found.lines[0].restock


def test_a_refund_paid_in_another_currency_states_it_there():
    found = refund("refunds_create__paid_in_another_currency")
    assert (found.total, found.currency) == (None, "JPY")
    assert (found.presentment_total, found.presentment_currency) == (D("60.13"), "USD")
    assert (found.lines[0].subtotal, found.lines[0].tax) == (D(8200), D(820))


def test_only_payments_that_went_through_are_money_back():
    given = document("refunds_create__one_of_three_restocked")["transactions"][0]
    found = refund(transactions=[given, {**given, "id": 2, "status": "failure"}, {**given, "id": 3, "kind": "void"}])
    assert found.total == D("11.87")


def test_an_old_refund_without_amounts_of_its_lines_takes_them_from_the_order_line():
    sold = {
        "price": "12.50",
        "quantity": 2,
        "total_discount": "5.00",
        "tax_lines": [{"price": "1.00", "rate": D("0.05")}],
    }
    line = {"quantity": 1, "line_item_id": 5, "line_item": sold}
    given = {"id": 1, "order_id": 2, "created_at": "2026-11-23T10:00:00Z", "restock": True, "refund_line_items": [line]}
    (found,) = READER.canonical("refunds/create", {"refund": given})
    assert (found.lines[0].subtotal, found.lines[0].tax, found.lines[0].restock) == (D("10.00"), D("0.50"), True)
    assert (found.currency, found.total) == (None, None)


@pytest.mark.parametrize(
    ("topic", "payload", "sentence"),
    [
        ("draft_orders/create", {"id": 1}, "Draft orders are not sales"),
        ("orders/create", {"draft_order": {"id": 1, "line_items": []}}, "draft orders are not sales"),
        (
            "orders/create",
            {"id": 1, "admin_graphql_api_id": "gid://shopify/DraftOrder/1"},
            "Draft orders are not sales",
        ),
        ("orders/create", {"id": 1, "invoice_url": "x", "line_items": []}, "Draft orders are not sales"),
        ("carts/update", {"id": "c1-x"}, "A cart is not a sale"),
        ("orders/create", {"id": "c1-x", "line_items": []}, "A cart is not a sale"),
        ("checkouts/create", {"id": 1}, "checkout is not a sale"),
        ("returns/request", {"id": 1}, "requested return is no refund"),
        ("customers/data_request", {"shop_id": 1}, "privacy request"),
        ("products/update", {"id": 1}, "no map for the event 'products/update'"),
        ("orders/create", {"id": 1, "refund_line_items": []}, "is a refund, not an order"),
        ("refunds/create", {"id": 1, "line_items": []}, "is an order, not a refund"),
        ("orders/create", {"id": 1, "admin_graphql_api_id": "gid://shopify/Refund/1"}, "is a Refund, not an order"),
    ],
)
def test_what_is_no_sale_is_refused_in_a_sentence(topic, payload, sentence):
    with pytest.raises(RequestRefused, match=sentence) as caught:
        READER.canonical(topic, payload)
    assert caught.value.operator_message.endswith(".")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"total_price": None, "total_price_set": None}, "total .*is missing"),
        ({"created_at": "2026-11-22"}, "created_at .*without an offset"),
        ({"line_items": {}}, "lines .*is an object, not a list"),
        (
            {"line_items": [{"id": 1, "quantity": "two", "price": "1"}]},
            r"lines\[0\].quantity \(from line_items\[0\].quantity\)",
        ),
        ({"customer": "Ada"}, "customer.id .*is text, not an object"),
        ({"taxes_included": "perhaps"}, "tax_inclusive .*not true or false"),
        ({"id": 1}, "another id than its global id"),
    ],
)
def test_a_payload_of_another_shape_names_field_and_path(changes, named):
    with pytest.raises(PayloadChanged, match=named):
        order(**changes)
