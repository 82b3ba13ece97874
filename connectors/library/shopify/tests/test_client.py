"""Every answer the vendor may give, over real HTTP: each class of error beside its opposite."""

import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.library.shopify import client
from connectors.library.shopify.manifest import manifest
from connectors.library.shopify.probes import probe
from connectors.library.shopify.reader import ShopifyReader
from connectors.library.shopify.tests.stand_in import Answer, stand_in
from connectors.sdk.errors import (
    CredentialRejected,
    Misconfigured,
    PayloadChanged,
    RequestRefused,
    Throttled,
    Unavailable,
)
from connectors.sdk.testing import DirectCall

TOKEN = "shpat_canary0123456789"
ORDER = json.loads((Path(__file__).parent / "fixtures" / "orders_read__web_discount_code.json").read_text())


@asynccontextmanager
async def calling(*answers, **config):
    async with (
        stand_in(*answers) as server,
        DirectCall(config={"admin_url": server.url, **config}, secrets={"access_token": TOKEN}) as call,
    ):
        yield server, call


def found(**data):
    return Answer({"data": data})


def failed(code, message="No.", **extensions):
    return Answer({"errors": [{"message": message, "extensions": {"code": code}}], "extensions": extensions})


async def error_of(answer):
    async with calling(answer) as (_, call):
        with pytest.raises(Exception) as caught:
            await client.order(call, "1")
    return caught.value


async def test_an_order_is_read_with_version_token_and_id():
    async with calling(found(order=ORDER)) as (server, call):
        document = await client.order(call, "6120001000041")
    (asked,) = server.asked
    assert asked.path == "/admin/api/2026-10/graphql.json"
    assert asked.headers["x-shopify-access-token"] == TOKEN
    assert asked.body["variables"] == {"id": "gid://shopify/Order/6120001000041"}
    assert ShopifyReader().canonical("orders/read", document)[0].number == "#1041"


async def test_the_version_asked_for_and_the_version_that_answered_are_both_recorded():
    async with calling(found(order=ORDER), api_version="2025-10") as (server, call):
        await client.order(call, "1")
    assert server.asked[0].path == "/admin/api/2025-10/graphql.json"
    assert (call.steps[0].requested, call.steps[0].served) == ("2025-10", "2026-07")


async def test_where_no_version_is_stated_none_is_recorded():
    async with calling(Answer({"data": {"order": ORDER}}, headers={})) as (_, call):
        await client.order(call, "1")
    assert call.steps[0].served == ""


async def test_an_order_that_is_not_there_is_none_and_no_error():
    async with calling(found(order=None)) as (_, call):
        assert await client.order(call, "1") is None


async def test_lines_beyond_the_first_page_are_fetched_until_there_are_no_more():
    node = ORDER["lineItems"]["nodes"][0]
    first = {**ORDER, "lineItems": {"nodes": [node], "pageInfo": {"hasNextPage": True, "endCursor": "A"}}}
    second = {"lineItems": {"nodes": [node], "pageInfo": {"hasNextPage": True, "endCursor": "B"}}}
    third = {"lineItems": {"nodes": [node], "pageInfo": {"hasNextPage": False, "endCursor": None}}}
    async with calling(found(order=first), found(order=second), found(order=third)) as (server, call):
        document = await client.order(call, "1")
    assert len(document["lineItems"]["nodes"]) == 3
    assert [asked.body["variables"].get("after") for asked in server.asked] == [None, "A", "B"]


