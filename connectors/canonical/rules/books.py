"""Bank statements, store-days and journals: what must tie out to the cent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from connectors.canonical.bank import BankLine, BankStatement
from connectors.canonical.base import Breach
from connectors.canonical.journal import JournalEntry
from connectors.canonical.rules.common import (
    ZERO,
    Rules,
    counted,
    currency_known,
    identified,
    minor_units,
    payable,
    period,
    shown,
    total,
    unique_ids,
)
from connectors.canonical.store_day import DayTender, StoreDay, TillEvent


def _summed(statement: BankStatement) -> list[BankLine]:
    return [line for line in statement.lines if line.booked and line.currency in (None, statement.currency)]


def _balance_currency(statement: BankStatement) -> Iterator[Breach]:
    yield from currency_known(*(one.currency for one in statement.balances))
    booked = [one for one in statement.balances if one.kind in ("opening_booked", "closing_booked")]
    foreign = sorted({one.currency for one in booked} - {statement.currency})
    if foreign:
        stated = ", ".join(foreign)
        yield Breach("balance_currency", f"The account is in {statement.currency}, booked balances are in {stated}.")


def _line_currency(statement: BankStatement) -> Iterator[Breach]:
    for line in statement.lines:
        yield from currency_known(line.currency, line.foreign_currency)
        if line.booked and line.currency not in (None, statement.currency):
            text = f"Line {line.id} is booked in {line.currency}, the account is in {statement.currency}."
            yield Breach("line_currency", text)


def _closing(statement: BankStatement) -> Iterator[Breach]:
    if not statement.final or statement.opening is None or statement.closing is None:
        return
    made = statement.opening + total(line.amount for line in _summed(statement))
    if made != statement.closing:
        stated = shown(statement.closing, statement.currency)
        yield Breach("closing_balance", f"It closes with {stated}, opening and lines make {made:f}.")


def _no_balance(statement: BankStatement) -> Iterator[Breach]:
    """Without both balances nobody can tell whether a line is missing."""
    if statement.final and (statement.opening is None or statement.closing is None):
        missing = "opening" if statement.opening is None else "closing"
        yield Breach("balance_missing", f"A final statement states no {missing} balance in {statement.currency}.")


def _stated_sum(statement: BankStatement) -> Iterator[Breach]:
    made = total(line.amount for line in _summed(statement))
    if statement.stated_sum is not None and statement.stated_sum != made:
        yield Breach("line_sum", f"It states {statement.stated_sum:f} over all lines, they make {made:f}.")


def _batches(statement: BankStatement) -> Iterator[Breach]:
    """The details of a batch make its line, where all are stated in the account's currency."""
    for line in statement.lines:
        amounts = [one.amount for one in line.details if one.currency in (None, statement.currency)]
        if len(amounts) < max(len(line.details), 1) or None in amounts:
            continue
        made = total(amounts)
        if made != line.amount and made + (line.charges or ZERO) != line.amount:
            yield Breach("batch", f"Line {line.id} is {line.amount:f}, its details make {made:f}.")


def _day_net(day: StoreDay) -> Iterator[Breach]:
    if day.net_sales is None or day.sales is None:
        return
    made = day.sales - (day.returns or ZERO) - (day.discounts or ZERO)
    if made != day.net_sales:
        text = f"The day states {day.net_sales:f} net, sales less returns and discounts make {made:f}."
        yield Breach("net_sales", text)


def _day_total(day: StoreDay) -> Iterator[Breach]:
    if day.net_sales is None:
        return
    made = day.net_sales + total(charge.amount for charge in day.charges)
    made += ZERO if day.tax_inclusive else day.tax_total or ZERO
    if made != day.total:
        yield Breach("total", f"The day states {shown(day.total, day.currency)}, its parts make {made:f}.")


