"""Orders as a shop sends them, 3 to 6 KB, the same for the same seed and number; and what each must come to."""

from __future__ import annotations

import base64
import hmac
import json
import random
from dataclasses import dataclass
from typing import Any

NAMES = ("Ada Okafor", "Björn Løvås", "Chloé Martin", "Dmytro Kovalenko", "Élodie Müller", "Fatima El-Amin")
STREETS = ("12 Quay Street", "Große Straße 4", "Rue de l'Église 8", "Calle de Alcalá 77", "Harbour Road 3")
GOODS = ("Wool mitten", "Pine lantern", "Oak tray", "Linen apron", "Storm jacket", "Enamel mug", "Rope basket")
SIZES = ("XS", "S", "M", "L", "XL", "OS")
TAX_PERCENT = 8


@dataclass(frozen=True, slots=True)
class Sale:
    """One webhook: its order id, its bytes, and the total in cents that its lines make."""

    id: str
    body: bytes
    cents: int


def sale(seed: int, number: int) -> Sale:
    rng = random.Random(seed * 1_000_003 + number)
    order_id = 6_000_000_000_000 + seed * 10_000_000 + number
    lines = [_line(rng, order_id * 10 + place) for place in range(rng.choice((1, 1, 1, 2, 2, 3, 4, 6)))]
    goods = sum(cents * quantity for _, cents, quantity in lines)
    tax = sum(_tax(cents * quantity) for _, cents, quantity in lines)
    shipping = rng.choice((0, 590, 990))
    order = _order(rng, order_id, number, [line for line, _, _ in lines])
    order |= {
        "subtotal_price": _money(goods),
        "total_line_items_price": _money(goods),
        "total_tax": _money(tax),
        "total_price": _money(goods + tax + shipping),
        "tax_lines": [_tax_line(tax)],
        "shipping_lines": [{"id": order_id, "code": "standard", "title": "Standard", "price": _money(shipping)}],
    }
    body = json.dumps(order, ensure_ascii=False, separators=(",", ":")).encode()
    return Sale(str(order_id), body, goods + tax + shipping)


def signature(secret: str, body: bytes) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()


def _line(rng: random.Random, line_id: int) -> tuple[dict[str, Any], int, int]:
    cents, quantity, title, size = (
        rng.randrange(400, 30_000),
        rng.choice((1, 1, 2)),
        rng.choice(GOODS),
        rng.choice(SIZES),
    )
    line = {
        "id": line_id,
        "admin_graphql_api_id": f"gid://shopify/LineItem/{line_id}",
        "product_id": 8_000_000_000 + rng.randrange(10_000),
        "variant_id": 42_000_000_000 + rng.randrange(90_000),
        "sku": f"HP-{title[:4].upper()}-{size}",
        "title": title,
        "name": f"{title} - {size}",
        "variant_title": size,
        "vendor": "Harbour & Pine",
        "quantity": quantity,
        "current_quantity": quantity,
        "fulfillable_quantity": quantity,
        "price": _money(cents),
        "total_discount": "0.00",
        "grams": rng.randrange(50, 3000),
        "taxable": True,
        "requires_shipping": True,
        "gift_card": False,
        "fulfillment_service": "manual",
        "fulfillment_status": None,
        "tax_lines": [_tax_line(_tax(cents * quantity))],
        "discount_allocations": [],
        "properties": [],
    }
    return line, cents, quantity


def _order(rng: random.Random, order_id: int, number: int, lines: list[dict[str, Any]]) -> dict[str, Any]:
    name, at = rng.choice(NAMES), f"2026-11-{1 + number % 28:02d}T{number % 24:02d}:{number % 60:02d}:07-05:00"
    address = _address(rng, name)
    return {
        "id": order_id,
        "admin_graphql_api_id": f"gid://shopify/Order/{order_id}",
        "name": f"#{10_000 + number}",
        "order_number": 10_000 + number,
        "number": number,
        "created_at": at,
        "updated_at": at,
        "processed_at": at,
        "cancelled_at": None,
        "cancel_reason": None,
        "closed_at": None,
        "currency": "USD",
        "presentment_currency": "USD",
        "taxes_included": False,
        "test": False,
        "confirmed": True,
        "email": f"shopper{number}@example.com",
        "phone": None,
        "token": f"{rng.getrandbits(128):032x}",
        "cart_token": f"{rng.getrandbits(128):032x}",
        "browser_ip": f"192.0.2.{rng.randrange(1, 255)}",
        "customer_locale": "en-US",
        "source_name": rng.choice(("web", "pos", "web")),
        "landing_site": "/collections/autumn?utm_source=letter",
        "referring_site": "https://example.com/",
        "financial_status": "paid",
        "fulfillment_status": None,
        "payment_gateway_names": ["shopify_payments"],
        "note": rng.choice((None, "Leave it with the neighbour", "Bitte zweimal klingeln – Hof links")),
        "tags": rng.choice(("", "vip", "vip, gift")),
        "total_discounts": "0.00",
        "discount_codes": [],
        "customer": {"id": 7_000_000_000 + rng.randrange(500_000), "email": f"shopper{number}@example.com"}
        | {"first_name": name.split()[0], "last_name": name.split()[1], "default_address": address},
        "billing_address": address,
        "shipping_address": address,
        "line_items": lines,
        "fulfillments": [],
        "refunds": [],
    }


def _address(rng: random.Random, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "address1": rng.choice(STREETS),
        "address2": None,
        "city": "Portland",
        "zip": f"{rng.randrange(10_000, 99_999)}",
        "province_code": "ME",
        "country_code": "US",
        "phone": f"+1207555{rng.randrange(10_000):04d}",
        "latitude": 43.66,
        "longitude": -70.25,
    }


def _tax(cents: int) -> int:
    return cents * TAX_PERCENT // 100


def _tax_line(cents: int) -> dict[str, Any]:
    return {"title": "Sales tax", "rate": TAX_PERCENT / 100, "price": _money(cents)}


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"
