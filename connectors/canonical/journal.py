"""Entries in the books."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from connectors.canonical.base import Canonical, Document


class Source(Canonical):
    """What a line stands for: a summary line has one for every transaction in it."""

    object_type: str
    object_id: str
    amount: Decimal | None = None


class JournalLine(Canonical):
    """Either debit or credit, never negative, the other 0."""

    id: str
    account: str
    debit: Decimal
    credit: Decimal
    currency: str | None = None  # where it is not the entry's
    store_key: str | None = None
    tax_code: str | None = None
    tax: Decimal | None = None
    dimensions: tuple[tuple[str, str], ...] = ()  # (name, value): department, project, channel
    party: str | None = None
    title: str | None = None
    sources: tuple[Source, ...] = ()


class JournalEntry(Document, kw_only=True, tag_field="object", tag="journal_entry"):
    currency: str
    posted_on: date
    lines: tuple[JournalLine, ...]
    number: str | None = None
    reference: str | None = None
    title: str | None = None
    kind: str | None = None
    reverses: str | None = None
    total_debit: Decimal | None = None  # as stated
    total_credit: Decimal | None = None
