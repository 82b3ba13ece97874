"""What a caller may ask for. Everything left out is drawn by the seed."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Unknown names are refused: a typing mistake in a test must not pass for a default."""


class CreateOptions(Options):
    channel: Literal["pos", "web"] | None = None
    location_id: int | None = None  # implies pos
    skus: tuple[str, ...] | None = None
    quantities: tuple[int, ...] | None = None
    unknown_sku: bool = False
    discount: Literal["none", "percentage", "fixed_amount", "shipping"] | None = None
    tenders: tuple[str, ...] | None = None  # gateways; two split the total
    authorized: bool | None = None  # web only: money reserved, not yet taken
    tip_cents: int | None = None
    currency: str | None = None
    presentment_currency: str | None = None
    presentment_rate: str = "1.37"
    note: str | None = None
    at: datetime | None = None
    duplicate: bool = False  # the same delivery is sent twice
    update_first: bool = False  # an address or quantity edit arrives before the creation it follows


class EditOptions(Options):
    """Exactly what to change. With nothing given: the address of a web order, the note of a till's."""

    line: int | None = None  # index
    quantity: int | None = None
    address1: str | None = None
    note: str | None = None
    same_second: bool = False  # the vendor's clock has whole seconds: keep `updated_at`, change the body
    at: datetime | None = None


class RefundOptions(Options):
    lines: tuple[tuple[int, int], ...] | None = None  # (index, quantity); None: one unit, drawn by the seed
    restock: bool | None = None
    shipping: bool = False  # what is left of it, with its tax
    keep_cents: int = 0  # a restocking fee: given back less than calculated
    note: str = "Customer returned the goods"
    at: datetime | None = None


class CancelOptions(Options):
    reason: Literal["customer", "inventory", "fraud", "declined", "other"] = "customer"
    refund: bool = True  # a paid order's money goes back, as the vendor proposes
    at: datetime | None = None


class RawOptions(Options):
    """A payload as it stands, signed and sent; it is no order of the shop's."""

    topic: str
    body: str
    encoding: Literal["utf-8", "base64"] = "utf-8"
    webhook_id: str | None = None
    event_id: str | None = None
    secret: str | None = None  # sign with another secret: a forged delivery
    test: bool = False


class SubscriptionOptions(Options):
    address: str
    topics: tuple[str, ...] = ("orders/create", "orders/updated", "orders/cancelled", "refunds/create")
    api_version: str = "2026-10"
    host: str | None = None  # sent as Host; where it is a *.localhost address that is done anyway
