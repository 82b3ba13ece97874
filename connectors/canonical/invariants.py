"""What must hold in every canonical object. A total that does not add up is a breach, not a correction.

`breaches(obj)` is pure and cheap enough to run after every map. Each breach has a stable name (the desk groups by it)
and one sentence with both numbers. Stated statuses are never consulted: only numbers are held against numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

from connectors.canonical import money, totals
from connectors.canonical.base import Breach
from connectors.canonical.order import Order
from connectors.canonical.refund import Refund

HALF = Decimal("0.5")


def breaches(obj: Any) -> tuple[Breach, ...]:
    """Every invariant the object breaks, the gravest first. Raises TypeError for what is no canonical object."""
    try:
        rules = _RULES[type(obj)]
    except KeyError:
        raise TypeError(f"{type(obj).__name__} has no invariants") from None
    return tuple(found for rule in rules for found in rule(obj))


def _order_currency(order: Order) -> Iterator[Breach]:
    yield from _currency(order.currency)
    if order.presentment_currency and not money.is_known(order.presentment_currency):
        yield Breach("currency_unknown", f"{order.presentment_currency!r} is no currency of ISO 4217.")


def _currency(currency: str | None) -> Iterator[Breach]:
    if currency is not None and not money.is_known(currency):
        yield Breach("currency_unknown", f"{currency!r} is no currency of ISO 4217.")


def _order_total(order: Order) -> Iterator[Breach]:
    made = totals.order_total(order)
    if made != order.total:
        yield Breach("total", f"The order states {_m(order.total, order.currency)}, its parts make {made:f}.")


def _order_discounts(order: Order) -> Iterator[Breach]:
    lines = totals.line_discounts(order)
    allocated = lines + totals.shipping_discounts(order)
    stated = order.discount_total
    if stated is not None and stated not in (lines, allocated) and stated < allocated:
        yield Breach("discounts", f"The order states {stated:f} of discounts, its lines carry {allocated:f}.")
    for line in order.lines:
        if line.discount > abs(line.quantity * line.unit_price):
            yield Breach("line_discount", f"Line {line.id} is discounted by {line.discount:f}, more than it costs.")


def _order_shipping(order: Order) -> Iterator[Breach]:
    price = totals.shipping(order)
    stated = order.shipping_total
    if stated is not None and stated not in (price, price - totals.shipping_discounts(order)):
        yield Breach("shipping", f"The order states {stated:f} of shipping, its shipping lines make {price:f}.")


def _order_tax(order: Order) -> Iterator[Breach]:
    """Each tax line may be off by half a minor unit: sources round by line or by order."""
    made = totals.stated_tax(order)
    if made is None or order.tax_total is None or not money.is_known(order.currency):
        return
    count = sum(len(line.taxes) for line in (*order.lines, *order.shipping, *order.charges))
    if abs(made - order.tax_total) > HALF * money.quantum(order.currency) * count:
        yield Breach("tax", f"The order states {order.tax_total:f} of tax, its lines make {made:f}.")


def _order_units(order: Order) -> Iterator[Breach]:
    amounts = (
        ("total", order.total),
        ("subtotal", order.subtotal),
        ("tax", order.tax_total),
        ("discounts", order.discount_total),
        ("shipping", order.shipping_total),
    )
    yield from _minor_units(amounts, order.currency)


def _minor_units(amounts: Iterable[tuple[str, Decimal | None]], currency: str | None) -> Iterator[Breach]:
    if currency is None or not money.is_known(currency):
        return
    for name, amount in amounts:
        if amount is not None and not money.fits(amount, currency):
            places = money.minor_digits(currency)
            yield Breach("minor_units", f"{name} {amount:f} has more than the {places} places of {currency}.")


def _order_lines(order: Order) -> Iterator[Breach]:
    yield from _quantities((line.id, line.quantity) for line in order.lines)
    for identifier, times in Counter(line.id for line in order.lines).items():
        if times > 1:
            yield Breach("line_ids", f"{times} lines have the id {identifier}.")


def _quantities(lines: Iterable[tuple[str, Decimal]]) -> Iterator[Breach]:
    for identifier, quantity in lines:
        if quantity < 0:
            yield Breach("quantity", f"Line {identifier} has the quantity {quantity:f}.")


def _refund_currency(refund: Refund) -> Iterator[Breach]:
    yield from _currency(refund.currency)


def _refund_total(refund: Refund) -> Iterator[Breach]:
    """Money back is what lines and charges are worth, read with or without tax in the lines.

    Payments on their way may be counted in or already be compensated by a charge: sources do either.
    """
    if refund.total is None:
        return
    worth = {totals.refund_value(refund, tax_inclusive=inclusive) for inclusive in (True, False)}
    if not worth & {refund.total, refund.total + totals.refund_pending(refund)}:
        shown = " or ".join(f"{value:f}" for value in sorted(worth))
        yield Breach("refund_total", f"{_m(refund.total, refund.currency)} went back, lines and charges make {shown}.")


def _refund_units(refund: Refund) -> Iterator[Breach]:
    yield from _minor_units((("total", refund.total),), refund.currency)


def _refund_lines(refund: Refund) -> Iterator[Breach]:
    yield from _quantities((line.order_line_id, line.quantity) for line in refund.lines)


def _m(amount: Decimal, currency: str | None) -> str:
    return f"{amount:f} {currency}" if currency else f"{amount:f}"


_RULES: dict[type, tuple[Callable[[Any], Iterator[Breach]], ...]] = {
    Order: (_order_currency, _order_total, _order_discounts, _order_shipping, _order_tax, _order_units, _order_lines),
    Refund: (_refund_currency, _refund_total, _refund_units, _refund_lines),
}
