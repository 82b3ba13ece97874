"""A refund, or a cancellation of what is already booked, as parts of a return: negative quantities."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from connectors.canonical import totals
from connectors.canonical.order import Charge, TaxLine
from connectors.canonical.refund import Refund, RefundLine
from connectors.library.tryton import codes
from connectors.library.tryton.mapping.draft import HALF, ONE, Line, Part, Rate, as_charged, rates, split_taxes
from connectors.library.tryton.mapping.sale import NOTE
from connectors.library.tryton.records import Product, Sale, SaleLine

ZERO = Decimal(0)


def money_back(refund: Refund, *, inclusive: bool) -> Decimal:
    """What went back: the source's figure, else what lines and charges are worth."""
    return totals.refund_value(refund, tax_inclusive=inclusive) if refund.total is None else refund.total


def parts(refund: Refund, sold: Sale, quantum: Decimal, *, inclusive: bool) -> list[Part]:
    """Every refunded line and charge. What the total says beyond them is the caller's residue."""
    found: list[Part] = []
    bare: list[TaxLine] = []
    for line in refund.lines:
        if line.quantity:
            found.append(_goods(line, _sold_line(line, sold), inclusive, quantum, bare))
    found += [_charge(charge, inclusive, quantum, bare) for charge in refund.charges]
    return [*found, *as_charged(bare, sign=-1)]


def holds_tax(refund: Refund, sold: Sale) -> bool:
    """Whether the refund's line amounts hold the tax: a refund does not say.

    Its total tells where it fits only one reading; else the price at which the same line was sold does.
    """
    stated = {refund.total, (refund.total or ZERO) + totals.refund_pending(refund)}
    fits = {
        inclusive: refund.total is not None and totals.refund_value(refund, tax_inclusive=inclusive) in stated
        for inclusive in (True, False)
    }
    if fits[True] != fits[False]:
        return fits[True]
    for line in refund.lines:
        origin = _sold_line(line, sold)
        if line.tax and origin is not None:
            net = origin.unit_price * line.quantity
            return abs(line.subtotal - line.tax - net) < abs(line.subtotal - net)
    return False


def reversal(sold: Sale, returned: Iterable[Sale]) -> tuple[Line, ...]:
    """The lines that undo what is left of a sale after the returns it already had."""
    left: dict[tuple[int, Decimal, tuple[int, ...]], tuple[SaleLine, Decimal]] = {}
    for document in (sold, *returned):
        for line in document.lines:
            if line.product is None:
                continue
            key = (line.product.id, line.unit_price, tuple(tax.id for tax in line.taxes))
            first, quantity = left.get(key, (line, ZERO))
            left[key] = (first, quantity + line.quantity)
    return tuple(
        Line(_known(line), -quantity, line.unit_price, line.taxes, line.description, line.note)
        for line, quantity in left.values()
        if quantity
    )


def _goods(line: RefundLine, origin: SaleLine | None, inclusive: bool, quantum: Decimal, bare: list[TaxLine]) -> Part:
    net = line.subtotal - line.tax if inclusive else line.subtotal
    known = _known_rates(line, origin, net, quantum)
    if known is None:
        stated = line.taxes or (TaxLine(title="Tax", rate=None, amount=line.tax),)
        explained, rest = split_taxes(_share(stated, line.tax), net, line.quantity, quantum)
        bare += rest
        known = rates(explained)
    title = line.title or (origin.description.partition("\n")[0] if origin else "") or "Item"
    product, label = _product(line, origin, title)
    return Part(product, label, -line.quantity, -net, known, NOTE + line.order_line_id)


def _product(line: RefundLine, origin: SaleLine | None, title: str) -> tuple[str, str]:
    """What did not go back to stock must not move stock, so it is booked on a service."""
    code = origin.product.code if origin and origin.product else line.sku or codes.NO_SKU
    service = code in codes.SERVICES or (origin is not None and origin.product is not None and origin.product.service)
    if line.restock or service:
        return code, title
    return codes.NOT_RESTOCKED, f"{title} ({code}), not restocked"


def _known_rates(line: RefundLine, origin: SaleLine | None, net: Decimal, quantum: Decimal) -> tuple[Rate, ...] | None:
    """The taxes the line was sold with, when they make the tax that goes back."""
    if origin is None:
        return None
    made = sum((net * tax.rate for tax in origin.taxes), ZERO)
    if abs(made - line.tax) > quantum + HALF * quantum * abs(line.quantity) * max(1, len(origin.taxes)):
        return None
    return tuple(Rate("", tax.rate, known=tax) for tax in origin.taxes)


def _share(stated: Sequence[TaxLine], tax: Decimal) -> list[TaxLine]:
    """The order line's taxes, scaled to the tax of what is refunded; the last takes what rounding leaves."""
    whole = totals.tax_of(stated)
    if whole == tax:
        return list(stated)
    if not whole:
        return [TaxLine(title="Tax", rate=None, amount=tax)]
    shares = [TaxLine(title=part.title, rate=part.rate, amount=part.amount * tax / whole) for part in stated]
    return [share for share in shares if share.amount]


def _charge(charge: Charge, inclusive: bool, quantum: Decimal, bare: list[TaxLine]) -> Part:
    net = charge.amount - totals.tax_of(charge.taxes) if inclusive else charge.amount
    explained, rest = split_taxes(charge.taxes, net, ONE, quantum)
    bare += rest
    product = codes.SHIPPING if charge.kind == "shipping" else codes.REFUND_ADJUSTMENT
    return Part(product, charge.title or charge.kind, -ONE, -net, rates(explained))


def _sold_line(line: RefundLine, sold: Sale) -> SaleLine | None:
    """By the shop's line id, else by the only line of the same SKU."""
    for candidate in sold.lines:
        if candidate.note == NOTE + line.order_line_id:
            return candidate
    same = [item for item in sold.lines if item.product and line.sku and item.product.code == line.sku]
    return same[0] if len(same) == 1 else None


def _known(line: SaleLine) -> Product:
    if line.product is None:
        raise ValueError("a line without product has no reversal")
    return replace(line.product)
