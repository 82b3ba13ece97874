"""What Tryton will make of a sale's lines, to the cent: its own rounding, rebuilt.

Tryton rounds a line's amount half to even, adds taxes up per set of taxes, rounds them by line or by document, and
takes back a cent where several rounded taxes of one set drifted by one.

Source: trytond 8.2, modules account/tax.py (TaxableMixin), currency/currency.py, sale/sale.py, read 2026-11-23.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import cycle
from typing import Protocol

from connectors.library.tryton.records import Tax

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Rules:
    """How one Tryton counts. `quantum` is the currency's smallest amount, `digits` those of a unit price."""

    quantum: Decimal
    by_line: bool = False
    digits: int = 4


class Priced(Protocol):
    @property
    def quantity(self) -> Decimal: ...
    @property
    def unit_price(self) -> Decimal: ...
    @property
    def taxes(self) -> tuple[Tax, ...]: ...


@dataclass(frozen=True, slots=True)
class Totals:
    untaxed: Decimal
    tax: Decimal

    @property
    def total(self) -> Decimal:
        return self.untaxed + self.tax


def totals(lines: Sequence[Priced], rules: Rules) -> Totals:
    untaxed = sum((_rounded(line.quantity * line.unit_price, rules.quantum) for line in lines), ZERO)
    return Totals(untaxed, _tax(lines, rules))


def unit_price(net: Decimal, quantity: Decimal, rules: Rules) -> Decimal:
    """The price that makes `quantity` of it cost `net`, as nearly as Tryton's digits allow."""
    return (net / quantity).quantize(Decimal(1).scaleb(-rules.digits))


def _tax(lines: Sequence[Priced], rules: Rules) -> Decimal:
    """Lines with the same taxes and the same sign form a group; in a group each tax has one amount."""
    groups: dict[tuple[tuple[int, ...], bool], list[Priced]] = {}
    for line in lines:
        key = (tuple(tax.id for tax in line.taxes), line.quantity * line.unit_price >= 0)
        groups.setdefault(key, []).append(line)
    return sum((_group_tax(group, rules) for group in groups.values()), ZERO)


def _group_tax(group: Sequence[Priced], rules: Rules) -> Decimal:
    if rules.by_line:
        return sum((sum(_settled(_amounts([line]), rules.quantum), ZERO) for line in group), ZERO)
    return sum(_settled(_amounts(group), rules.quantum), ZERO)


def _amounts(lines: Iterable[Priced]) -> list[Decimal]:
    found: dict[int, Decimal] = {}
    for line in lines:
        base = line.quantity * line.unit_price
        for tax in line.taxes:
            found[tax.id] = found.get(tax.id, ZERO) + base * tax.rate
    return list(found.values())


def _settled(amounts: list[Decimal], quantum: Decimal) -> list[Decimal]:
    """Each rounded; what rounding added or lost together goes back, one smallest amount at a time."""
    rounded = [_rounded(amount, quantum) for amount in amounts]
    remainder = _rounded(sum(rounded, ZERO) - sum(amounts, ZERO), quantum)
    if abs(remainder) < quantum or not any(rounded):
        return rounded
    offset = quantum.copy_sign(remainder)
    for index in cycle(range(len(rounded))):
        if rounded[index]:
            rounded[index] -= offset
            remainder -= offset
            if abs(remainder) < quantum or not any(rounded):
                break
    return rounded


def _rounded(amount: Decimal, quantum: Decimal) -> Decimal:
    return (amount / quantum).quantize(Decimal(1), rounding=ROUND_HALF_EVEN) * quantum
