"""Grafana's time syntax, read in the reader's zone."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from console.timerange import UnreadableTime, moment, time_range

AT = datetime(2026, 11, 23, 14, 35, 20, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("now", "2026-11-23T14:35:20"),
        ("now-15m", "2026-11-23T14:20:20"),
        ("now-7d", "2026-11-16T14:35:20"),
        ("now/d", "2026-11-23T00:00:00"),
        ("now/w", "2026-11-23T00:00:00"),
        ("now-1d/d", "2026-11-22T00:00:00"),
        ("now/M", "2026-11-01T00:00:00"),
        ("now-1M/M", "2026-10-01T00:00:00"),
        ("now-11M/M", "2025-12-01T00:00:00"),
        ("2026-11-22 18:00", "2026-11-22T18:00:00"),
        ("2026-11-22T18:00:00+01:00", "2026-11-22T17:00:00"),
        ("1795000000000", "2026-11-18T11:06:40"),
    ],
)
def test_both_syntaxes_are_read(text, wanted):
    assert moment(text, at=AT) == datetime.fromisoformat(wanted).replace(tzinfo=UTC)


def test_a_day_begins_at_the_readers_midnight():
    assert moment("now/d", at=AT, zone=BERLIN) == datetime(2026, 11, 22, 23, tzinfo=UTC)
    assert moment("2026-11-22 18:00", at=AT, zone=BERLIN) == datetime(2026, 11, 22, 17, tzinfo=UTC)


@pytest.mark.parametrize("text", ["yesterday", "now+1h", "now-99999d", "2026-13-01", "0", "9" * 30, "now-1x", "٣"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(UnreadableTime):
        moment(text, at=AT)


def test_an_unreadable_range_falls_back_to_a_day_and_says_so():
    window = time_range("soon", "now", at=AT)
    assert (window.since, window.problem) == ("now-24h", "“soon” is not a time")
    assert time_range("now", "now-1h", at=AT).problem == "The range ends before it begins"


def test_a_range_that_ends_now_is_live_and_known_by_its_name():
    window = time_range("now-4h", "now", at=AT)
    assert (window.label, window.is_live, window.length.total_seconds()) == ("Last 4 hours", True, 14400)
    assert not time_range("now-1M/M", "now/M", at=AT).is_live
