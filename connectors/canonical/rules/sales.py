"""Orders, refunds and returns. Stated statuses are never consulted: only numbers are held against numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal

from connectors.canonical import money, totals
from connectors.canonical.base import Breach
from connectors.canonical.order import Order
from connectors.canonical.refund import Refund
from connectors.canonical.returns import Return
from connectors.canonical.rules.common import (
    HALF,
    ZERO,
    Rules,
    currency_known,
    identified,
    minor_units,
    quantities,
    shown,
    unique_ids,
)


def _order_currency(order: Order) -> Iterator[Breach]:
    yield from currency_known(order.currency, order.presentment_currency)


def _order_total(order: Order) -> Iterator[Breach]:
    made = totals.order_total(order)
    if made != order.total:
        yield Breach("total", f"The order states {shown(order.total, order.currency)}, its parts make {made:f}.")


def _order_discounts(order: Order) -> Iterator[Breach]:
    lines = totals.line_discounts(order)
    allocated = lines + totals.shipping_discounts(order)
    stated = order.discount_total
    if stated is not None and stated not in (lines, allocated) and stated < allocated:
        yield Breach("discounts", f"The order states {stated:f} of discounts, its lines carry {allocated:f}.")
    for line in order.lines:
        if not line.voided and line.discount > abs(line.quantity * line.unit_price):
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
    yield from minor_units(amounts, order.currency)


def _order_lines(order: Order) -> Iterator[Breach]:
    yield from _quantities((line.id, line.quantity) for line in order.lines)
    for identifier, times in Counter(line.id for line in order.lines).items():
        if times > 1:
            yield Breach("line_ids", f"{times} lines have the id {identifier}.")


def _quantities(lines: Iterable[tuple[str, Decimal]]) -> Iterator[Breach]:
    for identifier, quantity in lines:
        if quantity < 0:
            yield Breach("quantity", f"Line {identifier} has the quantity {quantity:f}.")


def _order_tenders(order: Order) -> Iterator[Breach]:
    """Only a till states tenders that are all there are and final. A voided sale took nothing."""
    if not order.tenders_complete or order.training:
        return
    made, expected = totals.tendered(order), ZERO if order.voided else order.total
    if made != expected:
        yield Breach("tenders", f"{shown(expected, order.currency)} was to pay, the tenders make {made:f}.")


def _refund_currency(refund: Refund) -> Iterator[Breach]:
    yield from currency_known(refund.currency)


def _refund_total(refund: Refund) -> Iterator[Breach]:
    """Money back is what lines and charges are worth, read with or without tax in the lines.

    Payments on their way may be counted in or already be compensated by a charge: sources do either.
    """
    if refund.total is None:
        return
    worth = {totals.refund_value(refund, tax_inclusive=inclusive) for inclusive in (True, False)}
    if not worth & {refund.total, refund.total + totals.refund_pending(refund)}:
        either = " or ".join(f"{value:f}" for value in sorted(worth))
        yield Breach(
            "refund_total", f"{shown(refund.total, refund.currency)} went back, lines and charges make {either}."
        )


def _refund_paid(refund: Refund) -> Iterator[Breach]:
    if refund.total is not None and refund.paid is not None and refund.total > refund.paid:
        yield Breach("refund_paid", f"{refund.total:f} went back of {refund.paid:f} that was paid.")


def _refund_units(refund: Refund) -> Iterator[Breach]:
    yield from minor_units((("total", refund.total),), refund.currency)


def _refund_lines(refund: Refund) -> Iterator[Breach]:
    yield from _quantities((line.order_line_id, line.quantity) for line in refund.lines)


RULES: Rules = {
    Order: (
        *(_order_currency, _order_total, _order_discounts, _order_shipping, _order_tax, _order_tenders),
        *(_order_units, _order_lines),
    ),
    Refund: (_refund_currency, _refund_total, _refund_paid, _refund_units, _refund_lines),
    Return: (identified, unique_ids(), quantities()),
}
