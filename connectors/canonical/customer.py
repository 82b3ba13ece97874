"""A customer's own record; what an order says of its buyer is `order.Customer`. Everything here is personal."""

from __future__ import annotations

from decimal import Decimal

from connectors.canonical.base import Canonical, Document


class Address(Canonical):
    kind: str | None = None  # billing, shipping: the source's word
    name: str | None = None
    company: str | None = None
    lines: tuple[str, ...] = ()
    city: str | None = None
    region: str | None = None
    postcode: str | None = None
    country: str | None = None
    phone: str | None = None


class CustomerRecord(Document, kw_only=True, tag_field="object", tag="customer"):
    name: str | None = None
    company: str | None = None
    email: str | None = None
    phone: str | None = None
    tax_id: str | None = None
    language: str | None = None
    currency: str | None = None
    accepts_marketing: bool | None = None
    tax_exempt: bool | None = None
    balance: Decimal | None = None  # what the customer owes, in `currency`
    addresses: tuple[Address, ...] = ()
    tags: tuple[str, ...] = ()
