"""A chart's numbers for people and for spreadsheets."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from console.charts.figures import Chart
from console.charts.table import as_csv, cells

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")
CHART = Chart("x", "X", "y", "", {}, ("Time", "What", "n"), [(NOON, "=HYPERLINK()", 1234), (NOON, "-5.00", None)])


def test_cells_show_the_readers_time_and_unknown_as_a_dash():
    assert cells(CHART, TOKYO) == [["2026-11-23 21:00", "=HYPERLINK()", "1,234"], ["2026-11-23 21:00", "-5.00", "—"]]


def test_a_file_has_offsets_plain_numbers_and_no_formulas():
    rows = list(csv.reader(io.StringIO(as_csv(CHART, TOKYO))))
    assert rows == [
        ["Time", "What", "n"],
        ["2026-11-23T21:00:00+09:00", "'=HYPERLINK()", "1234"],
        ["2026-11-23T21:00:00+09:00", "-5.00", ""],
    ]
