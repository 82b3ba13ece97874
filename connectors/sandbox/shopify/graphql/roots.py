"""The queries and mutations."""

from __future__ import annotations

from typing import Any

from connectors.sandbox.shopify.graphql import search
from connectors.sandbox.shopify.graphql.fields import PAGING, Context, FieldType, Page, Source, slice_page
from connectors.sandbox.shopify.graphql.schema import TYPES
from connectors.sandbox.shopify.versions import CANDIDATE, SUPPORTED


class BadArgument(ValueError):
    """The vendor refuses the arguments of a root field."""


def _number(gid: Any) -> int:
    digits = str(gid).rsplit("/", 1)[-1]
    if not digits.isdigit():
        raise BadArgument(f"Invalid global id '{gid}'")
    return int(digits)


def _orders(_source: Source, arguments: dict[str, Any], context: Context) -> Page:
    sort = arguments.get("sortKey") or "PROCESSED_AT"
    if sort not in search.SORT_COLUMNS:
        raise BadArgument(f"Argument 'sortKey' has an invalid value ({sort}). Expected type 'OrderSortKeys'.")
    if arguments.get("last") is not None or arguments.get("before") is not None:
        raise BadArgument("The stand-in pages forward only: use first and after")
    filters = search.read_query(arguments.get("query"))
    context.warnings += [
        {"field": name, "message": "Invalid search field for this query.", "code": "invalid_field"}
        for name in filters.unknown
    ]
    limit, reverse = int(arguments["first"]), bool(arguments.get("reverse"))
    return context.shop.page(filters, sort=sort, descending=reverse, after=arguments.get("after"), limit=limit)


def _installation(_source: Source, _arguments: dict[str, Any], context: Context) -> Source:
    scopes = [{"handle": scope, "description": scope.replace("_", " ").capitalize()} for scope in context.scopes]
    return {
        "scopes": sorted(scopes, key=lambda scope: scope["handle"]),
        "app": {"title": "Signalbox", "handle": "signalbox"},
    }


def _versions(_source: Source, _arguments: dict[str, Any], context: Context) -> list[Source]:
    stable = [{"handle": v, "display_name": v, "supported": True} for v in context.supported or SUPPORTED]
    candidate = {"handle": CANDIDATE, "display_name": f"{CANDIDATE} (Release candidate)", "supported": False}
    return [*stable, candidate, {"handle": "unstable", "display_name": "unstable", "supported": False}]


def _subscribe(_source: Source, arguments: dict[str, Any], context: Context) -> Source:
    wanted = arguments.get("webhookSubscription") or {}
    address = wanted.get("uri") or wanted.get("callbackUrl")
    if not address:
        error = {"field": ["webhookSubscription", "callbackUrl"], "message": "Address can't be blank"}
        return {"webhook_subscription": None, "user_errors": [error]}
    topic = "/".join(str(arguments.get("topic", "")).lower().rsplit("_", 1))
    return {"webhook_subscription": context.shop.subscribe(topic, address, context.version), "user_errors": []}


def _unsubscribe(_source: Source, arguments: dict[str, Any], context: Context) -> Source:
    if context.shop.unsubscribe(_number(arguments.get("id"))):
        return {"deleted_webhook_subscription_id": arguments["id"], "user_errors": []}
    error = {"field": ["id"], "message": "Webhook subscription does not exist"}
    return {"deleted_webhook_subscription_id": None, "user_errors": [error]}


_SUBSCRIPTIONS = FieldType(
    lambda _s, arguments, context: slice_page(context.shop.subscriptions(), arguments),
    of="WebhookSubscription",
    connection=True,
    arguments=PAGING | {"topics", "query", "sortKey"},
)
TYPES["QueryRoot"] = {
    "shop": FieldType(lambda _s, _a, context: context.shop.details(), of="Shop"),
    "order": FieldType(
        lambda _s, a, context: context.shop.order(_number(a["id"])),
        of="Order",
        arguments=frozenset({"id"}),
        scope="read_orders",
    ),
    "orders": FieldType(
        _orders,
        of="Order",
        connection=True,
        arguments=PAGING | {"query", "sortKey", "savedSearchId"},
        scope="read_orders",
    ),
    "location": FieldType(
        lambda _s, a, context: context.shop.location(_number(a["id"])),
        of="Location",
        arguments=frozenset({"id"}),
        scope="read_locations",
    ),
    "locations": FieldType(
        lambda _s, a, context: slice_page(context.shop.locations(), a),
        of="Location",
        connection=True,
        arguments=PAGING | {"query", "includeInactive", "includeLegacy"},
        scope="read_locations",
    ),
    "currentAppInstallation": FieldType(_installation, of="AppInstallation"),
    "publicApiVersions": FieldType(_versions, of="ApiVersion"),
    "webhookSubscriptions": _SUBSCRIPTIONS,
}
TYPES["Mutation"] = {
    "webhookSubscriptionCreate": FieldType(
        _subscribe, of="WebhookSubscriptionCreatePayload", arguments=frozenset({"topic", "webhookSubscription"})
    ),
    "webhookSubscriptionDelete": FieldType(
        _unsubscribe, of="WebhookSubscriptionDeletePayload", arguments=frozenset({"id"})
    ),
}
