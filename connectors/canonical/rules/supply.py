"""Supplier orders and invoices: lines make the sum, charges and tax come on top, what is paid before comes off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from connectors.canonical import money
from connectors.canonical.base import Breach
from connectors.canonical.invoice import Invoice, InvoiceLine
from connectors.canonical.rules.common import (
    HALF,
    ZERO,
    Rules,
    counted,
    currency_known,
    identified,
    not_negative,
    payable,
    quantities,
    shown,
    total,
    unique_ids,
)
from connectors.canonical.supply import SupplierOrder, SupplierOrderLine
from connectors.canonical.tax import TaxCalculation, TaxRate, TaxSummary

Line = InvoiceLine | SupplierOrderLine


def _rounding(currency: str | None) -> Decimal:
    """Half of what the currency can pay: an amount that was rounded once."""
    return HALF * money.quantum(currency) if currency and money.is_known(currency) else ZERO


def _made(line: Line) -> Decimal | None:
    """What quantity and price make of a line; None where one of them is not stated."""
    if line.quantity is None or line.unit_price is None or line.price_per <= 0:
        return None
    made = line.quantity * line.unit_price / line.price_per
    return made - line.discount + line.charge if isinstance(line, InvoiceLine) else made


def _lines(obj: Invoice | SupplierOrder) -> Iterator[Breach]:
    for line in obj.lines:
        made = _made(line)
        if line.price_per <= 0:
            yield Breach("quantity", f"The price of line {line.id} buys {line.price_per:f} pieces.")
        elif line.amount is not None and made is not None and abs(made - line.amount) > _rounding(obj.currency):
            yield Breach("line_amount", f"Line {line.id} states {line.amount:f}, its parts make {made:f}.")


@dataclass(frozen=True, slots=True)
class Sum:
    """`allowed`: half a minor unit for each line that states no amount, so that nobody knows how it was rounded."""

    made: Decimal
    allowed: Decimal

    def differs(self, stated: Decimal, more: Decimal = ZERO) -> bool:
        return abs(self.made + more - stated) > self.allowed


def _sum(obj: Invoice | SupplierOrder) -> Sum | None:
    """What the lines make; None where one of them leaves its worth open."""
    found = [line.amount if line.amount is not None else _made(line) for line in obj.lines]
    if None in found:
        return None
    unstated = sum(line.amount is None for line in obj.lines)
    return Sum(total(found), _rounding(obj.currency) * unstated)


def _line_total(obj: Invoice | SupplierOrder, found: Sum) -> Iterator[Breach]:
    if obj.line_total is not None and found.differs(obj.line_total):
        yield Breach("line_total", f"It states {obj.line_total:f} of lines, they make {found.made:f}.")


def _ordered_total(order: SupplierOrder) -> Iterator[Breach]:
    """A change or a response says what changes: its lines are no whole order."""
    found = _sum(order) if order.purpose == "order" and order.lines else None
    if found is None:
        return
    yield from _line_total(order, found)
    more = total(charge.amount for charge in order.charges) + (order.tax_total or ZERO)
    more += (order.rounding or ZERO) - (order.prepaid or ZERO)
    if order.total is not None and found.differs(order.total, more):
        stated = shown(order.total, order.currency)
        yield Breach("total", f"The order states {stated}, its parts make {found.made + more:f}.")


def _invoiced_sum(invoice: Invoice) -> Iterator[Breach]:
    found = _sum(invoice) if invoice.lines_known else None
    if found is None:
        return
    yield from _line_total(invoice, found)
    more = total(charge.amount for charge in invoice.charges)
    if not invoice.tax_inclusive:
        if invoice.net is not None and found.differs(invoice.net, more):
            made = found.made + more
            yield Breach("net", f"It states {invoice.net:f} without tax, lines and charges make {made:f}.")
        more += invoice.tax_total or ZERO
    if found.differs(invoice.total, more):
        stated, made = shown(invoice.total, invoice.currency), found.made + more
        yield Breach("total", f"The invoice states {stated}, lines, charges and tax make {made:f}.")


def _invoiced_net(invoice: Invoice) -> Iterator[Breach]:
    if invoice.net is None or invoice.tax_total is None:
        return
    made = invoice.net + invoice.tax_total
    if made != invoice.total:
        stated = shown(invoice.total, invoice.currency)
        yield Breach("net_and_tax", f"The invoice states {stated}, net and tax make {made:f}.")


def _taxes(obj: Invoice | SupplierOrder) -> Iterator[Breach]:
    made = total(tax.amount for tax in obj.taxes)
    if obj.taxes and obj.tax_total is not None and made != obj.tax_total:
        yield Breach("tax", f"It states {obj.tax_total:f} of tax, its rates make {made:f}.")


def _rates(obj: Invoice) -> Iterator[Breach]:
    """Tax is worked out of the base, or summed up from rounded lines: half a minor unit for each of them."""
    allowed = _rounding(obj.currency) * max(len(obj.lines), 1)
    for tax in obj.taxes:
        yield from _rate(tax, allowed)


def _rate(tax: TaxSummary, allowed: Decimal) -> Iterator[Breach]:
    if tax.base is None or tax.rate is None:
        return
    made = tax.base * tax.rate
    if abs(made - tax.amount) > allowed:
        yield Breach("tax_rate", f"{tax.rate:f} of {tax.base:f} is {made:f}, it states {tax.amount:f} of tax.")


def _payable(invoice: Invoice) -> Iterator[Breach]:
    if invoice.payable is None:
        return
    made = invoice.total - (invoice.prepaid or ZERO) + (invoice.rounding or ZERO)
    if made != invoice.payable:
        yield Breach("payable", f"It asks for {invoice.payable:f}, total less prepaid makes {made:f}.")


def _outstanding(invoice: Invoice) -> Iterator[Breach]:
    if invoice.paid is None or invoice.outstanding is None:
        return
    owed = invoice.payable if invoice.payable is not None else invoice.total
    if invoice.paid + invoice.outstanding != owed:
        made = invoice.paid + invoice.outstanding
        yield Breach("outstanding", f"{owed:f} is owed, paid and outstanding make {made:f}.")


def _tax_currency(invoice: Invoice) -> Iterator[Breach]:
    yield from currency_known(invoice.tax_currency)


def _tax_rate(tax: TaxRate) -> Iterator[Breach]:
    if not 0 <= tax.rate <= 1:
        yield Breach("tax_rate", f"The rate {tax.rate:f} is not between 0 and 1.")


_INVOICED = ("total", "line_total", "net", "tax_total", "prepaid", "payable", "paid", "outstanding")

RULES: Rules = {
    SupplierOrder: (
        *(identified, payable("total", "tax_total", "prepaid"), unique_ids(), quantities(), _lines),
        *(_ordered_total, _taxes, counted),
    ),
    Invoice: (
        *(identified, payable(*_INVOICED), unique_ids(), _lines, _invoiced_sum, _invoiced_net, _taxes),
        *(_rates, _payable, _outstanding, _tax_currency),
    ),
    TaxRate: (identified, _tax_rate),
    TaxCalculation: (identified, payable("total", "tax_exclusive", "tax_inclusive"), not_negative("total")),
}
