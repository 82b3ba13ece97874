"""Which numbers are identifiers by the name they stand under or by how they are embedded. Pure."""

from __future__ import annotations

import re
from typing import Final

_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_ID_WORDS: Final = frozenset((
    "id", "ids", "gid", "uuid", "guid", "ean", "upc", "gtin", "isbn", "asin", "sscc", "barcode", "sku", "imei",
    "iccid", "serial", "token", "hash", "checksum", "etag", "cursor", "timestamp", "phone", "fax", "mobile",
    "msisdn", "vat", "iban", "latitude", "longitude", "lat", "lng", "lon", "tracking",
))  # fmt: skip
_NUMBERED: Final = frozenset((
    "order", "invoice", "tracking", "serial", "confirmation", "shipment", "waybill", "receipt", "customer",
    "item", "product", "variant", "batch", "lot", "phone", "tax", "vat", "delivery", "parcel", "consignment",
    "transaction", "document",
))  # fmt: skip
_NUMBER_WORDS: Final = frozenset({"number", "numbers", "no", "nr", "num", "code", "codes", "ref", "reference"})
_CARD_WORDS: Final = frozenset({"card", "pan", "cc", "credit", "debit", "cardnumber", "creditcard"})
# A name right before the number: "id": 123, \"id\":\"123, id=123
_NEAR: Final = re.compile(rb'([A-Za-z][\w.\-]{0,59})\\*"?\s*[:=]\s*\\*"?$')
_HEX_RUN: Final = re.compile(rb"[0-9a-f\-]*")
_HEX_TOKEN_LENGTH: Final = 24


def is_id_name(name: str) -> bool:
    """`variant_id`, `orderNumber`, `barcode`, `tracking_numbers`; not `card_number`, not `note`."""
    words = [word.lower() for word in _WORDS.findall(name)]
    while words and words[-1].isdigit():
        words.pop()  # ean13, line2
    if not words:
        return False
    last = words[-1]
    if last in _ID_WORDS:
        return True
    if last in _NUMBER_WORDS and len(words) > 1:
        return words[-2] in _NUMBERED and not _CARD_WORDS.intersection(words)
    return False


def near_name(body: bytes, start: int) -> str:
    """The name right before a value that begins at `start`, however quoted; "" when there is none."""
    found = _NEAR.search(body, max(0, start - 90), start)
    return found[1].decode() if found else ""


def is_embedded(body: bytes, start: int, end: int) -> bool:
    """True inside what is no number of its own: +49…, 40.71…, a hex token, a gid or the path of a URL."""
    before = body[max(0, start - 1) : start]
    if before == b"+" or (before == b"." and body[max(0, start - 2) : start - 1].isdigit()):
        return True
    if before == b"/":
        head = re.split(rb'[\s"]', body[max(0, start - 200) : start])[-1]
        return b"://" in head.replace(b"\\", b"") and b"?" not in head
    return _in_hex_token(body, start, end)


def _in_hex_token(body: bytes, start: int, end: int) -> bool:
    left = _HEX_RUN.match(body[max(0, start - 64) : start][::-1])
    right = _HEX_RUN.match(body, end, end + 64)
    around = (left[0] if left else b"") + (right[0] if right else b"")
    letters = any(97 <= byte <= 102 for byte in around)
    return letters and len(around) + end - start >= _HEX_TOKEN_LENGTH
