"""Tax rates, and taxes worked out before a sale."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from connectors.canonical.base import Canonical, Document


class TaxSummary(Canonical):
    """One rate of a document: `base` before tax, `amount` the tax on it."""

    amount: Decimal
    base: Decimal | None = None
    rate: Decimal | None = None  # 0.19, not 19
    category: str | None = None  # the source's tax code or category
    title: str | None = None


class TaxRate(Document, kw_only=True, tag_field="object", tag="tax_rate"):
    title: str
    rate: Decimal  # 0.19, not 19
    country: str | None = None
    region: str | None = None
    postcodes: tuple[str, ...] = ()
    category: str | None = None
    compound: bool = False
    on_shipping: bool | None = None
    valid_from: date | None = None


class TaxCalculation(Document, kw_only=True, tag_field="object", tag="tax_calculation"):
    """A quote: it posts nothing. `total` is what the buyer would pay; taxes inside prices add nothing to it."""

    currency: str
    total: Decimal
    tax_exclusive: Decimal  # comes on top
    tax_inclusive: Decimal  # is in the prices
    customer_id: str | None = None
    taxes: tuple[TaxSummary, ...] = ()
