"""What the rules of every family share. A rule is a function from an object to its breaches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from connectors.canonical import money
from connectors.canonical.base import Breach

Rule = Callable[[Any], Iterator[Breach]]
Rules = dict[type, tuple[Rule, ...]]
HALF = Decimal("0.5")
ZERO = Decimal(0)


def total(amounts: Iterable[Decimal | None]) -> Decimal:
    """Of what is stated."""
    return sum((amount for amount in amounts if amount is not None), ZERO)


def shown(amount: Decimal, currency: str | None) -> str:
    return f"{amount:f} {currency}" if currency else f"{amount:f}"


def currency_known(*currencies: str | None) -> Iterator[Breach]:
    for currency in dict.fromkeys(currencies):
        if currency is not None and not money.is_known(currency):
            yield Breach("currency_unknown", f"{currency!r} is no currency of ISO 4217.")


def minor_units(amounts: Iterable[tuple[str, Decimal | None]], currency: str | None) -> Iterator[Breach]:
    if currency is None or not money.is_known(currency):
        return
    for name, amount in amounts:
        if amount is not None and not money.fits(amount, currency):
            places = money.minor_digits(currency)
            yield Breach("minor_units", f"{name} {amount:f} has more than the {places} places of {currency}.")


def payable(*names: str, currency: str = "currency") -> Rule:
    """The currency is one, and each of these fields an amount that it can pay."""

    def rule(obj: Any) -> Iterator[Breach]:
        code = getattr(obj, currency)
        yield from currency_known(code)
        yield from minor_units(((name, getattr(obj, name)) for name in names), code)

    return rule


def identified(obj: Any) -> Iterator[Breach]:
    if not obj.id.strip():
        yield Breach("identity", "It has no id: nothing tells it from another.")


def not_negative(*names: str) -> Rule:
    def rule(obj: Any) -> Iterator[Breach]:
        for name in names:
            amount = getattr(obj, name)
            if amount is not None and amount < 0:
                yield Breach("negative", f"{name} is {amount:f}, less than nothing.")

    return rule


def not_above(lower: str, upper: str, name: str) -> Rule:
    """The one is at most the other, where both are known."""

    def rule(obj: Any) -> Iterator[Breach]:
        less, more = getattr(obj, lower), getattr(obj, upper)
        if less is not None and more is not None and less > more:
            yield Breach(name, f"{lower} {less:f} is more than {upper} {more:f}.")

    return rule


def moves(change: str) -> Rule:
    """before + change = after, where all are known."""

    def rule(obj: Any) -> Iterator[Breach]:
        moved = getattr(obj, change)
        if obj.before is not None and obj.after is not None and moved is not None and obj.before + moved != obj.after:
            made = obj.before + moved
            yield Breach("balance", f"{obj.before:f} and {moved:f} make {made:f}, it states {obj.after:f} after.")

    return rule


def period(start: str, end: str) -> Rule:
    def rule(obj: Any) -> Iterator[Breach]:
        begins: date | datetime | None = getattr(obj, start)
        ends: date | datetime | None = getattr(obj, end)
        if begins is not None and ends is not None and ends < begins:
            yield Breach("period", f"It ends {ends.isoformat()}, before it begins {begins.isoformat()}.")

    return rule


def unique_ids(lines: str = "lines", field: str = "id") -> Rule:
    def rule(obj: Any) -> Iterator[Breach]:
        for identifier, times in Counter(getattr(line, field) for line in getattr(obj, lines)).items():
            if times > 1:
                yield Breach("line_ids", f"{times} of the {lines} have the {field} {identifier}.")

    return rule


def quantities(lines: str = "lines", field: str = "id") -> Rule:
    def rule(obj: Any) -> Iterator[Breach]:
        for line in getattr(obj, lines):
            if line.quantity is not None and line.quantity < 0:
                yield Breach("quantity", f"Line {getattr(line, field)} has the quantity {line.quantity:f}.")

    return rule


def counted(obj: Any) -> Iterator[Breach]:
    """The sender's own count of lines."""
    if obj.stated_lines is not None and obj.stated_lines != len(obj.lines):
        yield Breach("line_count", f"It states {obj.stated_lines} lines, {len(obj.lines)} came.")
