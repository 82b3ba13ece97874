"""Gift cards. The whole code of a card is money: only its last characters are ever kept."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from connectors.canonical.base import Document


class GiftCard(Document, kw_only=True, tag_field="object", tag="gift_card"):
    currency: str
    balance: Decimal | None
    initial: Decimal | None = None
    last_characters: str | None = None
    expires_on: date | None = None
    order_id: str | None = None
    customer_id: str | None = None
    disabled: bool = False


class GiftCardMovement(Document, kw_only=True, tag_field="object", tag="gift_card_movement"):
    """`amount` is what the card gained (+) or paid (−)."""

    gift_card_id: str
    kind: str  # activation, load, redemption, refund, adjustment, expiry, or the source's word
    currency: str
    amount: Decimal
    before: Decimal | None = None
    after: Decimal | None = None
    order_id: str | None = None
    last_characters: str | None = None
