"""Invoices and credit notes, of suppliers and to customers. Amounts of a credit note are positive as well."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from connectors.canonical.base import Canonical, Document
from connectors.canonical.order import Charge
from connectors.canonical.tax import TaxSummary


class InvoiceLine(Canonical):
    """`amount` is as stated: quantity × price ÷ price_per, less discount, plus charges; before tax unless inclusive.

    None where the source states none: then quantity and price make it.
    """

    id: str
    amount: Decimal | None
    quantity: Decimal | None = None
    unit_price: Decimal | None = None  # after its own discounts
    price_per: Decimal = Decimal(1)  # the price buys this many
    discount: Decimal = Decimal(0)  # whole line
    charge: Decimal = Decimal(0)  # whole line
    sku: str | None = None
    supplier_sku: str | None = None
    barcode: str | None = None  # GTIN
    title: str | None = None
    unit: str | None = None
    account: str | None = None
    tax_category: str | None = None
    tax_rate: Decimal | None = None  # 0.19, not 19
    tax: Decimal | None = None
    order_id: str | None = None
    order_line_id: str | None = None


class Invoice(Document, kw_only=True, tag_field="object", tag="invoice"):
    """`kind`: "invoice" or "credit_note". `direction`: "payable" (a supplier's) or "receivable" (to a customer).

    `total` holds the tax; `payable` is what is left after `prepaid`, with `rounding`.
    """

    number: str
    kind: str
    direction: str
    currency: str
    total: Decimal
    tax_inclusive: bool = False  # of the lines' amounts
    issued_on: date | None = None
    due_on: date | None = None
    seller: str | None = None
    seller_tax_id: str | None = None
    buyer: str | None = None
    buyer_tax_id: str | None = None
    order_id: str | None = None
    corrects: tuple[str, ...] = ()  # the invoices a credit note is about
    lines: tuple[InvoiceLine, ...] = ()
    charges: tuple[Charge, ...] = ()  # of the whole document; allowances are negative
    taxes: tuple[TaxSummary, ...] = ()
    line_total: Decimal | None = None
    net: Decimal | None = None  # without tax
    tax_total: Decimal | None = None
    prepaid: Decimal | None = None
    rounding: Decimal | None = None
    payable: Decimal | None = None
    paid: Decimal | None = None  # as the source's books know it today
    outstanding: Decimal | None = None
    tax_currency: str | None = None  # where tax is accounted for in another currency
    tax_total_in_tax_currency: Decimal | None = None
    lines_known: bool = True  # False: the source leaves them out (a list, a summary)
