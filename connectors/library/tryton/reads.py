"""Reading back: the sale an order became, as it stands in Tryton now."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import msgspec

from connectors.library.tryton import lookups, sales
from connectors.library.tryton.client import Client
from connectors.library.tryton.records import Sale
from connectors.sdk.connector import Call, Delivered
from connectors.sdk.errors import RequestRefused

KINDS = {True: "return", False: "sale"}


class ReadLine(msgspec.Struct, frozen=True):
    """`quantity` is negative in a return. `amount` is without tax, before Tryton rounds it."""

    code: str
    description: str
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    tax_rates: tuple[Decimal, ...]


async def sale(call: Call, number: str) -> Delivered:
    """The sale or return with this number. `detail["lines"]` is JSON of ReadLine; nothing is changed.

    Raises: RequestRefused when Tryton has none, PayloadChanged and the family of `client`.
    """
    client = Client(call)
    await lookups.company(client)
    found = await sales.find(client, "read sale", [["number", "=", number]])
    if len(found) != 1:
        raise RequestRefused(f"Tryton has {len(found) or 'no'} sales with the number {number}.")
    return _shown(client, found[0])


def _shown(client: Client, known: Sale) -> Delivered:
    proven = sales.proven(
        client,
        known,
        reference=known.reference,
        total=known.total,
        states={known.state},
        effect="read",
        kind=KINDS[known.total < 0],
    )
    lines = [
        ReadLine(
            code=line.product.code if line.product else "",
            description=line.description.partition("\n")[0],
            quantity=_plain(line.quantity),
            unit_price=_plain(line.unit_price),
            amount=_plain(line.quantity * line.unit_price),
            tax_rates=tuple(_plain(tax.rate) for tax in line.taxes),
        )
        for line in known.lines
    ]
    detail = dict(proven.detail) | {
        "description": known.description,
        "party": known.party_code,
        "date": known.date.isoformat() if known.date else "",
        "lines": msgspec.json.encode(lines).decode(),
    }
    return replace(proven, detail=detail)


def _plain(value: Decimal) -> Decimal:
    """Without needless zeros and without an exponent."""
    return Decimal(f"{value.normalize():f}")
