"""The Admin API's manners: token, versions, throttling, paging, faults."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from connectors.sandbox.shopify.faults import Fault
from connectors.sandbox.shopify.options import CancelOptions, CreateOptions, EditOptions, RefundOptions
from tests.connectors.sandbox.conftest import QUICK, ShopServer

HOUR_AGO = datetime.now(UTC) - timedelta(hours=1)


def place(server: ShopServer, count: int) -> list[int]:
    """Orders a second apart, two at a time in the same second: paging has ties to get right."""
    ats = [HOUR_AGO + timedelta(seconds=number // 2) for number in range(count)]
    return [server.shop.create(CreateOptions(at=at))["order_id"] for at in ats]


async def test_a_wrong_token_gets_401_and_no_data(shop_server: ShopServer) -> None:
    response, document = await shop_server.api("shop.json", token="shpat_wrong")
    assert response.status == 401
    assert set(document) == {"errors"}


async def test_the_version_asked_for_is_the_version_that_answers(shop_server: ShopServer) -> None:
    response, _ = await shop_server.api("shop.json", version="2026-07")
    assert response.headers["X-Shopify-API-Version"] == "2026-07"
    assert "X-Shopify-API-Deprecated-Reason" not in response.headers


async def test_an_old_version_falls_forward_and_says_so(shop_server: ShopServer) -> None:
    response, document = await shop_server.api("shop.json", version="2024-10")
    assert (response.status, response.headers["X-Shopify-API-Version"]) == (200, "2026-01")
    assert response.headers["X-Shopify-API-Deprecated-Reason"].startswith("https://")
    assert document["shop"]["name"] == "Harbour & Pine"


async def test_a_version_that_never_was_is_404(shop_server: ShopServer) -> None:
    response, _ = await shop_server.api("shop.json", version="2026-03")
    assert response.status == 404


async def test_a_quarter_gone_by_moves_the_oldest_version(shop_server: ShopServer) -> None:
    body = {"supported": ["2026-07", "2026-10", "2027-01"]}
    await shop_server.client.post("/_control/versions", json=body)
    response, _ = await shop_server.api("shop.json", version="2026-04")
    assert response.headers["X-Shopify-API-Version"] == "2026-07"


async def test_rest_is_throttled_by_its_bucket(start_shop: Callable[..., Any]) -> None:
    server = await start_shop(replace(QUICK, plan="standard"))
    answers = [(await server.api("shop.json"))[0] for _ in range(45)]
    assert {answer.status for answer in answers[:40]} == {200}
    assert answers[0].headers["X-Shopify-Shop-Api-Call-Limit"] == "1/40"
    refused = [answer for answer in answers if answer.status == 429]
    assert refused
    assert float(refused[0].headers["Retry-After"]) >= 1


async def test_graphql_is_throttled_by_points_with_status_200(start_shop: Callable[..., Any]) -> None:
    server = await start_shop(replace(QUICK, plan="standard"))
    query = "{ orders(first: 250) { nodes { lineItems(first: 250) { nodes { id taxLines { title } } } } } }"
    answers = [await server.graphql(query) for _ in range(20)]
    throttled = [answer for answer in answers if "errors" in answer]
    assert throttled[0]["errors"][0]["extensions"]["code"] == "THROTTLED"
    status = throttled[0]["extensions"]["cost"]["throttleStatus"]
    assert status["currentlyAvailable"] < throttled[0]["extensions"]["cost"]["requestedQueryCost"]


async def test_rest_pages_are_complete_without_repeats(shop_server: ShopServer) -> None:
    placed, seen = place(shop_server, 23), []
    query: dict[str, str] = {"limit": "5", "status": "any", "order": "updated_at asc"}
    while True:
        response, document = await shop_server.api("orders.json", **query)
        seen += [order["id"] for order in document["orders"]]
        link = re.match(r'<([^>]+)>; rel="next"', response.headers.get("Link", ""))
        if link is None:
            break
        query = {name: values[0] for name, values in parse_qs(urlsplit(link[1]).query).items()}
    assert seen == placed


async def test_rest_lists_open_orders_unless_told_otherwise(shop_server: ShopServer) -> None:
    first, second = place(shop_server, 2)
    shop_server.shop.cancel(first, CancelOptions())
    _, open_ones = await shop_server.api("orders.json")
    _, every = await shop_server.api("orders/count.json", status="any")
    assert ([order["id"] for order in open_ones["orders"]], every["count"]) == ([second], 2)


async def test_rest_finds_what_changed_since(shop_server: ShopServer) -> None:
    placed = place(shop_server, 6)
    shop_server.shop.edit(placed[1], EditOptions(note="changed"))
    since = (HOUR_AGO + timedelta(minutes=30)).isoformat()
    _, document = await shop_server.api("orders.json", status="any", updated_at_min=since)
    assert [order["id"] for order in document["orders"]] == [placed[1]]


async def test_a_missing_scope_is_refused_by_both_apis(shop_server: ShopServer) -> None:
    (order,) = place(shop_server, 1)
    await shop_server.client.post("/_control/scopes", json={"scopes": ["read_products"]})
    response, _ = await shop_server.api(f"orders/{order}.json")
    answer = await shop_server.graphql("{ orders(first: 1) { nodes { id } } }")
    assert response.status == 403
    assert (answer["data"], answer["errors"][0]["extensions"]["code"]) == ({"orders": None}, "ACCESS_DENIED")


async def test_refunds_and_transactions_of_an_order_are_read(shop_server: ShopServer) -> None:
    order = shop_server.shop.create(CreateOptions(authorized=False))["order_id"]
    shop_server.shop.refund(order, RefundOptions())
    _, refunds = await shop_server.api(f"orders/{order}/refunds.json")
    _, payments = await shop_server.api(f"orders/{order}/transactions.json")
    assert len(refunds["refunds"]) == 1
    assert [payment["kind"] for payment in payments["transactions"]][-1] == "refund"


async def test_sixty_stores_and_the_whole_catalogue_are_listed(shop_server: ShopServer) -> None:
    _, stores = await shop_server.api("locations.json")
    _, products = await shop_server.api("products.json", limit="250")
    assert len(stores["locations"]) == 60
    assert sum(len(product["variants"]) for product in products["products"]) == 129


@pytest.mark.parametrize(("fault", "status"), [({"kind": "error", "status": 503}, 503), ({"kind": "revoked"}, 401)])
async def test_a_fault_answers_as_often_as_asked(shop_server: ShopServer, fault: dict[str, Any], status: int) -> None:
    shop_server.shop.set_fault(Fault(count=2, **fault))
    assert [(await shop_server.api("shop.json"))[0].status for _ in range(3)] == [status, status, 200]


async def test_a_throttling_fault_answers_429(shop_server: ShopServer) -> None:
    shop_server.shop.set_fault(Fault(kind="throttled", count=1))
    response, _ = await shop_server.api("shop.json")
    assert (response.status, "Retry-After" in response.headers) == (429, True)


async def test_a_reset_cuts_the_connection_without_an_answer(shop_server: ShopServer) -> None:
    shop_server.shop.set_fault(Fault(kind="reset", path="/orders"))
    headers = {"X-Shopify-Access-Token": shop_server.shop.app.token}
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientError):
            await session.get(shop_server.client.make_url("/admin/api/2026-10/orders.json"), headers=headers)
    response, _ = await shop_server.api("shop.json")
    assert response.status == 200


async def test_a_garbled_answer_is_200_and_no_json(shop_server: ShopServer) -> None:
    shop_server.shop.set_fault(Fault(kind="garbage", count=1))
    headers = {"X-Shopify-Access-Token": shop_server.shop.app.token}
    response = await shop_server.client.get("/admin/api/2026-10/shop.json", headers=headers)
    assert response.status == 200
    with pytest.raises(ValueError, match="Expecting|Unterminated"):
        await response.json()


async def test_the_control_is_for_this_machine_by_its_own_name_only(shop_server: ShopServer) -> None:
    here = await shop_server.client.get("/_control/stats")
    by_name = await shop_server.client.get("/_control/stats", headers={"Host": "shop.example.com"})
    assert (here.status, by_name.status) == (200, 404)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("orders", {"quantity": 3}, 400),
        ("orders", {"skus": ["NO-SUCH-SKU"]}, 400),
        ("orders/4711/refund", {}, 404),
        ("orders/1001/edit", {"line": 99, "quantity": 1}, 409),
        ("faults", {"kind": "earthquake"}, 400),
    ],
)
async def test_the_control_refuses_with_a_sentence(
    shop_server: ShopServer, path: str, body: dict[str, Any], status: int
) -> None:
    shop_server.shop.create(CreateOptions(authorized=False))
    response = await shop_server.client.post(f"/_control/{path}", json=body)
    assert response.status == status
    assert (await response.json())["error"]
