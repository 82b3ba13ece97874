"""Money from customers: payments, and disputes about them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from connectors.canonical.base import Canonical, Document


class Allocation(Canonical):
    """The part of a payment that pays one document."""

    document_id: str
    amount: Decimal
    document_type: str | None = None  # invoice, order, credit_note


class Payment(Document, kw_only=True, tag_field="object", tag="payment"):
    """One payment, or one step of it.

    `kind` is authorisation, capture, sale, refund, void, or the source's word where it is none of these. `succeeded`
    is None where the source does not say: never read it from `status`. Amounts are positive whatever the kind.
    """

    kind: str
    amount: Decimal
    currency: str
    succeeded: bool | None = None
    authorised: Decimal | None = None
    captured: Decimal | None = None
    refunded: Decimal | None = None
    fee: Decimal | None = None
    order_id: str | None = None
    parent_id: str | None = None  # the payment this step belongs to
    gateway: str | None = None
    method: str | None = None  # cash, card, gift_card: the source's word
    brand: str | None = None
    gift_card_id: str | None = None
    till: str | None = None
    failure: str | None = None  # the source's reason
    allocations: tuple[Allocation, ...] = ()
    customer_id: str | None = None
    presentment_currency: str | None = None
    presentment_amount: Decimal | None = None
    settlement_id: str | None = None
    test: bool = False


class Dispute(Document, kw_only=True, tag_field="object", tag="dispute"):
    payment_id: str | None
    amount: Decimal
    currency: str
    reason: str | None = None
    kind: str | None = None  # inquiry, chargeback, reversal: the source's word
    order_id: str | None = None
    fee: Decimal | None = None
    withheld: Decimal | None = None  # taken from the balance so far, without the fee
    respond_by: datetime | None = None
