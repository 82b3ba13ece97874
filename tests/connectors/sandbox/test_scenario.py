"""The day's shape and its troubles, as arithmetic."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from connectors.sandbox import scenario
from connectors.sandbox.shopify.places import BY_ID

MIDNIGHT = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)  # in New York
NOON = MIDNIGHT + timedelta(hours=12)


@pytest.mark.parametrize("hour", range(24))
def test_two_orders_are_never_closer_than_three_seconds(hour: int) -> None:
    at = MIDNIGHT + timedelta(hours=hour)
    gaps = [scenario.gap(7, number, at) for number in range(300)]
    assert min(gaps) >= scenario.SHORTEST_GAP
    assert max(gaps) <= scenario.LONGEST_GAP


def test_the_evening_is_busier_than_the_morning_and_the_night_is_nearly_silent() -> None:
    night, morning, evening = (scenario.pace(MIDNIGHT + timedelta(hours=hour)) for hour in (4, 10.5, 18))
    assert night < 0.15 < morning < evening <= 1


def test_only_open_stores_sell() -> None:
    for hour in range(24):
        at = MIDNIGHT + timedelta(hours=hour)
        places = [scenario.origin(7, number, at) for number in range(100)]
        for location in (BY_ID[place["location_id"]] for place in places if "location_id" in place):
            assert scenario.OPENS <= location.hour(at) < scenario.CLOSES


def test_a_days_orders_come_from_every_store_and_the_storefront() -> None:
    origins = Counter(
        str(scenario.origin(7, number, MIDNIGHT + timedelta(minutes=10 + number % 1400))) for number in range(12_000)
    )
    assert len(origins) == 61


def test_the_same_seed_and_clock_play_the_same_day() -> None:
    one, two = ([scenario.acts(7, number, NOON) for number in range(1, 200)] for _ in range(2))
    assert one == two
    assert one != [scenario.acts(8, number, NOON) for number in range(1, 200)]


def test_every_trouble_of_the_noc_comes_early() -> None:
    """Within the first sixty orders, some five minutes: an operator need not wait for the show."""
    played = [act for number in range(1, 61) for act in scenario.acts(7, number, NOON)]
    options = {name for act in played for name, value in act.options.items() if value}
    assert {"unknown_sku", "duplicate", "update_first", "shipping", "more"} <= options
    assert {act.kind for act in played} == {"create", "edit", "refund", "cancel", "outage"}


def test_about_every_fortieth_order_has_an_sku_the_erp_lacks() -> None:
    first = [scenario.acts(7, number, NOON)[0] for number in range(1, 2001)]
    assert sum("unknown_sku" in act.options for act in first) == 50


def test_a_calm_day_has_orders_only() -> None:
    played = [scenario.acts(7, number, NOON, calm=True) for number in range(1, 200)]
    assert {tuple(act.kind for act in acts) for acts in played} == {("create",)}
    assert {name for (act,) in played for name in act.options} <= {"channel", "location_id"}


def test_a_demo_begun_at_night_opens_at_noon_and_one_begun_by_day_is_left_alone() -> None:
    night = MIDNIGHT + timedelta(hours=3, minutes=20)
    assert night + scenario.shift(night) == NOON
    assert scenario.shift(NOON + timedelta(hours=6)) == timedelta(0)
