"""Discounts and taxes of a sale, in whole cents. Tax is added on top, as in the United States."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from msgspec.structs import replace

from connectors.sandbox.shopify.model import Discount, Line, Sale, Shipping, TaxPart
from connectors.sandbox.shopify.places import STATES, Tax


def priced(sale: Sale) -> Sale:
    """The same sale with its discounts and taxes worked out anew from lines, code and state."""
    state = STATES[sale.tax_state]
    lines = [_taxed(line, state.taxes) for line in _discounted(sale.lines, sale.discount)]
    shipping = _shipping(sale.shipping, sale.discount, state.taxes if state.shipping_taxed else ())
    return replace(sale, lines=tuple(lines), shipping=shipping)


def half_up(value: Decimal) -> int:
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _discounted(lines: tuple[Line, ...], discount: Discount | None) -> list[Line]:
    if discount is None or discount.kind == "shipping":
        return [replace(line, discount=0) for line in lines]
    shares = _percentage(lines, discount.value) if discount.kind == "percentage" else _fixed(lines, discount.value)
    return [replace(line, discount=share) for line, share in zip(lines, shares, strict=True)]


def _percentage(lines: tuple[Line, ...], percent: int) -> list[int]:
    return [half_up(Decimal(_eligible(line) * percent) / 100) for line in lines]


def _fixed(lines: tuple[Line, ...], cents: int) -> list[int]:
    """Spread over the lines by value, without losing a cent; never more than the goods are worth."""
    goods = sum(_eligible(line) for line in lines)
    left, shares = min(cents, goods), []
    for line in lines:
        share = left * _eligible(line) // goods if goods else 0
        shares.append(share)
        left, goods = left - share, goods - _eligible(line)
    return shares


def _eligible(line: Line) -> int:
    return 0 if line.gift_card else line.gross


def _taxed(line: Line, taxes: tuple[Tax, ...]) -> Line:
    return replace(line, taxes=_parts(line.net, taxes) if line.taxable else ())


def _shipping(shipping: Shipping | None, discount: Discount | None, taxes: tuple[Tax, ...]) -> Shipping | None:
    if shipping is None:
        return None
    free = shipping.price if discount is not None and discount.kind == "shipping" else 0
    return replace(shipping, discount=free, taxes=_parts(shipping.price - free, taxes))


def _parts(cents: int, taxes: tuple[Tax, ...]) -> tuple[TaxPart, ...]:
    return tuple(TaxPart(title=tax.title, rate=str(tax.rate), cents=half_up(cents * tax.rate)) for tax in taxes)
