"""Figures are what plotly accepts, in colours of the pages, with the same numbers in words and as a table."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import plotly.graph_objects as go
import pytest

from console.charts import latency, traffic, versions
from console.charts.figures import Chart
from console.charts.palette import THEMES, palettes, read_tokens, resolved
from monitoring.rollups import histogram
from monitoring.rollups.selectors import Latency, Traffic, VersionInUse, window

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SPAN = window(NOON, NOON + timedelta(hours=1))
PARIS = ZoneInfo("Europe/Paris")


def steps(*counts: int) -> list[int]:
    return [*counts, *[0] * (60 - len(counts))]


def some_traffic() -> Traffic:
    return Traffic(
        SPAN,
        {
            ("received", ""): steps(4, 6),
            ("delivery", "delivered"): steps(3, 5),
            ("attempt", "ok"): steps(3, 5),
            ("attempt", "failed"): steps(0, 2),
            ("failure", "throttled"): steps(0, 2),
            ("disposed", "unreadable"): steps(1),
        },
    )


def some_latency() -> list[Latency]:
    counts = histogram.count([800_000] * 19 + [9_000_000])
    return [Latency("target", counts), Latency("end to end", counts, [counts, *[{}] * 59])]


def some_versions() -> list[VersionInUse]:
    def version(side: str, requested: str, served: str, share: float) -> VersionInUse:
        return VersionInUse(
            "Harbour & Pine", "shop", "Storefront", "shopify", side, requested, served, int(share * 100), share, NOON
        )

    return [
        version("source", "", "2026-10", 0.9),
        version("source", "", "", 0.1),
        version("target", "2026-07", "2026-10", 1.0),
    ]


def all_charts() -> list[Chart]:
    return [
        traffic.messages(some_traffic(), PARIS),
        traffic.failures(some_traffic()),
        latency.latency(some_latency(), SPAN, PARIS),
        latency.hops(some_latency()),
        versions.versions(some_versions()),
    ]


def empty_charts() -> list[Chart]:
    nothing = Traffic(SPAN, {})
    return [
        traffic.messages(nothing, UTC),
        traffic.failures(nothing),
        latency.latency([], SPAN, UTC),
        latency.hops([]),
        versions.versions([]),
    ]


@pytest.mark.parametrize("chart", [*all_charts(), *empty_charts()], ids=lambda chart: chart.name)
@pytest.mark.parametrize("theme", THEMES)
def test_plotly_accepts_every_figure_in_both_themes(chart, theme):
    figure = resolved(chart.figure, palettes()[theme])
    go.Figure(figure)
    assert figure["layout"].get("template") == "none"
    assert "@" not in re.sub(r'"(text|name|hovertemplate)": "[^"]*"', "", json.dumps(figure))


@pytest.mark.parametrize("chart", all_charts(), ids=lambda chart: chart.name)
def test_every_chart_says_what_it_shows_and_has_its_numbers_as_a_table(chart):
    assert chart.title
    assert chart.unit
    assert chart.summary.endswith(".")
    assert not chart.empty
    assert chart.rows
    assert all(len(row) == len(chart.columns) for row in chart.rows)


@pytest.mark.parametrize("chart", empty_charts(), ids=lambda chart: chart.name)
def test_nothing_to_draw_is_said_in_words(chart):
    assert chart.empty


def test_times_are_the_readers():
    assert traffic.messages(some_traffic(), PARIS).figure["data"][0]["x"][0] == "2026-11-23 13:00"


def test_a_step_that_has_only_begun_is_not_drawn_as_a_fall():
    begun = window(NOON, NOON + timedelta(minutes=30, seconds=10))
    counts = [10] * 30 + [1]
    chart = traffic.messages(Traffic(begun, {("received", ""): counts}), UTC)
    received = next(trace for trace in chart.figure["data"] if trace["name"] == "Received")
    assert received["y"][-2:] == [10, None]
    assert chart.rows[-1][1] == 1


def test_series_of_one_chart_differ_by_more_than_colour():
    for chart in (traffic.messages(some_traffic(), UTC), latency.latency(some_latency(), SPAN, UTC)):
        looks = [(t["type"], t.get("line", {}).get("dash"), t.get("mode")) for t in chart.figure["data"]]
        assert len(set(looks)) == len(looks)


@pytest.mark.parametrize(
    ("requested", "served", "words"),
    [
        ("", "2026-10", "2026-10"),
        ("2026-10", "2026-10", "2026-10"),
        ("2026-07", "2026-10", "2026-07 → 2026-10"),
        ("2026-07", "", "2026-07 → not stated"),
        ("", "", "not stated"),
    ],
)
def test_requested_and_served_versions_are_told_apart(requested, served, words):
    assert versions.version_words(VersionInUse("", "", "", "", "target", requested, served, 1, 1.0, NOON)) == words


def test_one_version_of_a_connection_is_one_bar_however_it_was_asked_for():
    both = [VersionInUse("", "shop", "Shop", "", "target", asked, "8.2", 50, 0.5, NOON) for asked in ("", "8.2")]
    (bar,) = versions.versions(both).figure["data"]
    assert (bar["x"], bar["y"]) == ([1.0], ["Shop (out)"])


def test_names_from_outside_are_no_markup_in_a_figure():
    named = VersionInUse("", "shop", '<a href="http://x">Shop</a>', "", "source", "", "2026", 1, 1.0, NOON)
    assert "<" not in versions.versions([named]).figure["data"][0]["y"][0]


def test_a_stylesheet_without_a_colour_that_charts_use_is_an_error():
    with pytest.raises(KeyError):
        read_tokens(":root { --series-1: light-dark(#000, #fff); }")
