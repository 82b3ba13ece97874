"""The parts every chart shares: what a chart is on a page, its plotly layout, traces told apart without colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Final

Json = dict[str, Any]
Cell = datetime | str | int | float | None

FONT: Final = (
    '"Inter", -apple-system, "Segoe UI Variable Text", "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", '
    "system-ui, sans-serif"
)


@dataclass(frozen=True, slots=True)
class Chart:
    """`figure` is plotly's data and layout with tokens in place of colours; `summary` says in words what it shows.

    `columns` and `rows` are the same numbers as a table, for "view as table" and the CSV file; times in UTC.
    """

    name: str
    title: str
    unit: str
    summary: str
    figure: Json
    columns: tuple[str, ...]
    rows: list[tuple[Cell, ...]]
    empty: str = ""  # said in place of the figure when there is nothing to draw
    empty_look: tuple[str, str] = ("unknown", "No data")  # status and word that go with it

    @property
    def element_id(self) -> str:
        return f"chart-{self.name}"


def layout(**more: Any) -> Json:
    """Without a size: a chart fills the box that the stylesheet gives it, so nothing moves when it is drawn."""
    base: Json = {
        "template": "none",
        "autosize": True,
        "margin": {"l": 40, "r": 8, "t": 4, "b": 24},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 11, "color": "@text-2"},
        "hovermode": "x unified",
        "hoverlabel": {
            "bgcolor": "@raised",
            "bordercolor": "@border-strong",
            "font": {"family": FONT, "size": 12, "color": "@text-1"},
        },
        "showlegend": True,
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1,
            "yanchor": "bottom",
            "traceorder": "normal",
            "font": {"color": "@text-2"},
        },
        "dragmode": False,
        "xaxis": axis(showgrid=False),
        "yaxis": axis(rangemode="tozero"),
    }
    return {**base, **more}


def axis(**more: Any) -> Json:
    base: Json = {
        "gridcolor": "@border",
        "linecolor": "@border-strong",
        "zeroline": False,
        "automargin": True,
        "fixedrange": True,
        "ticks": "",
        "tickfont": {"color": "@text-3"},
    }
    return {**base, **more}


def time_axis(times: Sequence[datetime], zone: tzinfo) -> list[str]:
    """plotly knows no zones: it draws what it is told, so it is told the reader's time."""
    return [time.astimezone(zone).strftime("%Y-%m-%d %H:%M") for time in times]


def line(name: str, x: Sequence[Cell], y: Sequence[Cell], token: str, *, dash: str = "solid", **more: Any) -> Json:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": list(x),
        "y": list(y),
        "line": {"color": f"@{token}", "width": 2, "dash": dash, "shape": "linear"},
        "connectgaps": False,
        **more,
    }


def bars(name: str, x: Sequence[Cell], y: Sequence[Cell], token: str, **more: Any) -> Json:
    return {"type": "bar", "name": name, "x": list(x), "y": list(y), "marker": {"color": f"@{token}"}, **more}


def bar_width(count: int) -> float:
    """Of a category's height: a few lying bars do not become slabs."""
    return round(min(0.6, 0.11 * max(count, 1)), 2)


def plain(text: str) -> str:
    """Text from outside for a figure: plotly would read tags in it, links included."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
