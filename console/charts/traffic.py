"""Charts of how much came, went and failed. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from console.charts.figures import Cell, Chart, axis, bar_width, bars, layout, line, plain, time_axis
from console.render.text import plural
from monitoring.exceptions.advice import advice_for
from monitoring.rollups.selectors import Traffic, Window

FAILED = ("failed", "uncertain", "interrupted")


def messages(traffic: Traffic, zone: tzinfo) -> Chart:
    """Received and delivered a minute as lines; failed attempts as bars below them, on a scale of their own."""
    span = traffic.window
    counts = {
        "Received": traffic.counts("received"),
        "Delivered": traffic.counts("delivery", "delivered"),
        "Failed attempts": traffic.counts("attempt", *FAILED),
    }
    x = time_axis(span.times, zone)
    rates = {name: _a_minute(row, span) for name, row in counts.items()}
    hover = {"hovertemplate": "%{y:,.1f}"}
    totals = {name: sum(row) for name, row in counts.items()}
    data = [
        line("Received", x, rates["Received"], "series-1", fill="tozeroy", fillcolor="@run-soft", **hover),
        line("Delivered", x, rates["Delivered"], "series-2", dash="dot", **hover),
        bars("Failed attempts", x, rates["Failed attempts"], "fail", yaxis="y2", **hover),
    ]
    busiest = max((rate for rate in rates["Received"] if rate is not None), default=0)
    return Chart(
        name="messages",
        title="Messages",
        unit="a minute",
        summary=(
            f"{totals['Received']:,} received, {totals['Delivered']:,} delivered, "
            f"{plural(totals['Failed attempts'], 'failed attempt')}; at most {busiest:,.1f} received a minute."
        ),
        figure={
            "data": data,
            "layout": layout(
                bargap=0.1,
                xaxis=axis(showgrid=False, type="date", anchor="y2"),
                yaxis=axis(rangemode="tozero", domain=[0.26, 1]),
                yaxis2=axis(
                    rangemode="tozero", domain=[0, 0.17], nticks=3, showticklabels=totals["Failed attempts"] > 0
                ),
            ),
        },
        columns=("Time", *counts),
        rows=list(zip(span.times, *counts.values(), strict=True)),
        empty="" if any(totals.values()) else "Nothing was received in this range.",
    )


def failures(traffic: Traffic) -> Chart:
    """Failed attempts by error class, and what could not be read, most frequent first."""
    by_class = dict(traffic.by_outcome("failure"))
    unreadable, tried = traffic.total("disposed", "unreadable"), traffic.total("attempt")
    if unreadable:
        by_class["unreadable"] = by_class.get("unreadable", 0) + unreadable
    labelled = [(advice_for(key).label, count) for key, count in by_class.items()]
    ranked = sorted(labelled, key=lambda item: (-item[1], item[0]))
    names, counts = [name for name, _ in ranked], [count for _, count in ranked]
    data = [
        bars(
            "Failures",
            counts,
            [plain(name) for name in names],
            "fail",
            orientation="h",
            text=[f"{count:,}" for count in counts],
            textposition="auto",
            insidetextfont={"color": "@surface-1"},
            outsidetextfont={"color": "@text-1"},
            cliponaxis=False,
            hoverinfo="skip",
            width=bar_width(len(names)),
        )
    ]
    return Chart(
        name="failures",
        title="Failures by class",
        unit="attempts",
        summary=", ".join(f"{name} {count:,}" for name, count in ranked) + "." if ranked else "",
        figure={
            "data": data,
            "layout": layout(
                showlegend=False,
                hovermode=False,
                margin={"l": 40, "r": 24, "t": 8, "b": 24},
                xaxis=axis(
                    tickformat=",d",
                    rangemode="tozero",
                    **({"dtick": 1} if max(counts, default=0) < 6 else {"nticks": 5}),
                ),
                yaxis=axis(autorange="reversed", showgrid=False, tickfont={"color": "@text-1"}),
            ),
        },
        columns=("Class", "Failures"),
        rows=list(ranked),
        empty="" if ranked else "Nothing failed in this range." if tried else "Nothing was attempted in this range.",
        empty_look=("ok", "None") if tried else ("unknown", "No data"),
    )


def _a_minute(counts: Sequence[int], span: Window) -> list[Cell]:
    """Rates; a last step of which less than half is over is left out: it would look like a fall."""
    half = min(span.step.total_seconds() / 120, 0.5 * span.minutes)
    rates: list[Cell] = [round(n / length, 2) for n, length in zip(counts, span.covered_minutes, strict=True)]
    if len(rates) > 1 and span.covered_minutes[-1] < half:
        rates[-1] = None
    return rates
