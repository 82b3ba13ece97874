"""Charts of how long it takes: over time, and hop by hop. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import tzinfo

from console.charts.figures import Chart, Json, axis, layout, line, time_axis
from console.render.text import duration
from monitoring.rollups.selectors import HOPS, Latency, Window

HOP_WORDS = {
    "source": "Source to us",
    "queue": "Queue",
    "transform": "Mapping",
    "target": "Target",
    "end to end": "End to end",
}
_TICKS_MS = (0.1, 1, 10, 100, 1_000, 10_000, 60_000, 600_000, 3_600_000)
_FINE_TICKS_MS = tuple(sorted({tick * n for tick in _TICKS_MS[:6] for n in (1, 2, 5)} | set(_TICKS_MS)))


def latency(hops: Sequence[Latency], span: Window, zone: tzinfo) -> Chart:
    """The median and the 95th percentile over time, from receipt until the target accepted."""
    whole = next((hop for hop in hops if hop.hop == "end to end"), None)
    x = time_axis(span.times, zone)
    p50, p95 = ([], []) if whole is None else (whole.percentiles(0.5), whole.percentiles(0.95))
    words = {name: [duration(us) for us in row] for name, row in (("p50", p50), ("p95", p95))}
    hover = {"hovertemplate": "%{customdata}"}
    markers = {"mode": "lines+markers"}
    data = [
        line(
            "p95",
            x,
            _ms(p95),
            "series-4",
            dash="dash",
            customdata=words["p95"],
            marker={"size": 4, "symbol": "diamond"},
            **markers,
            **hover,
        ),
        line("p50", x, _ms(p50), "series-1", customdata=words["p50"], marker={"size": 4}, **markers, **hover),
    ]
    return Chart(
        name="latency",
        title="Latency",
        unit="receipt to acceptance",
        summary=""
        if whole is None
        else f"Half took up to {duration(whole.percentile(0.5))}, 95 % up to {duration(whole.percentile(0.95))}.",
        figure={"data": data, "layout": layout(yaxis=_log_axis([*p50, *p95]), xaxis=axis(showgrid=False, type="date"))},
        columns=("Time", "p50 ms", "p95 ms"),
        rows=[row for row in zip(span.times, _ms(p50), _ms(p95), strict=False) if row[1] is not None],
        empty="" if whole is not None else "Nothing was delivered in this range.",
    )


def hops(found: Sequence[Latency]) -> Chart:
    """p50 and p95 of each hop a message passes, on one log scale."""
    names = [HOP_WORDS[hop.hop] for hop in found]
    p50, p95 = ([hop.percentile(q) for hop in found] for q in (0.5, 0.95))
    data = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [value for low, high in zip(_ms(p50), _ms(p95), strict=True) for value in (low, high, None)],
            "y": [value for name in names for value in (name, name, None)],
            "line": {"color": "@border-strong", "width": 4},
            "hoverinfo": "skip",
            "showlegend": False,
        },
        _dots("p50", p50, names, "series-1", "circle"),
        _dots("p95", p95, names, "series-4", "diamond"),
    ]
    told = (f"{name}: {duration(a)} and {duration(b)}" for name, a, b in zip(names, p50, p95, strict=True))
    return Chart(
        name="hops",
        title="Latency per hop",
        unit="p50 and p95",
        summary="; ".join(told) + "." if names else "",
        figure={
            "data": data,
            "layout": layout(
                hovermode="closest",
                xaxis=_log_axis([*p50, *p95]) | {"showgrid": True},
                yaxis=axis(
                    autorange="reversed",
                    categoryorder="array",
                    categoryarray=[HOP_WORDS[h] for h in HOPS],
                    showgrid=False,
                ),
            ),
        },
        columns=("Hop", "p50 ms", "p95 ms", "Timed"),
        rows=list(zip(names, _ms(p50), _ms(p95), [hop.count for hop in found], strict=True)),
        empty="" if names else "Nothing was timed in this range.",
    )


def _dots(name: str, values: Sequence[int | None], names: Sequence[str], token: str, symbol: str) -> Json:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": _ms(values),
        "y": list(names),
        "marker": {"color": f"@{token}", "size": 10, "symbol": symbol},
        "customdata": [duration(value) for value in values],
        "hovertemplate": f"%{{y}}: {name} %{{customdata}}<extra></extra>",
    }


def _ms(values: Iterable[int | None]) -> list[float | None]:
    return [None if value is None else round(value / 1000, 3) for value in values]


def _log_axis(values: Iterable[int | None]) -> Json:
    """Milliseconds on a log scale, ticks in words, a little wider than the values."""
    known = [value / 1000 for value in values if value is not None]
    low, high = (min(known), max(known)) if known else (1, 1000)
    steps = _FINE_TICKS_MS if high / low < 50 else _TICKS_MS
    ticks = [tick for tick in steps if low / 10 <= tick <= high * 10]
    return axis(
        type="log",
        range=[math.log10(low) - 0.25, math.log10(high) + 0.25],
        tickvals=ticks,
        ticktext=[_tick(tick) for tick in ticks],
    )


def _tick(ms: float) -> str:
    for unit, size in (("h", 3_600_000), ("min", 60_000), ("s", 1_000)):
        if ms >= size:
            return f"{ms / size:g} {unit}"
    return f"{ms:g} ms"
