"""The headers of a delivery, as the vendor would send them."""

import base64
import hashlib
import hmac


def signed(body: bytes, secret: str, topic: str, **more: str) -> dict[str, str]:
    signature = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    return {
        "content-type": "application/json",
        "x-shopify-topic": topic,
        "x-shopify-hmac-sha256": signature,
        "x-shopify-shop-domain": "harbour-pine.myshopify.com",
        "x-shopify-api-version": "2026-10",
        "x-shopify-webhook-id": "b1f0c9d2-1111-4a4a-9c9c-000000000001",
        "x-shopify-event-id": "e5e5e5e5-2222-4b4b-8d8d-000000000002",
        "x-shopify-triggered-at": "2026-11-22T14:14:32.290670248Z",
        **more,
    }
