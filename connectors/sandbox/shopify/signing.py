"""Sign a webhook the way the vendor does.

Source: shopify.dev/docs/apps/build/webhooks/subscribe/https (read 2026-11-23): base64 of HMAC-SHA256 over the
raw body, keyed with the app's client secret.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime


def signature(body: bytes, secret: str) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def signed_headers(
    body: bytes,
    secret: str,
    topic: str,
    *,
    webhook_id: str,
    shop: str,
    api_version: str,
    triggered_at: datetime,
    event_id: str = "",
    test: bool = False,
) -> dict[str, str]:
    """Every header of one delivery. `event_id` defaults to `webhook_id`: one event, one subscription."""
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Shopify-Captain-Hook",
        "X-Shopify-API-Version": api_version,
        "X-Shopify-Event-Id": event_id or webhook_id,
        "X-Shopify-Hmac-Sha256": signature(body, secret),
        "X-Shopify-Shop-Domain": shop,
        "X-Shopify-Topic": topic,
        "X-Shopify-Triggered-At": nanoseconds(triggered_at),
        "X-Shopify-Webhook-Id": webhook_id,
    }
    if test:
        headers["X-Shopify-Test"] = "true"
    return headers


def nanoseconds(at: datetime) -> str:
    """UTC with nine decimals and a Z, as the vendor writes it."""
    utc = at.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond * 1000:09d}Z"
