"""The shop's words in Tryton's, by the retailer's value tables: SKUs here, taxes where they are looked up.

What a table says nothing of is taken as it is: most codes are the same in both systems.
"""

from __future__ import annotations

from typing import TypeVar

from msgspec.structs import replace

from connectors.canonical.order import Order
from connectors.canonical.refund import Refund
from connectors.library.tryton.client import Client

SKU = "sku"
TAX = "tax"
Sold = TypeVar("Sold", Order, Refund)


def in_trytons(client: Client, document: Sold) -> Sold:
    """The same document, its SKUs as Tryton's product codes."""
    lines = [replace(line, sku=_code(client, line.sku)) if line.sku else line for line in document.lines]
    return replace(document, lines=tuple(lines))


def _code(client: Client, sku: str) -> str:
    code = client.call.translated(SKU, sku)
    if code is None:
        return sku
    client.own_words[code] = sku
    return code
