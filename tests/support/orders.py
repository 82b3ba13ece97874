"""Small Shopify-shaped payloads for engine tests, and their signature."""

from __future__ import annotations

import base64
import hmac
import json
from itertools import count
from typing import Any

_webhook = count(1)


def order(number: int, *, updated: str = "2026-11-20T10:00:00Z", **changes: Any) -> dict[str, Any]:
    return {
        "id": 5_000_000_000 + number,
        "admin_graphql_api_id": f"gid://shopify/Order/{5_000_000_000 + number}",
        "name": f"#{number}",
        "currency": "USD",
        "created_at": "2026-11-20T09:59:00Z",
        "updated_at": updated,
        "processed_at": "2026-11-20T09:59:00Z",
        "taxes_included": False,
        "total_price": "21.60",
        "subtotal_price": "20.00",
        "total_tax": "1.60",
        "total_discounts": "0.00",
        "total_line_items_price": "20.00",
        "financial_status": "paid",
        "source_name": "web",
        "line_items": [
            {
                "id": 1,
                "sku": "HP-TEE-M",
                "title": "Tee",
                "quantity": 2,
                "price": "10.00",
                "total_discount": "0.00",
                "tax_lines": [{"title": "Sales tax", "rate": 0.08, "price": "1.60"}],
                "discount_allocations": [],
            }
        ],
        "tax_lines": [{"title": "Sales tax", "rate": 0.08, "price": "1.60"}],
        "shipping_lines": [],
        "discount_codes": [],
        **changes,
    }


def body_of(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()


def signed(body: bytes, secret: str, topic: str, *, event_id: str = "") -> dict[str, str]:
    return {
        "content-type": "application/json",
        "x-shopify-topic": topic,
        "x-shopify-webhook-id": event_id or f"webhook-{next(_webhook)}",
        "x-shopify-api-version": "2026-10",
        "x-shopify-shop-domain": "harbour-pine.myshopify.com",
        "x-shopify-hmac-sha256": base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode(),
    }
