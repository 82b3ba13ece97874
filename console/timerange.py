"""The one time range of the console: Grafana's syntax in the address, resolved against one clock.

`now`, `now-4h`, `now/d` (start of today), `now-1M/M` (start of the previous month), ISO 8601, or epoch milliseconds.
Rounding happens in the reader's zone, because "this month" means theirs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

RELATIVE: Final = re.compile(r"^now(?:-(\d{1,4})([smhdwM]))?(?:/([hdwM]))?$")
STEPS: Final = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
DEFAULT: Final = ("now-24h", "now")
# key in the address, words on the control
PRESETS: Final = (
    ("now-15m", "now", "Last 15 minutes"),
    ("now-1h", "now", "Last hour"),
    ("now-4h", "now", "Last 4 hours"),
    ("now-24h", "now", "Last 24 hours"),
    ("now-7d", "now", "Last 7 days"),
    ("now-30d", "now", "Last 30 days"),
    ("now/M", "now", "This month"),
    ("now-1M/M", "now/M", "Previous month"),
)
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)


class UnreadableTime(ValueError):
    """What was typed is neither relative nor a date."""


@dataclass(frozen=True, slots=True)
class TimeRange:
    """`start` <= t < `end`, both UTC; `since` and `until` as written in the address."""

    since: str
    until: str
    start: datetime
    end: datetime
    problem: str = ""

    @property
    def label(self) -> str:
        for since, until, words in PRESETS:
            if (since, until) == (self.since, self.until):
                return words
        return "Custom range"

    @property
    def is_default(self) -> bool:
        return (self.since, self.until) == DEFAULT

    @property
    def is_live(self) -> bool:
        """It ends now, so new rows may still come in."""
        return self.until == "now"

    @property
    def length(self) -> timedelta:
        return self.end - self.start


def time_range(since: str, until: str, *, at: datetime, zone: tzinfo = UTC) -> TimeRange:
    """Read both ends. What cannot be read is said in `problem` and the default range is used instead."""
    since, until = since.strip() or DEFAULT[0], until.strip() or DEFAULT[1]
    try:
        start, end = moment(since, at=at, zone=zone), moment(until, at=at, zone=zone)
    except UnreadableTime as error:
        return _default(at, zone, str(error))
    if start >= end:
        return _default(at, zone, "The range ends before it begins")
    return TimeRange(since, until, start, end)


def moment(text: str, *, at: datetime, zone: tzinfo = UTC) -> datetime:
    """One end of a range in UTC. Raises UnreadableTime."""
    found = RELATIVE.match(text)
    if found:
        count, unit, rounding = found.groups()
        local = at.astimezone(zone)
        if count:
            local = _back(local, int(count), unit)
        return _within(_floor(local, rounding).astimezone(UTC), text)
    return _within(_absolute(text, zone), text)


def _absolute(text: str, zone: tzinfo) -> datetime:
    try:
        if text.isdigit():
            value = datetime.fromtimestamp(int(text) / 1000, tz=UTC)
        else:
            value = datetime.fromisoformat(text.replace(" ", "T"))
        value = (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise UnreadableTime(f"“{text[:40]}” is not a time") from error
    return value


def _within(value: datetime, text: str) -> datetime:
    if not EARLIEST <= value <= EARLIEST.replace(year=2200):
        raise UnreadableTime(f"“{text[:40]}” is out of range")
    return value


def _back(value: datetime, count: int, unit: str) -> datetime:
    if unit != "M":
        return value - STEPS[unit] * count
    months = value.year * 12 + value.month - 1 - count
    if months < EARLIEST.year * 12:
        raise UnreadableTime(f"{count} months is too far back")
    # Day 1 exists in every month; whoever asks for months rounds to them.
    return value.replace(year=months // 12, month=months % 12 + 1, day=min(value.day, 28))


def _floor(value: datetime, unit: str | None) -> datetime:
    if unit is None:
        return value
    value = value.replace(minute=0, second=0, microsecond=0)
    if unit == "h":
        return value
    value = value.replace(hour=0)
    if unit == "w":
        return value - timedelta(days=value.weekday())
    return value.replace(day=1) if unit == "M" else value


def _default(at: datetime, zone: tzinfo, problem: str) -> TimeRange:
    since, until = DEFAULT
    return TimeRange(since, until, moment(since, at=at, zone=zone), moment(until, at=at, zone=zone), problem)
