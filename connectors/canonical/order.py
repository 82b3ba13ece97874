"""An order (sale) as every connector speaks of it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from connectors.canonical.base import Canonical


class TaxLine(Canonical):
    title: str
    rate: Decimal | None  # 0.19, not 19
    amount: Decimal


class Discount(Canonical):
    amount: Decimal
    code: str | None = None
    title: str | None = None


class OrderLine(Canonical):
    id: str
    title: str
    quantity: Decimal
    unit_price: Decimal  # as stated by the source: with tax when the order is tax_inclusive
    discount: Decimal  # whole line, all allocations
    sku: str | None = None
    variant_id: str | None = None
    product_id: str | None = None
    gift_card: bool = False
    taxes: tuple[TaxLine, ...] = ()
    returned: bool = False  # goods back inside a sale: its amounts are positive and count against the sale
    voided: bool = False  # rung up and taken back: it is no part of any sum


class ShippingLine(Canonical):
    title: str
    price: Decimal
    discount: Decimal
    code: str | None = None
    taxes: tuple[TaxLine, ...] = ()


class Charge(Canonical):
    """Money that is neither goods nor shipping: tip, duty, fee, rounding (with its sign)."""

    kind: str
    title: str
    amount: Decimal
    taxes: tuple[TaxLine, ...] = ()


class Tender(Canonical):
    """One way it was paid. `kind` is sale, authorization, capture, refund, void as the source says.

    Money that went back over the counter is negative: change, or what a return paid out.
    """

    gateway: str
    amount: Decimal | None
    kind: str | None = None
    status: str | None = None
    currency: str | None = None  # of `amount`, where it is not the order's
    method: str | None = None  # cash, card, gift_card, voucher: the source's word
    change: bool = False
    gift_card_id: str | None = None
    reference: str | None = None  # the payment's id with its provider


class Customer(Canonical):
    id: str | None = None
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    country: str | None = None


class Order(Canonical, tag_field="object", tag="order"):
    """Totals are the source's own, stated at order time; invariants check that the parts make them."""

    id: str
    number: str
    source_version: str
    currency: str
    created_at: datetime
    updated_at: datetime | None
    total: Decimal
    subtotal: Decimal | None  # goods after discounts, before shipping (and before tax unless tax_inclusive)
    tax_total: Decimal | None
    discount_total: Decimal | None
    shipping_total: Decimal | None
    tax_inclusive: bool
    lines: tuple[OrderLine, ...]
    shipping: tuple[ShippingLine, ...] = ()
    charges: tuple[Charge, ...] = ()
    discounts: tuple[Discount, ...] = ()
    tenders: tuple[Tender, ...] = ()
    customer: Customer | None = None
    channel: str | None = None  # "pos", "web", …: the source's word
    store_key: str | None = None  # the source's id of the store or location
    till: str | None = None
    presentment_currency: str | None = None
    presentment_total: Decimal | None = None
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None
    financial_status: str | None = None
    fulfilment_status: str | None = None
    test: bool = False
    note: str | None = None
    taxes: tuple[TaxLine, ...] = ()  # the order's own summary; the lines' taxes are the detail
    event_at: datetime | None = None  # when the source says it told of it
    legal_entity: str | None = None
    business_date: date | None = None  # the store's day it counts in; may differ from the calendar's
    receipt: str | None = None  # as printed; not unique, begins anew
    original_id: str | None = None  # the sale that returned lines come from
    tenders_complete: bool = False  # all there are and final, as a till states them: they make the total
    training: bool = False  # no money moved
    voided: bool = False  # the whole sale was taken back at the till
    stated_id: str | None = None  # the id as the payload's number states it, where it was rounded on its way
