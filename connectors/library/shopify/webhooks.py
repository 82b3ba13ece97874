"""Webhook deliveries: is it really from the shop, which event is it, what is it about.

Source: shopify.dev/docs/apps/build/webhooks (signature over the raw body with the app's client secret, base64), read
2026-11-23. The delivery id (Webhook-Id) is the same in every retry of one delivery and so is what dedupes; the event
id is shared by different deliveries of one act, whose bodies may differ. Header names without "X-" are the newer
spelling of the same headers.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from connectors.library.shopify import identity
from connectors.sdk.connector import Envelope, Subject
from connectors.sdk.errors import PayloadChanged

MAX_SECRETS = 2
MAX_NAME = 100


def header(headers: Mapping[str, str], name: str) -> str:
    """The value of X-Shopify-<name>, in either spelling and any case."""
    for spelling in (f"x-shopify-{name}", f"shopify-{name}"):
        value = headers.get(spelling)
        if value is None:
            value = next((headers[key] for key in headers if key.lower() == spelling), None)
        if value is not None:
            return value.strip()
    return ""


class ShopifyWebhooks:
    def verify(self, *, headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> bool:
        """Every secret is tried, whichever fits, so that the time tells nothing."""
        given = header(headers, "hmac-sha256").encode("utf-8", "replace")
        valid = False
        for secret in secrets[:MAX_SECRETS]:
            if secret:
                expected = base64.b64encode(hmac.digest(secret.encode(), body, "sha256"))
                valid |= hmac.compare_digest(expected, given)
        return valid

    def envelope(self, headers: Mapping[str, str]) -> Envelope:
        return Envelope(
            topic=header(headers, "topic").lower(),
            event_id=header(headers, "webhook-id") or header(headers, "event-id"),
            api_version=header(headers, "api-version"),
            triggered_at=moment(header(headers, "triggered-at")),
            account=header(headers, "shop-domain").lower(),
        )

    def subject(self, topic: str, document: Mapping[str, Any]) -> Subject:
        """What the payload is about; object_type "" for topics that are none of ours.

        The lane key of orders and refunds is the order's id as payloads state it: a refund has no other.

        Raises:
            PayloadChanged: an order or refund without an id.
        """
        if topic.startswith("orders/"):
            return _order(_only(document))
        if topic.startswith("refunds/"):
            return _refund(_only(document))
        return Subject(object_type="", object_id="", source_version="")


def _only(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """A delivery is about one thing."""
    found = identity.unwrapped(document)
    if len(found) != 1:
        raise PayloadChanged(f"The payload holds {len(found)} documents; a delivery is about one.")
    return found[0]


def _order(order: Mapping[str, Any]) -> Subject:
    """Also of an order as our own read has it (updatedAt)."""
    exact = identity.exact_id(order)
    lane = identity.stated_id(order)
    changed = moment(order.get("updated_at") or order.get("updatedAt")) or moment(order.get("created_at"))
    name = order.get("name")
    keys = [("order", name)] if isinstance(name, str) and 0 < len(name) <= MAX_NAME else []
    keys += [("order_id", value) for value in dict.fromkeys((exact, lane))]
    return Subject(
        object_type="order",
        object_id=exact,
        source_version=version(changed),
        order_key=lane,
        occurred_at=changed,
        business_keys=tuple(keys),
    )


def _refund(refund: Mapping[str, Any]) -> Subject:
    exact = identity.exact_id(refund)
    if refund.get("order_id") is None:
        raise PayloadChanged("The refund does not say which order it belongs to.")
    order = identity.text_id(refund["order_id"])
    made = moment(refund.get("created_at")) or moment(refund.get("processed_at"))
    return Subject(
        object_type="refund",
        object_id=exact,
        source_version=version(made),
        order_key=order,
        occurred_at=made,
        business_keys=(("order_id", order), ("refund", exact)),
    )


def version(at: datetime | None) -> str:
    """A source version: a time as text that sorts, the same whether the source wrote -05:00 or Z."""
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z") if at else ""


def moment(value: Any) -> datetime | None:
    """A time with its offset, in UTC; None for anything else (a webhook is not refused for its clock)."""
    if not isinstance(value, str) or not value:
        return None
    try:
        parsed = datetime.fromisoformat(value)
        return parsed.astimezone(UTC) if parsed.tzinfo else None
    except (ValueError, OverflowError):
        return None
