"""Pure: whether a file is what it should be, and when one should have come."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connectors.sdk.files import Control, ReadFile

DAYS_AHEAD = timedelta(hours=36)
DAYS_BACK = 7
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def faults(read: ReadFile, control: Control | None, wanted: str) -> list[str]:
    """One sentence each, with both figures; [] for a file to be taken. `wanted`: trailer, sidecar or none."""
    if control is None:
        return [] if wanted == "none" else [f"The file has no {wanted}: it may have been cut short."]
    found = []
    if control.rows is not None and control.rows != read.rows:
        found.append(f"The {wanted} states {control.rows} rows, the file has {read.rows}.")
    if control.total is not None and control.total != read.total:
        found.append(f"The {wanted} states a total of {control.total:f}, the rows make {read.total:f}.")
    return found


def due_at(day: date, due_by: str, zone: str) -> datetime | None:
    """When the file of a day is due: that time of the day after, by the retailer's clock. None for no time."""
    match = _TIME.fullmatch(due_by.strip())
    if match is None:
        return None
    try:
        known = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        known = ZoneInfo("UTC")
    return datetime.combine(day + timedelta(days=1), time(int(match[1]), int(match[2])), known)


def days_expected(
    config: Mapping[str, str], zone: str, *, since: datetime, at: datetime
) -> Iterator[tuple[date, datetime]]:
    """(day of sale, when its file is due), for files due after `since` and not far ahead; a week back at most."""
    today = at.date()
    for offset in range(-DAYS_BACK, 3):
        day = today + timedelta(days=offset)
        due = due_at(day, config.get("due_by", ""), zone)
        if due is not None and since < due <= at + DAYS_AHEAD:
            yield day, due


def stores_expected(config: Mapping[str, str], known: list[str]) -> list[str]:
    wanted = config.get("stores", "").strip()
    if wanted == "all":
        return known
    return [key.strip() for key in wanted.split(",") if key.strip()]


def look_every(config: Mapping[str, str]) -> timedelta:
    text = config.get("look_every", "").strip()
    return timedelta(seconds=min(max(int(text), 1), 86_400) if text.isdecimal() else 60)
