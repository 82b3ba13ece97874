"""What a webhook carries, recomputed by hand."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta, timezone

from connectors.sandbox.shopify.signing import signed_headers

BODY, SECRET = '{"id": 1, "note": "café"}'.encode(), "hush"
AT = datetime(2026, 11, 23, 12, 0, 0, 123_456, tzinfo=timezone(timedelta(hours=-5)))


def hmac_by_hand(key: bytes, body: bytes) -> bytes:
    """RFC 2104 without the hmac module: H((K ^ opad) + H((K ^ ipad) + text))."""
    padded = key.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in padded) + body).digest()
    return hashlib.sha256(bytes(b ^ 0x5C for b in padded) + inner).digest()


def headers(**more: object) -> dict[str, str]:
    known = {"webhook_id": "w-1", "shop": "x.myshopify.com", "api_version": "2026-10", "triggered_at": AT}
    return signed_headers(BODY, SECRET, "orders/create", **{**known, **more})


def test_the_signature_is_hmac_sha256_of_the_raw_body_in_base64() -> None:
    expected = base64.b64encode(hmac_by_hand(SECRET.encode(), BODY)).decode()
    assert headers()["X-Shopify-Hmac-Sha256"] == expected


def test_another_byte_or_another_secret_is_another_signature() -> None:
    known = {"webhook_id": "w", "shop": "x", "api_version": "2026-10", "triggered_at": AT}
    signatures = {
        signed_headers(body, secret, "orders/create", **known)["X-Shopify-Hmac-Sha256"]
        for body, secret in ((BODY, SECRET), (BODY + b" ", SECRET), (BODY, "hush!"))
    }
    assert len(signatures) == 3


def test_every_header_of_a_delivery_is_there() -> None:
    sent = headers(event_id="e-1")
    assert sent["X-Shopify-Topic"] == "orders/create"
    assert (sent["X-Shopify-Webhook-Id"], sent["X-Shopify-Event-Id"]) == ("w-1", "e-1")
    assert (sent["X-Shopify-Shop-Domain"], sent["X-Shopify-API-Version"]) == ("x.myshopify.com", "2026-10")
    assert sent["X-Shopify-Triggered-At"] == "2026-11-23T17:00:00.123456000Z"
    assert datetime.fromisoformat(sent["X-Shopify-Triggered-At"]) == AT.astimezone(UTC)


def test_only_a_test_delivery_says_so() -> None:
    assert "X-Shopify-Test" not in headers()
    assert headers(test=True)["X-Shopify-Test"] == "true"
