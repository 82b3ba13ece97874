"""Reads of the Admin API: by GraphQL, but for what changed, which REST (legacy since 2024-10-01, served) states in the
very shape of the webhooks. HTTP only; meaning is in reader, polls and answers.

The version is asked for in the path and stated by the answer in X-Shopify-API-Version, which may be another one:
a version no longer served falls forward. Source: shopify.dev/docs/api/usage/versioning, read 2026-11-23.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec

from connectors.library.shopify import answers, queries
from connectors.sdk.connector import Call, Response
from connectors.sdk.errors import Misconfigured, PayloadChanged

API_VERSION = "2026-10"
MAX_LINE_PAGES = 100
PAGE_SIZE = 50  # some 10 to 20 kB an order, and no answer above 5 MB is read
EVER = datetime.min.replace(tzinfo=UTC)
_NEXT_LINK = re.compile(r'<([^>]*)>;\s*rel="?next"?')
_DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")


@dataclass(frozen=True, slots=True)
class Listed:
    """An order that changed: enough to know whether we have it."""

    id: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class Page:
    """`cursor` is None on the last page. Nothing new is an empty page; a shop out of reach is an error."""

    orders: tuple[Listed, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Changed:
    """Orders as webhooks carry them, their refunds within, in the order of their change.

    `next` names the next page, "" on the last; `as_of` is the shop's own time of this answer.
    """

    orders: tuple[dict[str, Any], ...]
    next: str
    as_of: datetime
    version: str


@dataclass(frozen=True, slots=True)
class Health:
    shop: str
    domain: str
    currency: str
    scopes: frozenset[str]
    topics: frozenset[str]  # webhook topics subscribed to, in the webhook's spelling


async def order(call: Call, order_id: str) -> dict[str, Any] | None:
    """One order with all its lines, for the reader's topic "orders/read"; None when the shop has no such order.

    Raises: ConnectorError. Cost: one call for each 50 lines.
    """
    gid = f"gid://shopify/Order/{order_id}"
    found = (await _graphql(call, "order", queries.ORDER, {"id": gid})).get("order")
    if found is None:
        return None
    lines = _object(found, "lineItems")
    for _ in range(MAX_LINE_PAGES):
        after = _next(lines)
        if after is None:
            return found
        more = await _graphql(call, "order_lines", queries.MORE_LINES, {"id": gid, "after": after})
        page = _object(_object(more, "order"), "lineItems")
        lines = {"nodes": [*lines["nodes"], *page["nodes"]], "pageInfo": page["pageInfo"]}
        found["lineItems"] = lines
    raise PayloadChanged(f"Order {order_id} has more than {MAX_LINE_PAGES} pages of lines.")


async def orders_updated_since(call: Call, since: datetime, *, cursor: str | None = None, limit: int = 100) -> Page:
    """Orders changed at or after `since`, oldest first, one page.

    The shop's search runs seconds behind; the caller overlaps its windows.
    """
    wanted = {"query": f"updated_at:>='{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'", "after": cursor, "first": limit}
    found = _object(await _graphql(call, "orders_updated", queries.UPDATED, wanted), "orders")
    try:
        listed = tuple(Listed(node["id"].rpartition("/")[2], node["updatedAt"]) for node in found["nodes"])
    except (KeyError, TypeError, AttributeError) as error:
        raise PayloadChanged("The list of orders does not have the shape we know.", detail=repr(error)) from error
    return Page(listed, _next(found))


async def changed_orders(call: Call, since: datetime, *, page: str = "", limit: int = PAGE_SIZE) -> Changed:
    """Orders of any state changed at or after `since`, one page: the first, or the one that `next` named.

    Only the page's name is taken from the answer's Link: its address is not followed, so the token stays with the shop.
    Raises: ConnectorError; RequestRefused also for a page the shop no longer knows.
    Source: shopify.dev/docs/api/usage/pagination-rest, read 2026-11-23.
    """
    asked = {"limit": str(limit)}
    asked |= (
        {"page_info": page}
        if page
        else {
            "status": "any",
            "order": "updated_at asc",
            "updated_at_min": f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        }
    )
    version = call.config.get("api_version") or API_VERSION
    url = f"{_address(call)}/admin/api/{version}/orders.json?{urlencode(asked)}"
    headers = {"Accept": "application/json", "X-Shopify-Access-Token": _token(call)}
    response = await call.request("orders_changed", "GET", url, headers=headers, version=version)
    served = response.headers.get("x-shopify-api-version", "")
    if served:
        call.served(served)
    return Changed(answers.listed(response, "orders"), _next_page(response), _as_of(response), served)


async def health(call: Call) -> Health:
    found = await _graphql(call, "health", queries.HEALTH, {})
    shop, installation = _object(found, "shop"), _object(found, "currentAppInstallation")
    try:
        scopes = frozenset(str(scope["handle"]) for scope in installation["accessScopes"])
        topics = frozenset(_topic(node["topic"]) for node in _object(found, "webhookSubscriptions")["nodes"])
        return Health(shop["name"], shop["myshopifyDomain"], shop["currencyCode"], scopes, topics)
    except (KeyError, TypeError, AttributeError) as error:
        raise PayloadChanged("The shop's description does not have the shape we know.", detail=repr(error)) from error


async def _graphql(call: Call, step: str, query: str, variables: dict[str, Any]) -> dict[str, Any]:
    version = call.config.get("api_version") or API_VERSION
    response = await call.request(
        step,
        "POST",
        f"{_address(call)}/admin/api/{version}/graphql.json",
        headers={
            "Accept": "application/json",
            "Content-Type": "application/json",
            "X-Shopify-Access-Token": _token(call),
        },
        body=msgspec.json.encode({"query": query, "variables": variables}),
        version=version,
    )
    served = response.headers.get("x-shopify-api-version")
    if served:
        call.served(served)
    return answers.data(response)


def _address(call: Call) -> str:
    """https of the shop's own domain, or the stand-in's address where the connection names one."""
    stand_in = call.config.get("admin_url", "").rstrip("/")
    if stand_in:
        return stand_in
    domain = call.config.get("shop_domain", "").strip().lower()
    if not _DOMAIN.fullmatch(domain):
        raise Misconfigured("The shop's domain must end in .myshopify.com.")
    return f"https://{domain}"


def _token(call: Call) -> str:
    token = call.secrets.get("access_token", "")
    if not token:
        raise Misconfigured("The connection has no access token.")
    return token


def _object(found: Any, name: str) -> dict[str, Any]:
    inner = found.get(name) if isinstance(found, dict) else None
    if not isinstance(inner, dict):
        raise PayloadChanged(f"Shopify's answer has no {name}.")
    return inner


def _next(connection: dict[str, Any]) -> str | None:
    info = _object(connection, "pageInfo")
    if not info.get("hasNextPage"):
        return None
    if not isinstance(info.get("endCursor"), str):
        raise PayloadChanged("Shopify says there is more, but not where.")
    return info["endCursor"]


def _next_page(response: Response) -> str:
    match = _NEXT_LINK.search(response.headers.get("link", ""))
    return (parse_qs(urlsplit(match[1]).query).get("page_info") or [""])[0] if match else ""


def _as_of(response: Response) -> datetime:
    """The answer's own Date; our clock where it has none."""
    try:
        stated = parsedate_to_datetime(response.headers.get("date", ""))
    except ValueError:
        return datetime.now(UTC)
    return stated.astimezone(UTC) if stated.tzinfo else stated.replace(tzinfo=UTC)


def _topic(name: str) -> str:
    """ORDERS_CREATE, as GraphQL spells it, is orders/create in a webhook's header."""
    resource, _, action = name.lower().rpartition("_")
    return f"{resource}/{action}"
