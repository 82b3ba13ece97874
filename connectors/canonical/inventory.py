"""Stock: how much there is, what changed it, and what goes from one place to another."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from connectors.canonical.base import Canonical, Document


class Quantity(Canonical):
    """`kind` is on_hand, available, committed, incoming, …: the source's word where it is none of these."""

    kind: str
    quantity: Decimal | None  # None: the source does not track it
    unit: str | None = None


class InventoryLevel(Document, kw_only=True, tag_field="object", tag="inventory_level"):
    """How much there is at one place at one time. Sources that oversell state less than nothing."""

    item_id: str
    quantities: tuple[Quantity, ...]
    location: str | None = None
    sku: str | None = None
    barcode: str | None = None
    as_of: datetime | None = None


class InventoryMovement(Document, kw_only=True, tag_field="object", tag="inventory_movement"):
    """What came (+) or went (−). A count states `after` and may leave the difference open."""

    item_id: str
    kind: str  # sale, return, receipt, transfer, adjustment, count, or the source's word
    quantity: Decimal | None
    unit: str | None = None
    location: str | None = None
    sku: str | None = None
    from_state: str | None = None
    to_state: str | None = None
    before: Decimal | None = None
    after: Decimal | None = None
    value: Decimal | None = None
    currency: str | None = None
    reason: str | None = None
    document_id: str | None = None  # the order, transfer or count behind it


class TransferLine(Canonical):
    id: str
    quantity: Decimal
    item_id: str | None = None
    sku: str | None = None
    received: Decimal | None = None  # None: not yet known
    unit: str | None = None


class StockTransfer(Document, kw_only=True, tag_field="object", tag="stock_transfer"):
    from_location: str
    to_location: str
    number: str | None = None
    lines: tuple[TransferLine, ...] = ()
    sent_at: datetime | None = None
    received_at: datetime | None = None
