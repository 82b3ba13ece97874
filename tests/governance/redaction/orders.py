"""Orders full of numbers that are no cards, and card numbers of every scheme. By seed, so that a failure repeats."""

from __future__ import annotations

import json
import random
from typing import Any

from governance.redaction.pan import ean13, luhn

SCHEMES = {
    "visa": ("4", 16),
    "visa 19": ("4", 19),
    "mastercard": ("55", 16),
    "mastercard 2": ("2221", 16),
    "amex": ("37", 15),
    "diners": ("36", 14),
    "discover": ("6011", 16),
    "jcb": ("3530", 16),
    "unionpay": ("62", 18),
    "maestro": ("6759", 13),
    "maestro 19": ("6304", 19),
    "mir": ("2202", 16),
}


def checked(prefix: str, length: int, rng: random.Random) -> str:
    """A number that starts with `prefix` and passes Luhn."""
    body = prefix + "".join(rng.choices("0123456789", k=length - len(prefix) - 1))
    return next(body + digit for digit in "0123456789" if luhn(body + digit))


def pan(rng: random.Random) -> str:
    prefix, length = rng.choice(list(SCHEMES.values()))
    number = checked(prefix, length, rng)
    return pan(rng) if length == 13 and ean13(number) else number


def ean(rng: random.Random) -> str:
    """A German article number: 13 digits that begin like a Visa card, one in ten of them passing Luhn too."""
    body = "40" + "".join(rng.choices("0123456789", k=10))
    return next(body + digit for digit in "0123456789" if ean13(body + digit))


def card_free_order(rng: random.Random) -> dict[str, Any]:
    """Shaped like a shop's order. Every id is a Luhn-valid number of a card's length, which is the worst case."""
    ids = [pan(rng) for _ in range(12)]
    token = "".join(rng.choices("0123456789abcdef", k=32))
    return {
        "id": int(ids[0]),
        "admin_graphql_api_id": f"gid://shopify/Order/{ids[0]}",
        "cart_token": token,
        "client_details": {"browser_ip": "203.0.113.9", "session_hash": token[::-1]},
        "created_at": "2026-11-23T06:30:00-05:00",
        "landing_site": f"/products/jumper?variant_id={ids[1]}&utm_content={token}",
        "name": f"#{rng.randint(1000, 99999)}",
        "note": f"Ring +{rng.choice(['44', '49', '55'])}{pan(rng)[:11]} on 2026-12-24 10:00-12:30, gate 4711",
        "order_number": int(ids[2]),
        "order_status_url": f"https://shop.example/{ids[3]}/orders/{token}/authenticate?key={token}",
        "phone": f"+49 151 {ids[4][:8]}",
        "customer": {"id": int(ids[5]), "default_address": {"id": ids[6], "latitude": 40.7127753012345678}},
        "line_items": [
            {
                "id": int(identifier),
                "variant_id": identifier,
                "barcode": ean(rng),
                "sku": ids[7],
                "title": f"Jumper, blue, EAN {ean(rng)}",
                "price": "39.90",
                "location": {"gid": f"gid://shopify/Location/{ids[8]}"},
                "escaped": json.dumps({"id": int(identifier), "parentId": ids[8]}),
            }
            for identifier in ids[9:]
        ],
        "fulfillments": [{"tracking_number": ids[3], "tracking_numbers": [ids[3], ids[4]], "receipt": {}}],
    }


DISGUISES = {
    "plain": lambda number: number,
    "spaces": lambda number: " ".join(number[i : i + 4] for i in range(0, len(number), 4)),
    "dashes": lambda number: "-".join(number[i : i + 4] for i in range(0, len(number), 4)),
    "amex groups": lambda number: f"{number[:4]} {number[4:10]} {number[10:]}",
    "every digit apart": lambda number: " ".join(number),
    "no-break spaces": lambda number: "\u00a0".join(number[i : i + 4] for i in range(0, len(number), 4)),
}


def carriers(shown: str, number: str) -> dict[str, bytes]:
    """Bodies that carry a card number, by the way they do."""
    return {
        "note": json.dumps({"id": 1, "note": f"paid with {shown}, exp 12/27"}, ensure_ascii=False).encode(),
        "value": json.dumps({"note_attributes": [{"name": "Card", "value": shown}]}, ensure_ascii=False).encode(),
        "card number": json.dumps({"payment": {"card_number": shown}}, ensure_ascii=False).encode(),
        "after other digits": json.dumps({"note": f"1234 {shown}"}, ensure_ascii=False).encode(),
        "before other digits": json.dumps({"note": f"{shown} 123"}, ensure_ascii=False).encode(),
        "json in a string": json.dumps(
            {"raw": json.dumps({"c": shown}, ensure_ascii=False)}, ensure_ascii=False
        ).encode(),
        "list": json.dumps(["x", shown], ensure_ascii=False).encode(),
        "text": f"name;card\nOhm;{shown}\n".encode(),
        "form": f"a=1&card={shown}&b=2".encode(),
        "broken json": f'{{"note": "card {shown}", "items": ['.encode(),
        "url": f'{{"u": "https://pay.example/go?c={number}"}}'.encode(),
    }
