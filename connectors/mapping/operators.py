"""Work on values: arithmetic in Decimal, text, dates, look-ups, comparisons. All total, all bounded."""

from __future__ import annotations

import decimal
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any

from connectors.mapping import casts
from connectors.mapping.values import ANY, in_force

MAX_TEXT = 10_000
EXACT = decimal.Context(
    prec=34, traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow], Emin=-999, Emax=999
)
ROUNDINGS = {
    "half_up": ROUND_HALF_UP,
    "half_even": ROUND_HALF_EVEN,
    "down": ROUND_DOWN,
    "floor": ROUND_FLOOR,
    "ceiling": ROUND_CEILING,
}
DATE_FORMATS = ("iso", "epoch", "epoch_ms", "yyyymmdd", "dd.mm.yyyy", "dd/mm/yyyy", "mm/dd/yyyy")
_PATTERNS = {"yyyymmdd": "%Y%m%d", "dd.mm.yyyy": "%d.%m.%Y", "dd/mm/yyyy": "%d/%m/%Y", "mm/dd/yyyy": "%m/%d/%Y"}

Work = Callable[[list[Any]], Any]


def arithmetic(work: Callable[..., Decimal]) -> Work:
    """Unknown in, unknown out: never 0 for a number that is not there."""

    def run(values: list[Any]) -> Decimal | None:
        if None in values:
            return None
        return work(*[casts.decimal(value) for value in values])

    return run


def add(*values: Decimal) -> Decimal:
    total = Decimal(0)
    for value in values:
        total = EXACT.add(total, value)
    return total


def subtract(first: Decimal, *values: Decimal) -> Decimal:
    for value in values:
        first = EXACT.subtract(first, value)
    return first


def multiply(*values: Decimal) -> Decimal:
    product = Decimal(1)
    for value in values:
        product = EXACT.multiply(product, value)
    return product


def divide(first: Decimal, second: Decimal) -> Decimal:
    return EXACT.divide(first, second)


def negate(value: Decimal) -> Decimal:
    return EXACT.minus(value)


def total(values: list[Any]) -> Decimal:
    """The sum of one list, or of several values; unknown ones are left out, an empty list is 0."""
    found = values[0] if len(values) == 1 and type(values[0]) is list else values
    return add(*[casts.decimal(value) for value in found if value is not None])


def rounding(places: int, mode: str) -> Callable[[Decimal], Decimal]:
    quantum = Decimal(1).scaleb(-places)

    def run(value: Decimal) -> Decimal:
        return value.quantize(quantum, rounding=ROUNDINGS[mode], context=EXACT)

    return run


def concatenation(separator: str) -> Work:
    def run(values: list[Any]) -> str | None:
        made = separator.join(casts.text(value) for value in values if value is not None)
        if len(made) > MAX_TEXT:
            raise ValueError(f"makes a text of {len(made):,} characters; at most {MAX_TEXT:,} are kept")
        return made or None

    return run


def dating(form: str) -> Work:
    def run(values: list[Any]) -> Any:
        value = values[0]
        if value is None:
            return None
        if form == "iso":
            return casts.moment(value)
        if form in _PATTERNS:
            return _day(value, form)
        return _since_epoch(casts.decimal(value), 1000 if form == "epoch_ms" else 1)

    return run


def _day(value: Any, form: str) -> Any:
    try:
        return datetime.strptime(casts.text(value), _PATTERNS[form]).replace(tzinfo=UTC).date()
    except ValueError:
        raise ValueError(f"is {str(value)[:40]!r}, not a date {form}") from None


def _since_epoch(count: Decimal, per_second: int) -> datetime:
    try:
        micros = int(count * 1_000_000 / per_second)
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
    except OverflowError:
        raise ValueError("is a time outside the calendar") from None


def compare(name: str, left: Any, right: Any) -> bool:
    """eq and ne compare anything; the others numbers with numbers, text with text, times with times.

    Null is equal to null only, and neither smaller nor greater than anything.
    """
    if name in ("eq", "ne"):
        return _same(left, right) == (name == "eq")
    if left is None or right is None:
        return False
    if _is_number(left) or _is_number(right):
        left, right = casts.decimal(left), casts.decimal(right)
    elif type(left) is not type(right) or not isinstance(left, (str, datetime)):
        raise ValueError(f"{casts.kind(left)} cannot be compared with {casts.kind(right)}")
    return {"lt": left < right, "le": left <= right, "gt": left > right, "ge": left >= right}[name]


def _is_number(value: Any) -> bool:
    return type(value) in (int, Decimal)


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if _is_number(left) and type(right) is str:
        return _same(right, left)
    if type(left) is str and _is_number(right):
        try:
            return casts.decimal(left) == right
        except ValueError:
            return False
    return bool(left == right)


class Unmapped(ValueError):
    """A value that the look-up table does not hold."""

    error_class = "unmapped_value"

    def __init__(self, reason: str, *, lacking: tuple[str, str] | None = None) -> None:
        super().__init__(reason)
        self.lacking = lacking


def look_up(table: Mapping[str, Any], name: str, otherwise: Any, keep: bool, refuse: bool) -> Work:
    def run(values: list[Any]) -> Any:
        value = values[0]
        if value is None:
            return None
        key = casts.text(value) if type(value) is not bool else str(value).lower()
        if key in table:
            return table[key]
        if refuse:
            raise Unmapped(f"{key[:80]!r} is not in the table {name}")
        return value if keep else otherwise

    return run


def look_up_values(name: str, otherwise: Any, keep: bool, refuse: bool) -> Work:
    """As `look_up`, in the retailer's value table of that name: the one in force where and when the map is run."""

    def run(values: list[Any]) -> Any:
        value = values[0]
        if value is None:
            return None
        key = casts.text(value) if type(value) is not bool else str(value).lower()
        table = in_force(name)
        if key in table:
            return table[key]
        if ANY in table:
            return table[ANY]
        if refuse:
            raise Unmapped(f"{key[:80]!r} has no entry in the value table {name}", lacking=(name, key))
        return value if keep else otherwise

    return run
