"""The REST half of the Admin API: reading orders, refunds, transactions, stores, products; webhook subscriptions.

Source: shopify.dev/docs/api/admin-rest/2026-10 (read 2026-11-23); legacy since 2024-10-01 but served.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.sandbox.shopify.graphql import search
from connectors.sandbox.shopify.graphql.search import Filter
from connectors.sandbox.shopify.reads import Reads

DEPRECATED = {"products.json": "https://shopify.dev/changelog/deprecating-the-rest-products-api"}
_SCOPES = {"orders": "read_orders", "locations": "read_locations", "products": "read_products"}


@dataclass(frozen=True, slots=True)
class Call:
    method: str
    path: str  # "orders/1.json"
    query: Mapping[str, str]
    body: dict[str, Any]
    address: str  # of this resource, without its query, for Link headers
    version: str


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    document: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)


NOT_FOUND = Reply(404, {"errors": "Not Found"})


def answer(call: Call, reads: Reads, scopes: frozenset[str]) -> Reply:
    scope = _SCOPES.get(re.split(r"[/.]", call.path)[0])
    if scope and scope not in scopes:
        return Reply(403, {"errors": f"[API] This action requires merchant approval for {scope} scope."})
    for method, pattern, handler in _ROUTES:
        match = re.fullmatch(pattern, call.path)
        if match and method == call.method:
            return handler(call, reads, *(int(group) for group in match.groups()))
    return NOT_FOUND


def _orders(call: Call, reads: Reads) -> Reply:
    asked = _unpacked(call.query)
    if asked is None:
        return Reply(400, {"errors": {"page_info": "Invalid value."}})
    limit = min(max(int(asked.get("limit") or 50), 1), 250)
    sort, descending = _sort(asked)
    after = asked.get("after")
    page = reads.page(_filter(asked), sort=sort, descending=descending, after=after, limit=limit)
    headers = {}
    if page.has_next:
        token = base64.urlsafe_b64encode(json.dumps({**asked, "after": page.cursors[-1]}).encode()).decode()
        headers["Link"] = f'<{call.address}?limit={limit}&page_info={token}>; rel="next"'
    return Reply(200, {"orders": [_chosen(node, asked.get("fields")) for node in page.nodes]}, headers)


def _unpacked(query: Mapping[str, str]) -> dict[str, str] | None:
    """The filters of the first page, carried in its page_info; None when that is not ours."""
    if "page_info" not in query:
        return dict(query)
    try:
        packed: dict[str, str] = json.loads(base64.urlsafe_b64decode(query["page_info"]))
    except ValueError:
        return None
    return {**packed, **{name: query[name] for name in ("limit", "fields") if name in query}}


def _sort(asked: Mapping[str, str]) -> tuple[str, bool]:
    name, _, direction = asked.get("order", "").partition(" ")
    if name.upper() in search.SORT_COLUMNS:
        return name.upper(), direction.lower() == "desc"
    return "ID", "since_id" not in asked


def _filter(asked: Mapping[str, str]) -> Filter:
    clauses, values = [], []
    for name in ("updated_at", "created_at"):
        for suffix, operator in (("min", ">="), ("max", "<=")):
            if f"{name}_{suffix}" in asked:
                clauses.append(f"{name} {operator} ?")
                values.append(search.utc(asked[f"{name}_{suffix}"].replace(" ", "+")))
    if "since_id" in asked:
        clauses.append("id > ?")
        values.append(int(asked["since_id"]))
    if "ids" in asked:
        wanted = [int(each) for each in asked["ids"].split(",")]
        clauses.append(f"id IN ({', '.join('?' * len(wanted))})")
        values += wanted
    status = asked.get("status", "open")
    clauses.append({"any": "1", "cancelled": "cancelled = 1", "closed": "cancelled = 1"}.get(status, "cancelled = 0"))
    return Filter(" AND ".join(clauses), tuple(values), ())


def _chosen(order: dict[str, Any], fields: str | None) -> dict[str, Any]:
    names = fields.split(",") if fields else [name for name in order if name != "transactions"]
    return {name: order[name] for name in names if name in order}


def _count(call: Call, reads: Reads) -> Reply:
    filters = _filter(call.query)
    return Reply(200, {"count": reads.shop.store.count_sales(filters.where, filters.values)})


def _order(call: Call, reads: Reads, order_id: int) -> Reply:
    found = reads.order(order_id)
    return Reply(200, {"order": _chosen(found, call.query.get("fields"))}) if found else NOT_FOUND


def _refunds(_call: Call, reads: Reads, order_id: int) -> Reply:
    found = reads.order(order_id)
    return Reply(200, {"refunds": found["refunds"]}) if found else NOT_FOUND


def _transactions(_call: Call, reads: Reads, order_id: int) -> Reply:
    found = reads.order(order_id)
    return Reply(200, {"transactions": found["transactions"]}) if found else NOT_FOUND


def _shop(_call: Call, reads: Reads) -> Reply:
    return Reply(200, {"shop": reads.details()})


def _locations(_call: Call, reads: Reads) -> Reply:
    return Reply(200, {"locations": reads.locations()})


def _products(call: Call, reads: Reads) -> Reply:
    since, limit = int(call.query.get("since_id", 0)), min(int(call.query.get("limit", 50)), 250)
    return Reply(200, {"products": [each for each in reads.products() if each["id"] > since][:limit]})


def _webhooks(_call: Call, reads: Reads) -> Reply:
    return Reply(200, {"webhooks": [{**each, "format": "json"} for each in reads.subscriptions()]})


def _subscribe(call: Call, reads: Reads) -> Reply:
    wanted = call.body.get("webhook") or {}
    if not wanted.get("address") or not wanted.get("topic"):
        return Reply(422, {"errors": {"address": ["can't be blank"]}})
    return Reply(201, {"webhook": reads.subscribe(wanted["topic"], wanted["address"], call.version)})


def _unsubscribe(_call: Call, reads: Reads, subscription_id: int) -> Reply:
    return Reply(200, {}) if reads.unsubscribe(subscription_id) else NOT_FOUND


Handler = Callable[..., Reply]
_ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", r"orders\.json", _orders),
    ("GET", r"orders/count\.json", _count),
    ("GET", r"orders/(\d+)\.json", _order),
    ("GET", r"orders/(\d+)/refunds\.json", _refunds),
    ("GET", r"orders/(\d+)/transactions\.json", _transactions),
    ("GET", r"shop\.json", _shop),
    ("GET", r"locations\.json", _locations),
    ("GET", r"products\.json", _products),
    ("GET", r"webhooks\.json", _webhooks),
    ("POST", r"webhooks\.json", _subscribe),
    ("DELETE", r"webhooks/(\d+)\.json", _unsubscribe),
)
