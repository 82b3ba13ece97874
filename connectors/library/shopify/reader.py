"""From Shopify's payloads to canonical orders and refunds.

An order's total is `total_price`: what was sold, edits that added goods included. What went back (returns, lines
removed by an edit, goodwill) comes as refunds, also the removal of a line that nobody had paid for; so
`current_total_price`, which has them subtracted already, would count them twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.canonical.base import Canonical
from connectors.canonical.order import Order
from connectors.canonical.refund import Refund
from connectors.library.shopify import identity
from connectors.mapping import Mapping, MappingError
from connectors.mapping.files import load
from connectors.sdk.errors import PayloadChanged, RequestRefused

MAPS = Path(__file__).parent / "mapping"
READ_TOPIC = "orders/read"  # what client.py reads by GraphQL, as against what webhooks send
TARGETS: dict[str, type[Canonical]] = {
    "orders/create": Order,
    "orders/updated": Order,
    "orders/cancelled": Order,
    "refunds/create": Refund,
    READ_TOPIC: Order,
}
REFUSALS = {
    "draft_orders/": "Draft orders are not sales: nothing is posted until the draft becomes an order.",
    "carts/": "A cart is not a sale.",
    "checkouts/": "A checkout is not a sale until it becomes an order.",
    "returns/": "A requested return is no refund: goods and money follow with refunds/create.",
    "order_transactions/": "Payments are read with their order and refunds, not one by one.",
    "tender_transactions/": "Payments are read with their order and refunds, not one by one.",
    "customers/data_request": "A privacy request is answered by a person, not by a flow.",
    "customers/redact": "A privacy request is answered by a person, not by a flow.",
    "shop/redact": "A privacy request is answered by a person, not by a flow.",
    "app/": "The app's own events change the connection, not the books.",
    "audit_events/": "Audit events are not business data.",
}


class ShopifyReader:
    def __init__(self) -> None:
        self.maps: dict[str, Mapping] = {
            topic: load(MAPS, topic.replace("/", "_"), target) for topic, target in TARGETS.items()
        }

    def events(self) -> Sequence[str]:
        return tuple(self.maps)

    def canonical(self, topic: str, document: Any, *, received_at: datetime | None = None) -> Sequence[Canonical]:
        """The orders or refunds of one payload; several for REST's {"orders": […]}.

        Raises:
            RequestRefused: understood, and not for us: a draft, a cart, another topic.
            PayloadChanged: not the shape we know; names field and path.
        """
        mapping = self.maps.get(topic)
        if mapping is None:
            raise RequestRefused(refusal(topic))
        return [self._one(mapping, TARGETS[topic], one) for one in identity.unwrapped(document)]

    def _one(self, mapping: Mapping, target: type[Canonical], document: dict[str, Any]) -> Canonical:
        _check_kind(document, target)
        identity.exact_id(document)
        try:
            made: Canonical = mapping.run(document)
        except MappingError as error:
            raise PayloadChanged(
                f"The {target.__name__.lower()} cannot be mapped: {error}.",
                detail=f"field {error.field or '-'}, path {error.path or '-'}",
                error_class=error.error_class,
            ) from error
        return made


def refusal(topic: str) -> str:
    """Why a topic is not mapped, in one sentence."""
    return next(
        (sentence for start, sentence in REFUSALS.items() if topic.startswith(start)),
        f"There is no map for the event {topic!r} of Shopify.",
    )


def _check_kind(document: dict[str, Any], target: type[Canonical]) -> None:
    kind, wanted = identity.kind_of(document), target.__name__
    if kind == "DraftOrder" or (not kind and "invoice_url" in document and "financial_status" not in document):
        raise RequestRefused(REFUSALS["draft_orders/"])
    if kind and kind != wanted:
        raise RequestRefused(f"This payload is a {kind}, not {'an order' if target is Order else 'a refund'}.")
    if isinstance(document.get("id"), str) and not kind and not document["id"].isdigit():
        raise RequestRefused(REFUSALS["carts/"])
    if target is Order and "refund_line_items" in document:
        raise RequestRefused("This payload is a refund, not an order.")
    if target is Refund and "line_items" in document and "refund_line_items" not in document:
        raise RequestRefused("This payload is an order, not a refund.")
