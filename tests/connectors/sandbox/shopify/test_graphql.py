"""The GraphQL half: what it answers, and what it refuses as the vendor would."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.library.shopify import queries
from connectors.sandbox.shopify.graphql import parser
from connectors.sandbox.shopify.graphql.fields import short_decimal
from connectors.sandbox.shopify.options import CreateOptions, EditOptions, RefundOptions
from tests.connectors.sandbox.conftest import ShopServer

HOUR_AGO = datetime.now(UTC) - timedelta(hours=1)
PAGE = """
query Page($first: Int!, $after: String, $query: String) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    edges { cursor node { ...Short } }
    pageInfo { hasNextPage endCursor }
  }
}
fragment Short on Order { id number: name updatedAt }
"""


def place(server: ShopServer, count: int) -> list[int]:
    ats = [HOUR_AGO + timedelta(seconds=number // 3) for number in range(count)]
    return [server.shop.create(CreateOptions(at=at))["order_id"] for at in ats]


async def pages(server: ShopServer, query: str, size: int) -> list[str]:
    seen: list[str] = []
    after = None
    while True:
        answer = await server.graphql(PAGE, {"first": size, "after": after, "query": query})
        found = answer["data"]["orders"]
        seen += [edge["node"]["id"] for edge in found["edges"]]
        if not found["pageInfo"]["hasNextPage"]:
            return seen
        after = found["pageInfo"]["endCursor"]


@pytest.mark.parametrize("size", [1, 4, 7, 250])
async def test_paging_is_complete_without_repeats(shop_server: ShopServer, size: int) -> None:
    placed = place(shop_server, 22)
    assert await pages(shop_server, "", size) == [f"gid://shopify/Order/{order}" for order in placed]


async def test_a_filter_by_update_time_finds_exactly_what_changed(shop_server: ShopServer) -> None:
    placed = place(shop_server, 9)
    shop_server.shop.edit(placed[4], EditOptions(note="x"))
    since = (HOUR_AGO + timedelta(minutes=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert await pages(shop_server, f"updated_at:>='{since}'", 5) == [f"gid://shopify/Order/{placed[4]}"]
    assert len(await pages(shop_server, f"updated_at:<'{since}' AND status:any", 5)) == 8


async def test_a_mistyped_filter_finds_everything_with_a_warning(shop_server: ShopServer) -> None:
    place(shop_server, 3)
    answer = await shop_server.graphql('{ orders(first: 9, query: "updatedat:>2030-01-01") { nodes { id } } }')
    assert len(answer["data"]["orders"]["nodes"]) == 3
    assert answer["extensions"]["search"][0]["warnings"][0]["code"] == "invalid_field"


async def test_an_order_says_the_same_as_its_webhook(shop_server: ShopServer) -> None:
    made = shop_server.shop.create(CreateOptions(authorized=False, channel="web", discount="percentage"))
    shop_server.shop.refund(made["order_id"], RefundOptions())
    _, rest = await shop_server.api(f"orders/{made['order_id']}.json")
    bag = "{ shopMoney { amount currencyCode } }"
    query = f"""query($id: ID!) {{ order(id: $id) {{ name updatedAt displayFinancialStatus
        totalPriceSet {bag} currentTotalPriceSet {bag} totalTaxSet {bag} totalRefundedSet {bag}
        lineItems(first: 50) {{ nodes {{ sku quantity currentQuantity originalUnitPriceSet {bag} }} }}
        refunds(first: 5) {{ id totalRefundedSet {bag} refundLineItems(first: 9) {{ nodes {{ quantity }} }} }} }} }}"""
    answer = await shop_server.graphql(query, {"id": f"gid://shopify/Order/{made['order_id']}"})
    order, expected = answer["data"]["order"], rest["order"]
    assert amount(order["totalPriceSet"]) == Decimal(expected["total_price"])
    assert amount(order["currentTotalPriceSet"]) == Decimal(expected["current_total_price"])
    assert amount(order["totalRefundedSet"]) == Decimal(expected["refunds"][0]["transactions"][0]["amount"])
    assert [line["sku"] for line in order["lineItems"]["nodes"]] == [line["sku"] for line in expected["line_items"]]
    assert datetime.fromisoformat(order["updatedAt"]) == datetime.fromisoformat(expected["updated_at"])


def amount(bag: dict[str, Any]) -> Decimal:
    return Decimal(bag["shopMoney"]["amount"])


@pytest.mark.parametrize(("given", "sent"), [("12.30", "12.3"), ("5.00", "5.0"), ("100.00", "100.0"), ("0.05", "0.05")])
def test_decimals_drop_their_last_zeros(given: str, sent: str) -> None:
    assert short_decimal(given) == sent


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ orders(first: 1) { nodes { nonsense } } }", "undefinedField"),
        ("{ orders(first: 1, colour: 2) { nodes { id } } }", "argumentNotAccepted"),
        ("{ orders { nodes { id } } }", "BAD_REQUEST"),
        ("{ orders(first: 300) { nodes { id } } }", "BAD_REQUEST"),
        ("{ orders(first: 1) { nodes { totalPriceSet } } }", "selectionMismatch"),
        ("{ orders(first: 1) { nodes { ...Nowhere } } }", "useAndDefineFragment"),
        ("query($id: ID!) { order(id: $id) { id } }", "INVALID_VARIABLE"),
    ],
)
async def test_a_wrong_request_gets_no_data_but_the_vendors_code(
    shop_server: ShopServer, query: str, code: str
) -> None:
    answer = await shop_server.graphql(query)
    assert "data" not in answer
    assert answer["errors"][0]["extensions"]["code"] == code


async def test_a_cursor_that_is_none_is_an_error_of_its_field(shop_server: ShopServer) -> None:
    answer = await shop_server.graphql('{ orders(first: 1, after: "garbage!") { nodes { id } } shop { name } }')
    assert answer["data"] == {"orders": None, "shop": {"name": "Harbour & Pine"}}
    assert "invalid cursor" in answer["errors"][0]["message"]


@pytest.mark.parametrize("text", ["{ shop { name }", "query {", "{ shop(a: ) { name } }", "subscription { x }", ""])
def test_what_is_no_graphql_is_a_syntax_problem(text: str) -> None:
    with pytest.raises(parser.SyntaxProblem):
        parser.parse(text)


def test_the_parser_reads_every_kind_of_value() -> None:
    values = r'i: -3, f: 2.5e1, s: "q\"\u00e9", b: """ block """, t: true, n: null, e: ANY, l: [1, 2], o: {k: $v}'
    text = f"{{ a({values}) {{ id }} }}"
    field = parser.parse(text).operations[0].selection[0]
    assert isinstance(field, parser.Field)
    assert field.arguments == {
        "i": -3,
        "f": 25.0,
        "s": 'q"é',
        "b": "block",
        "t": True,
        "n": None,
        "e": "ANY",
        "l": [1, 2],
        "o": {"k": parser.Variable("v")},
    }


async def test_directives_leave_fields_out(shop_server: ShopServer) -> None:
    query = "query($yes: Boolean!) { shop { name @include(if: $yes) email @skip(if: $yes) } }"
    answer = await shop_server.graphql(query, {"yes": True})
    assert answer["data"]["shop"] == {"name": "Harbour & Pine"}


async def test_an_app_may_subscribe_and_see_it(shop_server: ShopServer) -> None:
    create = """mutation($to: URL!) {
        webhookSubscriptionCreate(topic: ORDERS_CREATE, webhookSubscription: {callbackUrl: $to}) {
            webhookSubscription { id topic } userErrors { message }
        }
    }"""
    made = await shop_server.graphql(create, {"to": "http://127.0.0.1:9/x"})
    listed = await shop_server.graphql(
        "{ webhookSubscriptions(first: 9) { nodes { topic uri apiVersion { handle } } } }"
    )
    assert made["data"]["webhookSubscriptionCreate"]["userErrors"] == []
    assert listed["data"]["webhookSubscriptions"]["nodes"] == [
        {"topic": "ORDERS_CREATE", "uri": "http://127.0.0.1:9/x", "apiVersion": {"handle": "2026-10"}}
    ]


async def test_the_scopes_of_the_app_are_stated(shop_server: ShopServer) -> None:
    answer = await shop_server.graphql("{ currentAppInstallation { accessScopes { handle } } }")
    handles = {scope["handle"] for scope in answer["data"]["currentAppInstallation"]["accessScopes"]}
    assert {"read_orders", "read_locations"} <= handles


@pytest.mark.parametrize("name", ["ORDER", "MORE_LINES", "UPDATED", "HEALTH"])
async def test_our_connectors_own_queries_are_accepted(shop_server: ShopServer, name: str) -> None:
    made = shop_server.shop.create(CreateOptions(authorized=False, channel="web"))
    variables = {"id": f"gid://shopify/Order/{made['order_id']}", "first": 5, "query": "", "after": None}
    if name == "MORE_LINES":
        variables["after"] = "0"
    answer = await shop_server.graphql(getattr(queries, name), variables)
    assert answer.get("errors") is None
    assert answer["data"]
