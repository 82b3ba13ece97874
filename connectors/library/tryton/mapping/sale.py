"""An order as parts of a sale."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from connectors.canonical import totals
from connectors.canonical.order import Charge, Order, OrderLine, ShippingLine, TaxLine
from connectors.library.tryton import codes
from connectors.library.tryton.mapping.draft import HALF, ONE, Part, as_charged, rates, split_taxes
from connectors.sdk.errors import RequestRefused

NOTE = "shop line "


def description(order: Order) -> str:
    """What people at the ERP see, and how a refund finds its sale: "#1001 (450789469)".

    The id as the payload's number states it, because that is how a refund names its order.
    """
    return f"{order.number} {marker(order.stated_id or order.id)}"


def marker(order_id: str) -> str:
    """The end of every description of this order's documents."""
    return f"({order_id})"


def parts(order: Order, quantum: Decimal) -> list[Part]:
    """Everything the total is made of, tax that Tryton can compute apart.

    Raises: RequestRefused for an order with nothing in it.
    """
    found: list[Part] = []
    bare: list[TaxLine] = []
    for line in order.lines:
        if line.quantity:
            found.append(_goods(line, order.tax_inclusive, quantum, bare))
    found += [_shipping(line, order.tax_inclusive, quantum, bare) for line in order.shipping]
    found += [_charge(charge, order.tax_inclusive, quantum, bare) for charge in order.charges]
    found += as_charged([*bare, *_untold_tax(order, quantum)])
    if discount := totals.unallocated_discount(order):
        found.append(Part(codes.DISCOUNT, "Discount on the order", -ONE, -discount))
    if not found:
        raise RequestRefused(f"Order {order.number} holds nothing: no goods, no shipping, no charge.")
    return found


def code(line: OrderLine) -> str:
    if line.gift_card:
        return codes.GIFT_CARD
    return line.sku or codes.NO_SKU


def quantities(found: Iterable[Part]) -> dict[str, Decimal]:
    """Pieces per product code; what only carries arithmetic is left out."""
    sums: dict[str, Decimal] = {}
    for part in found:
        if part.code not in codes.ARITHMETIC:
            sums[part.code] = sums.get(part.code, Decimal(0)) + part.quantity
    return sums


def _goods(line: OrderLine, inclusive: bool, quantum: Decimal, bare: list[TaxLine]) -> Part:
    amount = line.quantity * line.unit_price - line.discount
    label = line.title if line.sku or line.gift_card else f"{line.title} (no SKU)"
    if line.discount:
        label += f"\nlist price {line.unit_price:f}, discount {line.discount:f}"
    return _part(code(line), label, line.quantity, amount, line.taxes, inclusive, quantum, bare, NOTE + line.id)


def _shipping(line: ShippingLine, inclusive: bool, quantum: Decimal, bare: list[TaxLine]) -> Part:
    amount = line.price - line.discount
    return _part(codes.SHIPPING, line.title, ONE, amount, line.taxes, inclusive, quantum, bare)


def _charge(charge: Charge, inclusive: bool, quantum: Decimal, bare: list[TaxLine]) -> Part:
    label = charge.title or charge.kind
    return _part(codes.CHARGE, label, ONE, charge.amount, charge.taxes, inclusive, quantum, bare)


def _part(
    product: str,
    label: str,
    quantity: Decimal,
    amount: Decimal,
    taxes: tuple[TaxLine, ...],
    inclusive: bool,
    quantum: Decimal,
    bare: list[TaxLine],
    note: str = "",
) -> Part:
    net = amount - totals.tax_of(taxes) if inclusive else amount
    explained, rest = split_taxes(taxes, net, quantity, quantum)
    bare += rest
    return Part(product, label, quantity, net, rates(explained), note)


def _untold_tax(order: Order, quantum: Decimal) -> list[TaxLine]:
    """Tax in the order's total that no line tells of. In inclusive prices it is already in the lines."""
    if order.tax_inclusive or order.tax_total is None:
        return []
    told = totals.stated_tax(order)
    gap = order.tax_total - (told or Decimal(0))
    count = sum(len(part.taxes) for part in (*order.lines, *order.shipping, *order.charges))
    if abs(gap) <= HALF * quantum * count:
        return []
    return [TaxLine(title="Tax", rate=None, amount=gap)]
