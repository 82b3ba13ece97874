"""The chart of API versions in use. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from console.charts.figures import Cell, Chart, Json, axis, bar_width, bars, layout, plain
from monitoring.rollups.selectors import VersionInUse

NOT_STATED = "not stated"
SIDES = {"source": "in", "target": "out"}


def versions(found: Sequence[VersionInUse]) -> Chart:
    """What each connection asks for and is served, as shares of its calls in each direction."""
    many = len({v.retailer for v in found}) > 1
    shares: dict[str, dict[str, float]] = {}
    for v in found:
        of_words = shares.setdefault(version_words(v), {})
        of_words[_line(v, many)] = of_words.get(_line(v, many), 0) + v.share
    ordered = sorted(shares, key=lambda words: (words == NOT_STATED, words))
    lines = list(dict.fromkeys(_line(v, many) for v in found))
    return Chart(
        name="versions",
        title="API versions in use",
        unit="share of calls",
        summary="; ".join(f"{_line(v, many)}: {version_words(v)} {v.share:.0%}" for v in found) + "." if found else "",
        figure={
            "data": [_bar(words, n, shares[words], bar_width(len(lines))) for n, words in enumerate(ordered)],
            "layout": _layout(lines),
        },
        columns=(
            "Retailer",
            "Connection",
            "Connector",
            "Direction",
            "Requested",
            "Served",
            "Calls",
            "Share",
            "Last seen",
        ),
        rows=[_row(v) for v in found],
        empty="" if found else "No call was made in this range.",
    )


def version_words(version: VersionInUse) -> str:
    """`2026-10`, `2026-07 → 2026-10` where another was served than asked for, `2026-10 → not stated`, `not stated`."""
    if not version.requested or version.requested == version.served:
        return version.served or NOT_STATED
    return f"{version.requested} → {version.served or NOT_STATED}"


def _bar(words: str, place: int, shares: dict[str, float], width: float) -> Json:
    return bars(
        plain(words),
        list(shares.values()),
        [plain(name) for name in shares],
        "mute" if words == NOT_STATED else f"series-{place % 6 + 1}",
        orientation="h",
        text=[plain(words) if share >= 0.12 else "" for share in shares.values()],
        textposition="inside",
        insidetextanchor="middle",
        insidetextfont={"color": "@surface-1"},
        hovertemplate=f"{plain(words)}: %{{x:.1%}}<extra></extra>",
        width=width,
    )


def _layout(lines: Sequence[str]) -> Json:
    names = {"categoryorder": "array", "categoryarray": [plain(name) for name in lines]}
    return layout(
        barmode="stack",
        hovermode="closest",
        xaxis=axis(range=[0, 1.001], tickformat=".0%", tickvals=[0, 0.25, 0.5, 0.75, 1], ticklabeloverflow="allow"),
        margin={"l": 40, "r": 20, "t": 4, "b": 24},
        yaxis=axis(autorange="reversed", showgrid=False, tickfont={"color": "@text-1"}, **names),
    )


def _row(v: VersionInUse) -> tuple[Cell, ...]:
    asked, given = v.requested or NOT_STATED, v.served or NOT_STATED
    return v.retailer, v.label, v.connector, SIDES[v.side], asked, given, v.calls, f"{v.share:.1%}", v.last_seen


def _line(version: VersionInUse, with_retailer: bool) -> str:
    name = f"{version.retailer} · {version.label}" if with_retailer and version.retailer else version.label
    return f"{name} ({SIDES[version.side]})"
