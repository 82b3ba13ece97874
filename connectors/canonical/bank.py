"""Bank statements. Money that came is positive, money that went negative, whatever the bank's own signs."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from connectors.canonical.base import Canonical, Document


class BankDetail(Canonical):
    """One transaction of a batch booking."""

    amount: Decimal | None
    currency: str | None = None
    reference: str | None = None
    counterparty: str | None = None
    remittance: str | None = None


class BankLine(Canonical):
    """One entry. `currency` is set where the bank states another than the account's: then it is no part of the sum."""

    id: str
    amount: Decimal
    booked_on: date | None = None
    value_on: date | None = None
    booked: bool = True  # False: pending or information only, no part of the sum
    currency: str | None = None
    foreign_amount: Decimal | None = None
    foreign_currency: str | None = None
    code: str | None = None  # the bank's transaction code
    reference: str | None = None
    end_to_end_id: str | None = None
    counterparty: str | None = None
    counterparty_account: str | None = None
    remittance: str | None = None
    reversal: bool = False
    charges: Decimal | None = None
    details: tuple[BankDetail, ...] = ()


class Balance(Canonical):
    kind: str  # opening_booked, closing_booked, closing_available, …: the bank's code where it is none of these
    amount: Decimal
    currency: str
    on: date | None = None


class BankStatement(Document, kw_only=True, tag_field="object", tag="bank_statement"):
    """`final` is False for intraday reports and notifications: they have no closing balance to tie out with."""

    account: str
    currency: str
    final: bool
    lines: tuple[BankLine, ...]
    number: str | None = None
    sequence: str | None = None
    page: str | None = None
    bank: str | None = None
    period_start: datetime | None = None
    period_end: datetime | None = None
    opening: Decimal | None = None
    closing: Decimal | None = None
    balances: tuple[Balance, ...] = ()  # every balance as stated, in its own currency
    stated_lines: int | None = None  # the bank's own count
    stated_sum: Decimal | None = None  # the bank's own net of all entries