async def test_changed_orders_come_page_by_page_oldest_first():
    nodes = [{"id": "gid://shopify/Order/7", "updatedAt": "2026-11-23T10:00:00Z"}]
    more = found(orders={"nodes": nodes, "pageInfo": {"hasNextPage": True, "endCursor": "next"}})
    last = found(orders={"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}})
    since = datetime(2026, 11, 23, 4, tzinfo=UTC)
    async with calling(more, last) as (server, call):
        page = await client.orders_updated_since(call, since)
        rest = await client.orders_updated_since(call, since, cursor=page.cursor)
    assert page == client.Page((client.Listed("7", "2026-11-23T10:00:00Z"),), "next")
    assert rest == client.Page((), None)
    assert server.asked[1].body["variables"] == {
        "query": "updated_at:>='2026-11-23T04:00:00Z'",
        "after": "next",
        "first": 100,
    }


async def test_nothing_new_and_not_reachable_never_look_alike():
    empty = found(orders={"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}})
    async with calling(empty) as (_, call):
        assert (await client.orders_updated_since(call, datetime.now(UTC))).orders == ()
    async with DirectCall(config={"admin_url": "http://127.0.0.1:9"}, secrets={"access_token": TOKEN}) as call:
        with pytest.raises(Unavailable):
            await client.orders_updated_since(call, datetime.now(UTC))


async def test_throttled_by_status_says_how_long_to_wait():
    error = await error_of(Answer({"errors": "Exceeded 2 calls per second"}, 429, {"Retry-After": "2.0"}))
    assert isinstance(error, Throttled)
    assert (error.retry_after, error.retryable) == (timedelta(seconds=2), True)


async def test_throttled_by_cost_waits_until_the_bucket_holds_enough():
    cost = {"requestedQueryCost": 152, "throttleStatus": {"currentlyAvailable": 52, "restoreRate": 50.0}}
    error = await error_of(failed("THROTTLED", cost=cost))
    assert isinstance(error, Throttled)
    assert error.retry_after == timedelta(seconds=2)
    assert (await error_of(failed("THROTTLED"))).retry_after is None


@pytest.mark.parametrize(
    "answer",
    [
        Answer({"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}, 401),
        Answer({"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}),
        Answer("Forbidden", 403),
    ],
)
async def test_a_revoked_token_is_a_credential_matter_and_never_tried_again(answer):
    error = await error_of(answer)
    assert isinstance(error, CredentialRejected)
    assert not error.retryable
    assert "install the app again" in error.operator_message


@pytest.mark.parametrize(
    "answer",
    [
        Answer({"errors": "[API] This action requires merchant approval for read_orders scope."}, 403),
        failed("ACCESS_DENIED", "Access denied for order field. Required access: `read_orders` access scope."),
    ],
)
async def test_a_missing_scope_is_named(answer):
    error = await error_of(answer)
    assert isinstance(error, CredentialRejected)
    assert "lacks the scope read_orders" in error.operator_message


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer("", 500), Unavailable),
        (Answer("<html>", 503), Unavailable),
        (Answer('{"data": {"order": '), Unavailable),
        (failed("INTERNAL_SERVER_ERROR"), Unavailable),
        (Answer("", 402), Misconfigured),
        (Answer("", 423), Misconfigured),
        (Answer("Not Found", 404), Misconfigured),
        (failed("SHOP_INACTIVE"), Misconfigured),
        (Answer("", 302), RequestRefused),
        (Answer("", 430), RequestRefused),
        (failed("undefinedField", "Field 'x' doesn't exist on type 'Order'"), RequestRefused),
        (Answer([]), PayloadChanged),
        (Answer({"data": None}), PayloadChanged),
        (found(order={"id": "gid://shopify/Order/1"}), PayloadChanged),
    ],
)
async def test_every_other_answer_has_its_class(answer, kind):
    error = await error_of(answer)
    assert type(error) is kind
    assert error.operator_message.endswith(".")


@pytest.mark.parametrize(
    "domain",
    [
        "",
        "harbour-pine.example",
        "evil.example/.myshopify.com",
        "evil.example?.myshopify.com",
        "evil.example#.myshopify.com",
        "evil.example:443/x?y=.myshopify.com",
        "x@myshopify.com",
        ".myshopify.com",
    ],
)
async def test_only_a_shops_own_domain_is_called(domain):
    async with DirectCall(config={"shop_domain": domain}, secrets={"access_token": TOKEN}) as call:
        with pytest.raises(Misconfigured):
            await client.health(call)
    assert call.steps == []


async def test_without_a_token_nothing_is_called():
    async with DirectCall(config={"shop_domain": "harbour-pine.myshopify.com"}, secrets={}) as call:
        with pytest.raises(Misconfigured, match="no access token"):
            await client.health(call)
    assert call.steps == []


async def test_the_token_is_in_no_error():
    for answer in (Answer("", 401), Answer("", 500), failed("ACCESS_DENIED"), Answer("nonsense")):
        error = await error_of(answer)
        assert TOKEN not in f"{error}{error.operator_message}{error.detail}"


def health(scopes, topics):
    return found(
        shop={"name": "Harbour & Pine", "myshopifyDomain": "harbour-pine.myshopify.com", "currencyCode": "USD"},
        currentAppInstallation={"accessScopes": [{"handle": scope} for scope in scopes]},
        webhookSubscriptions={"nodes": [{"topic": topic, "uri": "https://x.example"} for topic in topics]},
    )


async def test_the_probe_finds_everything_in_order():
    topics = [topic.replace("/", "_").upper() for topic in manifest.topics]
    async with calling(health(manifest.scopes, topics)) as (_, call):
        checks = await probe(call)
    assert [(check.name, check.ok) for check in checks] == [("credential", True), ("scopes", True), ("webhooks", True)]


async def test_the_probe_names_missing_scopes_and_events():
    async with calling(health(["read_orders"], ["ORDERS_CREATE"])) as (_, call):
        _, scopes, webhooks = await probe(call)
    assert (scopes.ok, scopes.missing) == (False, ("read_customers", "read_locations"))
    assert (webhooks.ok, webhooks.missing) == (None, ("orders/updated", "orders/cancelled", "refunds/create"))
