"""Goods on their way back. Money back is a `refund.Refund`; either may come without the other."""

from __future__ import annotations

from decimal import Decimal

from connectors.canonical.base import Canonical, Document


class ReturnLine(Canonical):
    """`restock` is None until someone has looked at the goods."""

    id: str
    quantity: Decimal
    order_line_id: str | None = None
    sku: str | None = None
    title: str | None = None
    reason: str | None = None
    restock: bool | None = None
    received: Decimal | None = None


class Return(Document, kw_only=True, tag_field="object", tag="return"):
    order_id: str
    number: str | None = None
    lines: tuple[ReturnLine, ...] = ()
    refund_id: str | None = None
    exchange_order_id: str | None = None
    declined_reason: str | None = None
