"""Payloads that others captured: each ends as an object with the right facts, a named breach, or a refusal in words.

The samples are not ours to ship; where they are absent these tests are skipped, and say so.
"""

from decimal import Decimal as D

import pytest

from connectors.canonical.encode import canonical_bytes
from connectors.canonical.facts import facts
from connectors.canonical.invariants import breaches
from connectors.library import connector
from connectors.sdk import safe_json
from connectors.sdk.errors import RequestRefused
from tests.paths import SAMPLES

FOLDER = SAMPLES / "shopify"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the samples are not here")

# file -> (event, object id, order number or order id, total, units, breaches)
OBJECTS = {
    "webhook_2024-10_orders.create": ("orders/create", "820982911946154508", "#9999", D("388.00"), 2, ()),
    "webhook_2024-10_orders.updated": ("orders/updated", "820982911946154508", "#9999", D("388.00"), 2, ()),
    "rest_2022-04_order_450789469": ("orders/updated", "450789469", "#1001", D("598.94"), 3, ()),
    "rest_2024-10_order_450789469": ("orders/updated", "450789469", "#1001", D("598.94"), 3, ()),
    "rest_2024-10_order_create_eur": ("orders/create", "1073459975", "#1002", D("238.47"), 3, ()),
    "rest_py_order": ("orders/updated", "450789469", "#1001", D("409.94"), 3, ("total",)),
    "webhook_2024-10_refunds.create": ("refunds/create", "890088186047892319", "820982911946154500", None, 2, ()),
    "rest_py_refund": ("refunds/create", "509562969", "450789469", D("209.00"), 2, ("refund_total",)),
}
# file -> (event, part of the sentence)
REFUSALS = {
    "webhook_2024-10_draft_orders.create": ("draft_orders/create", "Draft orders are not sales"),
    "rest_py_draft_order_completed": ("orders/create", "draft orders are not sales"),
    "webhook_carts_update": ("carts/update", "A cart is not a sale"),
    "webhook_2024-10_returns.request": ("returns/request", "requested return is no refund"),
    "webhook_2024-10_order_transactions.create": ("order_transactions/create", "Payments are read with"),
    "webhook_2024-10_tender_transactions.create": ("tender_transactions/create", "Payments are read with"),
    "webhook_customers_data_request": ("customers/data_request", "answered by a person"),
    "webhook_2024-10_app.uninstalled": ("app/uninstalled", "change the connection"),
    "webhook_2024-10_audit_events.admin_api_activity": ("audit_events/admin_api_activity", "not business data"),
    "webhook_2024-10_customers.create": ("customers/create", "no map for the event"),
    "webhook_2024-10_fulfillments.create": ("fulfillments/create", "no map for the event"),
    "webhook_2024-10_inventory_levels.update": ("inventory_levels/update", "no map for the event"),
    "webhook_2024-10_products.create": ("products/create", "no map for the event"),
    "product_with_variants_erpnext": ("products/update", "no map for the event"),
    "rest_2024-10_deprecated_api_calls": ("deprecated_api_calls", "no map for the event"),
    "rest_2024-10_fulfillment_orders": ("fulfillment_orders", "no map for the event"),
    "rest_2024-10_gift_cards": ("gift_cards", "no map for the event"),
    "rest_py_gift_card": ("gift_cards", "no map for the event"),
    "rest_py_payouts_transactions": ("payouts", "no map for the event"),
    "rest_py_price_rules": ("price_rules", "no map for the event"),
    "rest_py_products": ("products/update", "no map for the event"),
}


def payload(stem):
    document = safe_json.parse((FOLDER / f"{stem}.json").read_bytes())
    return document["body"] if "headers" in document else document


def read(event, document):
    return connector("shopify").reader.canonical(event, document)


def test_every_sample_is_spoken_for():
    assert {path.stem for path in FOLDER.glob("*.json")} == {*OBJECTS, *REFUSALS}


@pytest.mark.parametrize("stem", OBJECTS)
def test_a_sample_becomes_its_object_with_the_breaches_it_has(stem):
    event, identifier, belongs_to, total, units, named = OBJECTS[stem]
    (found,) = read(event, payload(stem))
    known = facts(found)
    assert (known.object_id, known.value, known.units) == (identifier, total, D(units))
    assert belongs_to in (known.order_number, known.order_id)
    assert tuple(breach.name for breach in breaches(found)) == named
    assert canonical_bytes(found)


@pytest.mark.parametrize("stem", REFUSALS)
def test_a_sample_that_is_no_sale_is_refused_in_words(stem):
    event, sentence = REFUSALS[stem]
    with pytest.raises(RequestRefused, match=sentence):
        read(event, payload(stem))


@pytest.mark.parametrize("stem", [stem for stem in OBJECTS if stem.startswith("webhook")])
def test_the_intake_names_a_sample_as_the_map_does(stem):
    event = OBJECTS[stem][0]
    (found,) = read(event, payload(stem))
    subject = connector("shopify").webhooks.subject(event, payload(stem))
    assert (subject.object_id, subject.source_version) == (found.id, found.source_version)


def test_two_versions_of_the_api_give_the_same_order():
    (old,), (new,) = (
        read("orders/updated", payload(f"rest_{version}_order_450789469")) for version in ("2022-04", "2024-10")
    )
    assert old == new


def test_an_update_of_the_same_order_is_the_same_order():
    (created,), (updated,) = (
        read(f"orders/{act}", payload(f"webhook_2024-10_orders.{act}")) for act in ("create", "updated")
    )
    assert created == updated


def test_lines_of_a_refund_are_the_lines_of_its_order():
    (order,) = read("orders/create", payload("webhook_2024-10_orders.create"))
    (refund,) = read("refunds/create", payload("webhook_2024-10_refunds.create"))
    assert {line.order_line_id for line in refund.lines} == {line.id for line in order.lines}
    assert refund.order_id == order.stated_id


def test_a_refund_within_an_order_is_a_refund_when_it_is_read_as_one():
    document = payload("rest_2024-10_order_450789469")["order"]["refunds"][0]
    (refund,) = read("refunds/create", document)
    assert (refund.total, refund.order_id) == (D("209.00"), "450789469")
    assert [breach.name for breach in breaches(refund)] == ["refund_total"]
