"""A chart's numbers for people."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from console.charts.figures import Chart
from console.charts.table import cells

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_cells_show_the_readers_time_and_unknown_as_a_dash():
    chart = Chart("x", "X", "y", "", {}, ("Time", "What", "n"), [(NOON, "throttled", 1234), (NOON, "", None)])
    shown = cells(chart, ZoneInfo("Asia/Tokyo"))
    assert shown == [["2026-11-23 21:00", "throttled", "1,234"], ["2026-11-23 21:00", "", "—"]]
