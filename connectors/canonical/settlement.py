"""What a provider settles: the lines it netted, and the money it sent."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from connectors.canonical.base import Canonical, Document


class SettlementLine(Canonical):
    """Signed from the retailer's side: what it gains is positive. `fee` is positive when the provider keeps it.

    gross − fee − tax = net.
    """

    id: str
    kind: str  # charge, refund, dispute, adjustment, reserve, fee, payout: the source's word
    net: Decimal
    gross: Decimal | None = None
    fee: Decimal | None = None
    tax: Decimal | None = None  # on the fee
    currency: str | None = None  # where it is not the settlement's
    occurred_at: datetime | None = None
    available_on: date | None = None
    payment_id: str | None = None
    order_id: str | None = None
    refund_id: str | None = None
    dispute_id: str | None = None
    document_id: str | None = None  # an invoice or claim it settles
    store_key: str | None = None
    sku: str | None = None
    quantity: Decimal | None = None
    title: str | None = None


class Settlement(Document, kw_only=True, tag_field="object", tag="settlement"):
    """`complete` says that the lines are all there are: only then must they make `total`.

    The row of the payout itself is no line: `total` is what it pays out. A page of a longer list is not complete.
    """

    provider: str
    currency: str
    complete: bool
    total: Decimal | None
    lines: tuple[SettlementLine, ...]
    payout_id: str | None = None
    account: str | None = None  # merchant account
    period_start: datetime | None = None
    period_end: datetime | None = None
    paid_on: date | None = None
    opening: Decimal | None = None  # carried over from the period before, part of the total
    reserved: Decimal | None = None  # kept back for the next period, not part of the total
    reference: str | None = None  # what the bank line will say


class Payout(Document, kw_only=True, tag_field="object", tag="payout"):
    """Money on its way to a bank account (+), or taken from it (−)."""

    provider: str
    currency: str
    amount: Decimal
    gross: Decimal | None = None
    fee: Decimal | None = None
    kind: str | None = None  # payout, transfer, withdrawal: the source's word
    method: str | None = None
    destination: str | None = None  # masked or the source's id
    arrives_on: date | None = None
    reference: str | None = None  # what the bank line will say
    failure: str | None = None
