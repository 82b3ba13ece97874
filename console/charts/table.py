"""A chart's numbers as cells for people and as a CSV file. Pure."""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime, tzinfo
from typing import Final

from console.charts.figures import Cell, Chart
from console.render.text import NONE

_NUMBER: Final = re.compile(r"^[-+]?\d+([.,]\d+)?%?$")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def cells(chart: Chart, zone: tzinfo) -> list[list[str]]:
    return [[_shown(cell, zone) for cell in row] for row in chart.rows]


def as_csv(chart: Chart, zone: tzinfo) -> str:
    """Times in ISO 8601 with the zone's offset; what a spreadsheet would run as a formula is quoted."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(chart.columns)
    writer.writerows([_stored(cell, zone) for cell in row] for row in chart.rows)
    return out.getvalue()


def _shown(cell: Cell, zone: tzinfo) -> str:
    if cell is None:
        return NONE
    if isinstance(cell, datetime):
        return cell.astimezone(zone).strftime("%Y-%m-%d %H:%M")
    return f"{cell:,}" if isinstance(cell, int | float) else cell


def _stored(cell: Cell, zone: tzinfo) -> Cell:
    if isinstance(cell, datetime):
        return cell.astimezone(zone).isoformat(timespec="seconds")
    if isinstance(cell, str) and cell.startswith(_FORMULA) and not _NUMBER.match(cell):
        return f"'{cell}"
    return cell
