"""What both APIs read: orders by filter and page, stores, the shop, subscriptions."""

from __future__ import annotations

from typing import Any

from connectors.sandbox.shopify.graphql import search
from connectors.sandbox.shopify.graphql.fields import Page
from connectors.sandbox.shopify.model import Sale
from connectors.sandbox.shopify.options import SubscriptionOptions
from connectors.sandbox.shopify.places import BY_ID, LOCATIONS
from connectors.sandbox.shopify.render import shop as shop_render
from connectors.sandbox.shopify.render.order import order as order_document
from connectors.sandbox.shopify.render.parts import Document
from connectors.sandbox.shopify.render.refund import transactions
from connectors.sandbox.shopify.shop import Shop

_VALUES = {
    "updated_at": lambda sale: search.utc(sale.updated_at.isoformat()),
    "created_at": lambda sale: search.utc(sale.created_at.isoformat()),
    "number": lambda sale: sale.number,
    "id": lambda sale: sale.id,
}


class Reads:
    """Read-only but for `subscribe`: the mutation an app makes of itself."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def order(self, order_id: int) -> Document | None:
        found = self.shop.store.sale(order_id)
        return self.document(found) if found else None

    def document(self, sale: Sale) -> Document:
        return {**order_document(sale, self.shop.app.shop), "transactions": transactions(sale)}

    def page(self, filters: search.Filter, *, sort: str, descending: bool, after: str | None, limit: int) -> Page:
        """Keyset paging over (sort value, id): complete and without repeats while nothing moves."""
        column = search.SORT_COLUMNS[sort]
        further, values = search.beyond(column, after, descending=descending)
        direction = "DESC" if descending else "ASC"
        found = self.shop.store.select_sales(
            f"{filters.where} AND {further}",
            (*filters.values, *values),
            order_by=f"{column} {direction}, id {direction}",
            limit=limit + 1,
        )
        shown = found[:limit]
        cursors = [search.cursor(sale.id, _VALUES[column](sale)) for sale in shown]
        return Page([self.document(sale) for sale in shown], cursors, len(found) > limit, after is not None)

    def location(self, location_id: int | None) -> Document | None:
        return shop_render.location(location_id) if location_id in BY_ID else None

    def locations(self) -> list[Document]:
        return [shop_render.location(place.id) for place in LOCATIONS]

    def details(self) -> Document:
        return shop_render.shop(self.shop.app.shop)

    def products(self) -> list[Document]:
        return shop_render.products(self.shop.config.seed)

    def subscriptions(self) -> list[dict[str, Any]]:
        return [
            {"id": s.id, "topic": s.topic, "address": s.address, "api_version": s.api_version}
            for s in self.shop.outbox.subscriptions()
        ]

    def subscribe(self, topic: str, address: str, api_version: str) -> dict[str, Any]:
        made = self.shop.subscribe(SubscriptionOptions(address=address, topics=(topic,), api_version=api_version))
        return next(s for s in self.subscriptions() if s["id"] in {m.id for m in made} and s["topic"] == topic)

    def unsubscribe(self, subscription_id: int) -> bool:
        return self.shop.unsubscribe(subscription_id)
