"""Numbers, money and times in words. Pure; everything shown to people passes here."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from decimal import Decimal

NONE = "—"
SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "CAD": "CA$", "AUD": "A$", "CHF": "CHF "}
NO_MINOR = {"JPY", "KRW", "VND", "CLP", "ISK"}
THREE_MINOR = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"}


def money(value: Decimal | None, currency: str = "") -> str:
    """1,234.50 with its currency. Unknown is a dash, never 0."""
    if value is None:
        return NONE
    digits = 0 if currency in NO_MINOR else 3 if currency in THREE_MINOR else 2
    sign = "−" if value < 0 else ""
    body = f"{abs(value):,.{digits}f}"
    symbol = SYMBOLS.get(currency)
    if symbol:
        return f"{sign}{symbol}{body}"
    return f"{sign}{body} {currency}".strip()


def duration(microseconds: int | None) -> str:
    """420 µs, 12.4 ms, 1.32 s, 4 m 10 s."""
    if microseconds is None:
        return NONE
    if microseconds < 1_000:
        return f"{microseconds} µs"
    if microseconds < 1_000_000:
        value = microseconds / 1_000
        return f"{value:.1f} ms" if value < 100 else f"{value:.0f} ms"
    seconds = microseconds / 1_000_000
    return f"{seconds:.2f} s" if seconds < 60 else span(timedelta(seconds=seconds))


def span(length: timedelta) -> str:
    """The two largest units: 4 m 10 s, 3 h 5 m, 2 d 4 h."""
    seconds = max(0, int(length.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} m {seconds % 60} s"
    if seconds < 86_400:
        return f"{seconds // 3600} h {seconds % 3600 // 60} m"
    return f"{seconds // 86_400} d {seconds % 86_400 // 3600} h"


def ago(value: datetime, *, at: datetime) -> str:
    """12 s ago, 5 min ago, 3 h ago, 2 d ago; `in 5 min` for what is to come."""
    seconds = (at - value).total_seconds()
    size = abs(seconds)
    if size < 1:
        return "now"
    words = _rough(size)
    return f"in {words}" if seconds < 0 else f"{words} ago"


def exact(value: datetime, zone: tzinfo, *, at: datetime) -> str:
    """14:03:22 today, 22 Nov 14:03:22 this year, 2025-11-22 14:03:22 before: in the given zone."""
    local, today = value.astimezone(zone), at.astimezone(zone)
    if local.date() == today.date():
        return local.strftime("%H:%M:%S")
    if local.year == today.year:
        return f"{local.day} {local.strftime('%b %H:%M:%S')}"
    return local.strftime("%Y-%m-%d %H:%M:%S")


def plural(count: int, noun: str, many: str = "") -> str:
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"


def actor(text: str) -> str:
    """Who acted, as partners' people read it: the product's own name stays out of partner-branded pages."""
    return "automatic" if text.startswith("Signalbox") else text


def _rough(seconds: float) -> str:
    if seconds < 60:
        return f"{int(seconds)} s"
    if seconds < 3600:
        return f"{int(seconds // 60)} min"
    if seconds < 86_400:
        return f"{int(seconds // 3600)} h"
    return f"{int(seconds // 86_400)} d"
