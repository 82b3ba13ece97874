"""What makes something cheaper, and points that customers collect."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from connectors.canonical.base import Document


class Promotion(Document, kw_only=True, tag_field="object", tag="promotion"):
    """`value` is positive: 15 with `value_type` percentage is 15 % off, 5.00 with fixed_amount 5.00 off."""

    title: str
    value: Decimal | None
    value_type: str  # percentage, fixed_amount, or the source's word
    currency: str | None = None
    codes: tuple[str, ...] = ()
    target: str | None = None  # what it is taken off: order, line, shipping
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    usage_limit: int | None = None
    used: int | None = None
    minimum_amount: Decimal | None = None
    product_ids: tuple[str, ...] = ()
    combinable: bool | None = None


class LoyaltyAccount(Document, kw_only=True, tag_field="object", tag="loyalty_account"):
    program: str | None = None
    customer_id: str | None = None
    phone: str | None = None
    balance: Decimal | None = None  # points
    lifetime: Decimal | None = None


class LoyaltyEvent(Document, kw_only=True, tag_field="object", tag="loyalty_event"):
    """`points` is what the account gained (+) or spent (−)."""

    account_id: str
    kind: str  # the source's word
    points: Decimal
    program: str | None = None
    before: Decimal | None = None
    after: Decimal | None = None
    order_id: str | None = None
    reward_id: str | None = None
