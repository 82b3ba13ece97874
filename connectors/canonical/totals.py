"""What the parts of an order or refund make. Pure sums; nothing here believes or mends a stated total."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from connectors.canonical.order import Charge, Order, OrderLine, TaxLine
from connectors.canonical.refund import Refund

ZERO = Decimal(0)


def sign(line: OrderLine) -> int:
    """1 for what is sold, −1 for what comes back inside the sale, 0 for what was taken back before the end."""
    return 0 if line.voided else -1 if line.returned else 1


def units(order: Order) -> Decimal:
    return sum((sign(line) * line.quantity for line in order.lines), ZERO)


def goods(order: Order) -> Decimal:
    """Quantity times unit price, before any discount (with tax when the order is tax inclusive)."""
    return sum((sign(line) * line.quantity * line.unit_price for line in order.lines), ZERO)


def line_discounts(order: Order) -> Decimal:
    return sum((sign(line) * line.discount for line in order.lines), ZERO)


def tendered(order: Order) -> Decimal:
    """What was paid, less change and what went back."""
    return sum((tender.amount or ZERO for tender in order.tenders), ZERO)


def shipping(order: Order) -> Decimal:
    """Before discount."""
    return sum((line.price for line in order.shipping), ZERO)


def shipping_discounts(order: Order) -> Decimal:
    return sum((line.discount for line in order.shipping), ZERO)


def unallocated_discount(order: Order) -> Decimal:
    """What the order takes off that no line and no shipping line carries; a consumer books it as a line of its own.

    Sources differ in whether their discount total counts shipping discounts, so a total that equals the lines' alone
    is complete as well. Never negative: a stated total below the allocated discounts is a breach, not a credit.
    """
    if order.discount_total is None:
        return ZERO
    allocated = line_discounts(order)
    if order.discount_total == allocated:
        return ZERO
    return max(order.discount_total - allocated - shipping_discounts(order), ZERO)


def charges(parts: Iterable[Charge]) -> Decimal:
    return sum((charge.amount for charge in parts), ZERO)


def tax_of(taxes: Iterable[TaxLine]) -> Decimal:
    return sum((tax.amount for tax in taxes), ZERO)


def order_total(order: Order) -> Decimal:
    """lines + shipping + charges − discounts, and + tax unless prices hold it already."""
    total = goods(order) - line_discounts(order) + shipping(order) - shipping_discounts(order)
    total += charges(order.charges) - unallocated_discount(order)
    return total if order.tax_inclusive else total + (order.tax_total or ZERO)


def stated_tax(order: Order) -> Decimal | None:
    """What the taxes of lines, shipping and charges make; None when none of them states a tax."""
    found = [sign(line) * tax.amount for line in order.lines for tax in line.taxes]
    found += [tax.amount for line in order.shipping for tax in line.taxes]
    found += [tax.amount for charge in order.charges for tax in charge.taxes]
    return sum(found, ZERO) if found else None


def refund_value(refund: Refund, *, tax_inclusive: bool) -> Decimal:
    """What the lines and charges of a refund are worth. A refund rarely says whether its lines hold the tax."""
    value = sum((line.subtotal for line in refund.lines), ZERO) + charges(refund.charges)
    if tax_inclusive:
        return value
    value += sum((line.tax for line in refund.lines), ZERO)
    return value + sum((tax_of(charge.taxes) for charge in refund.charges), ZERO)


def refund_pending(refund: Refund) -> Decimal:
    """Refund payments on their way: asked for, neither through nor failed."""
    on_their_way = (tender for tender in refund.payments if (tender.status or "").lower() == "pending")
    return sum((tender.amount or ZERO for tender in on_their_way if (tender.kind or "").lower() == "refund"), ZERO)
