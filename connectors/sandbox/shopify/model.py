"""A sale as the stand-in keeps it. Amounts are whole cents of the order's currency, so sums are exact.

`render` turns it into what the vendor sends; nothing else is stored, so a payload can always be made again.
"""

from __future__ import annotations

from datetime import datetime

import msgspec


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Immutable; a change is a new record."""


class TaxPart(Record):
    title: str
    rate: str  # "0.0625"
    cents: int


class Line(Record):
    id: int
    variant_id: int | None
    product_id: int | None
    sku: str | None
    title: str
    price: int
    quantity: int
    option: str = ""
    grams: int = 0
    gift_card: bool = False
    taxable: bool = True
    discount: int = 0
    taxes: tuple[TaxPart, ...] = ()

    @property
    def gross(self) -> int:
        return self.price * self.quantity

    @property
    def net(self) -> int:
        return self.gross - self.discount

    @property
    def tax(self) -> int:
        return sum(part.cents for part in self.taxes)


class Shipping(Record):
    id: int
    title: str
    code: str
    price: int
    discount: int = 0
    taxes: tuple[TaxPart, ...] = ()

    @property
    def net(self) -> int:
        return self.price - self.discount

    @property
    def tax(self) -> int:
        return sum(part.cents for part in self.taxes)


class Discount(Record):
    """`kind` is percentage (value 15 means 15 %), fixed_amount (cents over all goods) or shipping."""

    code: str
    kind: str
    value: int


class Payment(Record):
    """One transaction. `kind` is sale, authorization, refund or void."""

    id: int
    gateway: str
    kind: str
    cents: int
    at: datetime
    parent_id: int | None = None


class RefundLine(Record):
    id: int
    line_id: int
    quantity: int
    subtotal: int
    tax: int
    restock_type: str  # return, cancel or no_restock


class Refund(Record):
    id: int
    at: datetime
    note: str
    lines: tuple[RefundLine, ...] = ()
    shipping: int = 0
    shipping_tax: int = 0
    difference: int = 0  # given back beyond goods and shipping (a tip); below zero when something was kept back
    payments: tuple[Payment, ...] = ()

    @property
    def goods(self) -> int:
        return sum(line.subtotal for line in self.lines)

    @property
    def tax(self) -> int:
        return sum(line.tax for line in self.lines) + self.shipping_tax

    @property
    def total(self) -> int:
        return self.goods + self.shipping + self.tax + self.difference


class Address(Record):
    first_name: str
    last_name: str
    address1: str
    city: str
    state: str
    zip: str
    address2: str | None = None
    phone: str | None = None


class Customer(Record):
    id: int
    first_name: str
    last_name: str
    email: str
    address: Address


class Sale(Record):
    id: int
    number: int  # 1 for the shop's first order, which shows as #1001
    token: str
    created_at: datetime
    updated_at: datetime
    source: str  # "pos" or "web"
    tax_state: str
    lines: tuple[Line, ...]
    currency: str = "USD"
    presentment_currency: str = ""  # "" means the same
    presentment_rate: str = "1"
    location_id: int | None = None
    till: int | None = None
    staff: int | None = None
    customer: Customer | None = None
    ship_to: Address | None = None
    shipping: Shipping | None = None
    discount: Discount | None = None
    tip: int = 0
    payments: tuple[Payment, ...] = ()
    refunds: tuple[Refund, ...] = ()
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None
    note: str | None = None
    tags: str = ""

    @property
    def name(self) -> str:
        return f"#{self.order_number}"

    @property
    def order_number(self) -> int:
        return 1000 + self.number

    @property
    def goods(self) -> int:
        """Before discounts."""
        return sum(line.gross for line in self.lines)

    @property
    def subtotal(self) -> int:
        """Goods after discounts, before shipping, tax and tip."""
        return sum(line.net for line in self.lines)

    @property
    def discounts(self) -> int:
        return sum(line.discount for line in self.lines) + (self.shipping.discount if self.shipping else 0)

    @property
    def tax(self) -> int:
        return sum(line.tax for line in self.lines) + (self.shipping.tax if self.shipping else 0)

    @property
    def total(self) -> int:
        """As ordered: never lowered by a refund or a cancellation."""
        return self.subtotal + (self.shipping.net if self.shipping else 0) + self.tax + self.tip

    @property
    def refunded(self) -> int:
        """Money that went back."""
        return sum(payment.cents for refund in self.refunds for payment in refund.payments)

    @property
    def current_total(self) -> int:
        """What is left of it after refunds and cancellation."""
        if self.voided:
            return 0
        return self.total - sum(refund.total for refund in self.refunds)

    @property
    def captured(self) -> bool:
        return any(payment.kind == "sale" for payment in self.payments)

    @property
    def voided(self) -> bool:
        return self.cancelled_at is not None and not self.captured

    @property
    def financial_status(self) -> str:
        if self.voided:
            return "voided"
        if not self.captured:
            return "authorized"
        if not self.refunded:
            return "paid"
        return "refunded" if self.refunded >= self.total else "partially_refunded"

    def refunded_quantity(self, line_id: int) -> int:
        return sum(part.quantity for refund in self.refunds for part in refund.lines if part.line_id == line_id)

    def current_quantity(self, line: Line) -> int:
        return 0 if self.voided else line.quantity - self.refunded_quantity(line.id)


encode = msgspec.json.Encoder().encode
decode_sale = msgspec.json.Decoder(Sale).decode