def _day_taxes(day: StoreDay) -> Iterator[Breach]:
    made = total(tax.amount for tax in day.taxes)
    if day.taxes and day.tax_total is not None and made != day.tax_total:
        yield Breach("tax", f"The day states {day.tax_total:f} of tax, its rates make {made:f}.")


def _day_tenders(day: StoreDay) -> Iterator[Breach]:
    made = total(tender.amount for tender in day.tenders)
    if made != day.total:
        yield Breach("tenders", f"{shown(day.total, day.currency)} was sold, the tenders make {made:f}.")


def _difference(tender: DayTender) -> Decimal | None:
    if tender.counted is None:
        return None
    return tender.counted - (tender.opening_float + tender.amount - tender.removed)


def _day_counted(day: StoreDay) -> Iterator[Breach]:
    for tender in day.tenders:
        made = _difference(tender)
        if made is not None and tender.over_short is not None and made != tender.over_short:
            text = f"{tender.method} states {tender.over_short:f} over or short, the count makes {made:f}."
            yield Breach("over_short", text)
    found = [_difference(tender) for tender in day.tenders]
    if day.over_short is not None and any(one is not None for one in found) and total(found) != day.over_short:
        yield Breach("over_short", f"The day states {day.over_short:f} over or short, its tenders {total(found):f}.")


def _grand_total(day: StoreDay) -> Iterator[Breach]:
    before, after = day.grand_total_before, day.grand_total_after
    if before is not None and after is not None and after < before:
        yield Breach("grand_total", f"The counter went back from {before:f} to {after:f}.")


def _balanced(entry: JournalEntry) -> Iterator[Breach]:
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    for line in entry.lines:
        both = sums[line.currency or entry.currency]
        both[0] += line.debit
        both[1] += line.credit
    for currency, (debit, credit) in sorted(sums.items()):
        yield from currency_known(currency)
        if debit != credit:
            yield Breach("balanced", f"{debit:f} {currency} is debited, {credit:f} is credited.")


def _sides(entry: JournalEntry) -> Iterator[Breach]:
    for line in entry.lines:
        if line.debit < 0 or line.credit < 0 or (line.debit and line.credit):
            text = f"Line {line.id} has {line.debit:f} debit and {line.credit:f} credit; one of them must be 0."
            yield Breach("sides", text)
        amounts = (("debit", line.debit), ("credit", line.credit))
        yield from minor_units(((f"{name} of line {line.id}", one) for name, one in amounts), entry.currency)


def _journal_totals(entry: JournalEntry) -> Iterator[Breach]:
    debit, credit = total(line.debit for line in entry.lines), total(line.credit for line in entry.lines)
    for name, stated, made in (("debit", entry.total_debit, debit), ("credit", entry.total_credit, credit)):
        if stated is not None and stated != made:
            yield Breach("totals", f"It states {stated:f} {name}, its lines make {made:f}.")


def _sources(entry: JournalEntry) -> Iterator[Breach]:
    """The transactions behind a line make its amount, where each states its part."""
    for line in entry.lines:
        parts = [one.amount for one in line.sources]
        if not parts or None in parts:
            continue
        made = total(parts)
        if made not in (line.debit - line.credit, line.credit - line.debit):
            amount = line.debit or line.credit
            yield Breach("sources", f"Line {line.id} posts {amount:f}, its sources make {made:f}.")


RULES: Rules = {
    BankStatement: (
        *(identified, payable("opening", "closing"), _balance_currency, _line_currency, _no_balance, _closing),
        *(_stated_sum, _batches, counted, unique_ids(), period("period_start", "period_end")),
    ),
    StoreDay: (
        *(identified, payable("total", "net_sales", "tax_total", "over_short"), _day_net, _day_total, _day_taxes),
        *(_day_tenders, _day_counted, unique_ids("tenders", "method"), _grand_total, period("opened_at", "closed_at")),
    ),
    TillEvent: (identified, payable("amount")),
    JournalEntry: (identified, payable(), _balanced, _sides, _journal_totals, _sources, unique_ids()),
}
