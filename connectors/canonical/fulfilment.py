"""Goods on their way: to a customer (fulfilment), or announced by a supplier or warehouse (despatch advice)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from connectors.canonical.base import Canonical, Document


class Tracking(Canonical):
    carrier: str | None = None
    number: str | None = None
    url: str | None = None


class FulfilmentLine(Canonical):
    order_line_id: str
    quantity: Decimal
    sku: str | None = None
    title: str | None = None


class Fulfilment(Document, kw_only=True, tag_field="object", tag="fulfilment"):
    """`kind` is "shipment", "pickup", "assignment" (to a location, nothing has left yet) or the source's word.

    `lines` is empty where the source names none: then it does not say what was sent.
    """

    order_id: str
    kind: str = "shipment"
    lines: tuple[FulfilmentLine, ...] = ()
    tracking: tuple[Tracking, ...] = ()
    previous_status: str | None = None
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    split_from: str | None = None  # the fulfilment these lines were moved from


class DespatchLine(Canonical):
    id: str
    quantity: Decimal
    unit: str | None = None
    supplier_order_id: str | None = None
    supplier_order_line_id: str | None = None
    sku: str | None = None  # the buyer's number
    supplier_sku: str | None = None
    barcode: str | None = None  # GTIN
    title: str | None = None
    package_id: str | None = None  # SSCC or the sender's own
    lot: str | None = None
    outstanding: Decimal | None = None  # ordered and still to come


class DespatchAdvice(Document, kw_only=True, tag_field="object", tag="despatch"):
    supplier: str | None = None
    buyer: str | None = None
    ship_to: str | None = None
    supplier_order_ids: tuple[str, ...] = ()
    tracking: tuple[Tracking, ...] = ()
    expected_at: datetime | None = None
    lines: tuple[DespatchLine, ...] = ()
    stated_lines: int | None = None  # the sender's own count
