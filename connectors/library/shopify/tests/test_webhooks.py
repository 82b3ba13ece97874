from datetime import UTC, datetime

import pytest

from connectors.library.shopify.tests.signing import signed
from connectors.library.shopify.webhooks import ShopifyWebhooks
from connectors.sdk.errors import PayloadChanged

WEBHOOKS = ShopifyWebhooks()
BODY = b'{"id": 1}'


def verified(headers, *secrets, body=BODY):
    return WEBHOOKS.verify(headers=headers, body=body, secrets=secrets)


def test_header_names_are_read_in_any_case_and_in_the_newer_spelling():
    headers = signed(BODY, "s", "orders/create")
    assert verified({name.upper(): value for name, value in headers.items()}, "s")
    newer = {name.removeprefix("x-"): value for name, value in headers.items()}
    assert verified(newer, "s")
    assert WEBHOOKS.envelope(newer) == WEBHOOKS.envelope(headers)


def test_only_the_two_secrets_of_a_rotation_are_tried():
    assert not verified(signed(BODY, "third", "orders/create"), "first", "second", "third")


@pytest.mark.parametrize("signature", ["", "é", "AAAA", "\x00", "a" * 10_000])
def test_a_signature_that_is_none_is_refused_without_an_error(signature):
    assert not verified({"x-shopify-hmac-sha256": signature}, "s")


def test_the_envelope_comes_from_the_headers_alone():
    envelope = WEBHOOKS.envelope(signed(BODY, "s", "Orders/Create"))
    assert (envelope.topic, envelope.api_version) == ("orders/create", "2026-10")
    assert envelope.account == "harbour-pine.myshopify.com"
    assert envelope.triggered_at == datetime(2026, 11, 22, 14, 14, 32, 290670, UTC)


def test_the_delivery_id_dedupes_and_the_event_id_only_stands_in_for_it():
    headers = signed(BODY, "s", "orders/create")
    assert WEBHOOKS.envelope(headers).event_id == headers["x-shopify-webhook-id"]
    del headers["x-shopify-webhook-id"]
    assert WEBHOOKS.envelope(headers).event_id == headers["x-shopify-event-id"]


def test_a_delivery_that_says_nothing_of_itself_has_an_empty_envelope():
    envelope = WEBHOOKS.envelope({"x-shopify-triggered-at": "noon"})
    assert (envelope.topic, envelope.event_id, envelope.api_version, envelope.triggered_at) == ("", "", "", None)


def test_the_exact_id_wins_over_the_rounded_one_and_both_are_searchable():
    order = {
        "id": 820982911946154500,
        "admin_graphql_api_id": "gid://shopify/Order/820982911946154508",
        "name": "#9",
        "updated_at": "2026-11-22T09:00:00-05:00",
    }
    subject = WEBHOOKS.subject("orders/updated", order)
    assert (subject.object_type, subject.object_id) == ("order", "820982911946154508")
    assert subject.source_version == "2026-11-22T14:00:00.000000Z"
    assert subject.business_keys == (
        ("order", "#9"),
        ("order_id", "820982911946154508"),
        ("order_id", "820982911946154500"),
    )


def test_a_refund_waits_in_the_lane_of_its_order_even_when_ids_were_rounded():
    order = {"id": 820982911946154500, "admin_graphql_api_id": "gid://shopify/Order/820982911946154508"}
    refund = {"id": 5, "order_id": 820982911946154500, "created_at": "2026-11-22T09:00:00-05:00"}
    lane = WEBHOOKS.subject("orders/create", order).order_key
    found = WEBHOOKS.subject("refunds/create", refund)
    assert (found.order_key, found.object_type, found.object_id) == (lane, "refund", "5")


def test_versions_of_different_offsets_sort_by_time():
    early = WEBHOOKS.subject("orders/create", {"id": 1, "updated_at": "2026-11-22T23:30:00-05:00"})
    late = WEBHOOKS.subject("orders/create", {"id": 1, "updated_at": "2026-11-23T06:00:00+01:00"})
    assert early.source_version < late.source_version


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"id": None},
        {"id": True},
        {"id": 7, "admin_graphql_api_id": "gid://shopify/Order/8"},
        {"id": 10**400, "admin_graphql_api_id": "gid://shopify/Order/8"},
        {"id": 10**400},
        {"id": -1},
        {"id": "x" * 65},
        {"orders": []},
        {"order": {}},
    ],
)
def test_an_order_without_an_id_or_with_two_is_a_changed_payload(document):
    with pytest.raises(PayloadChanged):
        WEBHOOKS.subject("orders/create", document)


def test_a_refund_that_names_no_order_is_a_changed_payload():
    with pytest.raises(PayloadChanged, match="which order"):
        WEBHOOKS.subject("refunds/create", {"id": 1, "order_id": None})


def test_an_order_of_our_own_read_has_the_version_of_its_webhook():
    read = WEBHOOKS.subject("orders/read", {"id": "gid://shopify/Order/1", "updatedAt": "2026-11-22T14:00:00Z"})
    sent = WEBHOOKS.subject("orders/updated", {"id": 1, "updated_at": "2026-11-22T09:00:00-05:00"})
    assert (read.object_id, read.source_version, read.order_key) == (
        sent.object_id,
        sent.source_version,
        sent.order_key,
    )


def test_topics_that_are_none_of_ours_have_no_object():
    assert WEBHOOKS.subject("draft_orders/create", {"id": 4}).object_type == ""
    assert WEBHOOKS.subject("customers/data_request", {"shop_id": 4}).object_id == ""


def test_a_wrapped_document_has_the_same_subject_as_a_bare_one():
    order = {"id": 1, "name": "#1", "updated_at": "2026-11-22T23:30:00-05:00"}
    assert WEBHOOKS.subject("orders/updated", {"order": order}) == WEBHOOKS.subject("orders/updated", order)
