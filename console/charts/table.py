"""A chart's numbers as cells for people. Files are made by `console.render.cells`. Pure."""

from __future__ import annotations

from datetime import datetime, tzinfo

from console.charts.figures import Cell, Chart
from console.render.text import NONE


def cells(chart: Chart, zone: tzinfo) -> list[list[str]]:
    return [[_shown(cell, zone) for cell in row] for row in chart.rows]


def _shown(cell: Cell, zone: tzinfo) -> str:
    if cell is None:
        return NONE
    if isinstance(cell, datetime):
        return cell.astimezone(zone).strftime("%Y-%m-%d %H:%M")
    return f"{cell:,}" if isinstance(cell, int | float) else cell
