"""Casts: one source value in, one value of the target's kind out, or ValueError with the reason in words.

They never guess: text that is no number, an object where text belongs, a time without offset are refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

Cast = Callable[[Any], Any]

MAX_NUMBER_TEXT = 64
MAX_DIGITS = 28
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d{1,2})?", re.ASCII)


def kind(value: Any) -> str:
    """The kind of a JSON value in words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    names = {str: "text", int: "a number", Decimal: "a number", dict: "an object", list: "a list"}
    return names.get(type(value), type(value).__name__)


def _refuse(value: Any, wanted: str) -> ValueError:
    shown = f" {value[:40]!r}" if isinstance(value, str) else ""
    return ValueError(f"is {kind(value)}{shown}, not {wanted}")


def decimal(value: Any) -> Decimal:
    if type(value) is str:
        return _decimal_from_text(value) if len(value) <= MAX_NUMBER_TEXT else _too_long(value)
    if type(value) is Decimal:
        return _plain(value)
    if type(value) is int:
        return _plain(Decimal(value))
    raise _refuse(value, "a number")


def _too_long(value: str) -> Decimal:
    raise ValueError(f"is text of {len(value)} characters, not a number")


@lru_cache(maxsize=8192)
def _decimal_from_text(value: str) -> Decimal:
    if not _NUMBER.fullmatch(value):
        raise _refuse(value, "a number")
    return _plain(Decimal(value))


def _plain(number: Decimal) -> Decimal:
    """Without exponent, and of a size that arithmetic keeps exact."""
    _, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int) or len(digits) > MAX_DIGITS or not -20 <= exponent <= 17 or number.adjusted() > 17:
        raise ValueError("is a number of a size no amount has")
    return number.quantize(Decimal(1)) if exponent > 0 else number


def integer(value: Any) -> int:
    number = decimal(value)
    if number != number.to_integral_value():
        raise ValueError(f"is {number}, not a whole number")
    return int(number)


def text(value: Any) -> str:
    if type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    if type(value) is Decimal:
        return f"{value:f}" if -30 < value.adjusted() < 30 else str(value)
    raise _refuse(value, "text")


def filled(value: Any) -> str | None:
    """Text without surrounding spaces; blank is unknown."""
    return text(value).strip() or None


def upper(value: Any) -> str | None:
    stripped = filled(value)
    return stripped.upper() if stripped else None


def lower(value: Any) -> str | None:
    stripped = filled(value)
    return stripped.lower() if stripped else None


def identifier(value: Any) -> str | None:
    """An id as text, digit for digit. A number with a point or an exponent was rounded on its way: refused."""
    if type(value) is int:
        return str(value)
    if type(value) is str:
        return value.strip() or None
    raise _refuse(value, "an id")


def id_segment(value: Any) -> str | None:
    """The last part of a path-like id: "gid://shop/Order/17?x=1" is "17"."""
    if type(value) is not str:
        raise _refuse(value, "an id")
    return value.rpartition("/")[2].partition("?")[0].strip() or None


def boolean(value: Any) -> bool:
    if type(value) is bool:
        return value
    if value in ("true", "false"):
        return value == "true"
    raise _refuse(value, "true or false")


def moment(value: Any) -> datetime:
    """ISO 8601 with an offset, as UTC."""
    if type(value) is not str or len(value) > MAX_NUMBER_TEXT:
        raise _refuse(value, "a time")
    return _moment_from_text(value)


@lru_cache(maxsize=8192)
def _moment_from_text(value: str) -> datetime:
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        raise _refuse(value, "a time (ISO 8601)") from None
    if parsed.tzinfo is None:
        raise ValueError(f"is {value!r}, a time without an offset")
    return in_utc(parsed)


def in_utc(parsed: datetime) -> datetime:
    try:
        return parsed.astimezone(UTC)
    except OverflowError:
        raise ValueError("is a time outside the calendar") from None


def instant(value: Any) -> str:
    """A time as text that sorts: always UTC, always six places. Right for source versions."""
    return f"{moment(value):%Y-%m-%dT%H:%M:%S.%fZ}"


def day(value: Any) -> date:
    if type(value) is not str:
        raise _refuse(value, "a date")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise _refuse(value, "a date (ISO 8601)") from None


CASTS: dict[str, Cast] = {
    "text": text,
    "filled": filled,
    "upper": upper,
    "lower": lower,
    "id": identifier,
    "id_segment": id_segment,
    "decimal": decimal,
    "integer": integer,
    "boolean": boolean,
    "datetime": moment,
    "instant": instant,
    "date": day,
}
