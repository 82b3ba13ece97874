"""What a retailer orders from a supplier: the order, its change, the supplier's answer."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from connectors.canonical.base import Canonical, Document
from connectors.canonical.order import Charge
from connectors.canonical.tax import TaxSummary


class SupplierOrderLine(Canonical):
    """`quantity` and `unit_price` are None where the message leaves them as they were."""

    id: str
    quantity: Decimal | None
    unit_price: Decimal | None = None
    price_per: Decimal = Decimal(1)  # the price buys this many
    amount: Decimal | None = None  # as stated
    action: str | None = None  # add, change, delete, accept, reject: the source's word
    sku: str | None = None  # the buyer's number
    supplier_sku: str | None = None
    barcode: str | None = None  # GTIN
    title: str | None = None
    unit: str | None = None
    due_on: date | None = None
    ship_to: str | None = None


class SupplierOrder(Document, kw_only=True, tag_field="object", tag="supplier_order"):
    """`purpose`: "order", "change" or "response". Of a change the lines are what changes, no whole order.

    `total` is what is to pay as stated, after charges (+) and allowances (−), tax, prepaid and rounding.
    """

    number: str
    purpose: str = "order"
    currency: str | None = None  # None where the message states none
    answers: str | None = None  # the order that a change or response is about
    buyer: str | None = None
    supplier: str | None = None
    ship_to: str | None = None
    ordered_on: date | None = None
    due_on: date | None = None
    lines: tuple[SupplierOrderLine, ...] = ()
    charges: tuple[Charge, ...] = ()
    taxes: tuple[TaxSummary, ...] = ()
    line_total: Decimal | None = None
    tax_total: Decimal | None = None
    prepaid: Decimal | None = None
    rounding: Decimal | None = None
    total: Decimal | None = None
    stated_lines: int | None = None  # the sender's own count
