"""Products with their variants, and prices."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from connectors.canonical.base import Canonical, Document


class Variant(Canonical):
    """What is sold and stocked. `price` is in the product's currency."""

    id: str
    sku: str | None = None
    barcode: str | None = None
    title: str | None = None
    options: tuple[tuple[str, str], ...] = ()  # (name, value), in the source's order
    price: Decimal | None = None
    compare_at_price: Decimal | None = None
    cost: Decimal | None = None
    weight: Decimal | None = None
    weight_unit: str | None = None
    unit: str | None = None  # the unit it is sold by
    tax_code: str | None = None
    inventory_item_id: str | None = None


class Product(Document, kw_only=True, tag_field="object", tag="product"):
    title: str
    currency: str | None = None  # of every price below; None where the source leaves it to the shop
    tax_inclusive: bool | None = None
    description: str | None = None
    vendor: str | None = None
    kind: str | None = None  # the source's product type
    brand: str | None = None
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    variants: tuple[Variant, ...] = ()
    url: str | None = None


class Price(Document, kw_only=True, tag_field="object", tag="price"):
    """One price of one thing. `price_list` is the source's word for whom it holds."""

    amount: Decimal
    currency: str
    variant_id: str | None = None
    product_id: str | None = None
    sku: str | None = None
    compare_at: Decimal | None = None
    tax_inclusive: bool | None = None
    per_quantity: Decimal = Decimal(1)  # the amount buys this many
    minimum_quantity: Decimal | None = None
    unit: str | None = None
    price_list: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
