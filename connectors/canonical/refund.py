"""A refund: money back, with or without goods back."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from connectors.canonical.base import Canonical
from connectors.canonical.order import Charge, TaxLine, Tender


class RefundLine(Canonical):
    order_line_id: str
    quantity: Decimal
    subtotal: Decimal  # goods of this line, after discounts (with tax when the order was tax inclusive)
    tax: Decimal
    restock: bool
    restock_type: str | None = None
    sku: str | None = None
    title: str | None = None
    taxes: tuple[TaxLine, ...] = ()  # the order line's rates, where the source repeats them


class Refund(Canonical, tag_field="object", tag="refund"):
    """`total` is the money that went back (successful refund payments); None where the source states none.

    Charges are positive when they give money back (refunded shipping) and negative when the shop keeps some.
    """

    id: str
    order_id: str
    source_version: str
    currency: str | None
    created_at: datetime
    total: Decimal | None
    lines: tuple[RefundLine, ...]
    charges: tuple[Charge, ...] = ()  # shipping refunds, discrepancies, with their sign
    payments: tuple[Tender, ...] = ()
    store_key: str | None = None
    note: str | None = None
    presentment_currency: str | None = None  # set when the payments went back in another currency
    presentment_total: Decimal | None = None
    updated_at: datetime | None = None
    event_at: datetime | None = None  # when the source says it told of it
    legal_entity: str | None = None
    paid: Decimal | None = None  # what the order had been paid before, where the source says so
    return_id: str | None = None
    till: str | None = None
    business_date: date | None = None  # the store's day it counts in
    training: bool = False  # no money moved
    voided: bool = False  # taken back at the till
