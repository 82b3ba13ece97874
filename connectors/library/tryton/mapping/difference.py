"""What a booked sale and the shop's order disagree about: what was sold and for how much.

Names, dates and who bought it may differ: they are Tryton's to keep.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from connectors.canonical.money import quantum
from connectors.canonical.order import Order
from connectors.library.tryton.codes import ARITHMETIC
from connectors.library.tryton.mapping import sale as mapping
from connectors.library.tryton.records import CANCELLED, Sale


class Difference(msgspec.Struct, frozen=True):
    """One field, as text, on both sides."""

    field: str
    erp: str
    shop: str


def differences(order: Order, known: Sale) -> list[Difference]:
    """Empty when nothing is to be decided."""
    found = []
    if known.state == CANCELLED:
        found.append(Difference("state", known.state, "open"))
    if known.currency != order.currency:
        found.append(Difference("currency", known.currency, order.currency))
    if known.total != order.total:
        found.append(Difference("total", f"{known.total:f}", f"{order.total:f}"))
    return [*found, *_quantities(order, known)]


def _quantities(order: Order, known: Sale) -> Iterator[Difference]:
    shop = mapping.quantities(mapping.parts(order, quantum(order.currency)))
    erp: dict[str, Decimal] = {}
    for line in known.lines:
        if line.product and line.product.code not in ARITHMETIC:
            erp[line.product.code] = erp.get(line.product.code, Decimal(0)) + line.quantity
    for code in sorted(shop.keys() | erp.keys()):
        pieces = erp.get(code, Decimal(0)), shop.get(code, Decimal(0))
        if pieces[0] != pieces[1]:
            yield Difference(f"quantity of {code}", *(f"{number.normalize():f}" for number in pieces))
