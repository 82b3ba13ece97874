"""A sale as it should be: parts in the shop's terms, then lines in Tryton's, then the one residue by its name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from connectors.canonical.order import TaxLine
from connectors.library.tryton import codes
from connectors.library.tryton.mapping.amounts import ZERO, Rules, totals, unit_price
from connectors.library.tryton.records import Party, Product, Tax
from connectors.sdk.errors import RequestRefused

ONE = Decimal(1)
UNMAPPED = "unmapped_value"
HALF = Decimal("0.5")


@dataclass(frozen=True, slots=True)
class Rate:
    """A tax as the shop names it. `known` is Tryton's own where a former document already chose it."""

    title: str
    rate: Decimal
    known: Tax | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that was sold, charged or given back. `net` is the whole of it without tax, with its sign."""

    code: str
    label: str
    quantity: Decimal
    net: Decimal
    rates: tuple[Rate, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    product: Product
    quantity: Decimal
    unit_price: Decimal
    taxes: tuple[Tax, ...]
    label: str
    note: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What the sale must be before it is confirmed; `total` is what Tryton will make of it."""

    reference: str
    description: str
    date: dt.date
    currency: str
    party: Party
    lines: tuple[Line, ...]
    total: Decimal
    origin: str = ""


def split_taxes(taxes: Iterable[TaxLine], net: Decimal, quantity: Decimal, quantum: Decimal) -> tuple[list, list]:
    """(taxes a rate explains, taxes that are just an amount): only the former can be Tryton's to compute.

    A source may round per piece, so each piece may be off by half a smallest amount.
    """
    tolerance = quantum + HALF * quantum * abs(quantity)
    explained, bare = [], []
    for tax in taxes:
        fits = tax.rate is not None and abs(net * tax.rate - tax.amount) <= tolerance
        if fits and tax.rate:
            explained.append(tax)
        elif tax.amount:
            bare.append(tax)
    return explained, bare


def rates(taxes: Iterable[TaxLine]) -> tuple[Rate, ...]:
    return tuple(Rate(tax.title, tax.rate) for tax in taxes if tax.rate is not None)


def as_charged(taxes: Iterable[TaxLine], sign: int = 1) -> list[Part]:
    """One part for each title."""
    sums: dict[str, Decimal] = {}
    for tax in taxes:
        sums[tax.title] = sums.get(tax.title, ZERO) + tax.amount
    return [
        Part(codes.TAX_AS_CHARGED, f"{title}, as charged by the shop", Decimal(sign), sign * amount)
        for title, amount in sums.items()
    ]


def priced(
    parts: Sequence[Part],
    total: Decimal,
    rules: Rules,
    *,
    product: Callable[[str], Product],
    tax: Callable[[Rate], Tax],
    spill: str = "",
    sign: int = 1,
) -> tuple[Line, ...]:
    """Lines whose total in Tryton is `total` to the cent.

    The residue becomes a line of its own: ROUNDING while it is no more than rounding can make, else `spill`.
    Raises: RequestRefused when it is more and there is no `spill`.
    """
    lines = [_line(part, rules, product, tax) for part in parts]
    residue = total - totals(lines, rules).total
    if residue:
        code = codes.ROUNDING if abs(residue) <= _tolerance(lines, rules) else spill
        if not code:
            made = totals(lines, rules).total
            raise RequestRefused(
                f"The parts make {made:f} in Tryton, the total is {total:f}: more apart than rounding explains."
            )
        lines.append(residue_line(residue, product(code), sign))
    return tuple(lines)


def residue_line(residue: Decimal, product: Product, sign: int = 1) -> Line:
    label = "Rounding difference" if product.code == codes.ROUNDING else "Adjustment"
    return Line(product, Decimal(sign), sign * residue, (), label, "")


def _line(part: Part, rules: Rules, product: Callable[[str], Product], tax: Callable[[Rate], Tax]) -> Line:
    taxes = {found.id: found for found in (rate.known or tax(rate) for rate in part.rates)}
    if len(taxes) < len(part.rates):
        named = ", ".join(f"{rate.title} ({rate.rate * 100:f} %)" for rate in part.rates)
        raise RequestRefused(
            f"Several taxes of “{part.label}” are one and the same in Tryton: {named}.", error_class=UNMAPPED
        )
    price = unit_price(part.net, part.quantity, rules)
    ordered = tuple(taxes[key] for key in sorted(taxes))
    return Line(product(part.code), part.quantity, price, ordered, part.label, part.note)


def _tolerance(lines: Sequence[Line], rules: Rules) -> Decimal:
    """Each line and each of its taxes may be off by a smallest amount, and its price by half of its last digit."""
    amounts = sum(1 + len(line.taxes) for line in lines)
    pieces = sum((abs(line.quantity) for line in lines), ZERO)
    taxed = sum((abs(line.quantity) for line in lines if line.taxes), ZERO)
    return rules.quantum * (amounts + 1) + ONE.scaleb(-rules.digits) * pieces + HALF * rules.quantum * taxed
