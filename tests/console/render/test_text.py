"""Numbers, money and times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from console.render.text import actor, ago, duration, exact, money, span

AT = datetime(2026, 11, 23, 14, 35, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "currency", "wanted"),
    [
        (Decimal("1234.5"), "USD", "$1,234.50"),
        (Decimal("-79"), "GBP", "−£79.00"),
        (Decimal("1200"), "JPY", "¥1,200"),
        (Decimal("1.5"), "KWD", "1.500 KWD"),
        (Decimal("10"), "", "10.00"),
        (None, "USD", "—"),
        (Decimal(0), "EUR", "€0.00"),
    ],
)
def test_money_carries_its_currency_and_unknown_is_not_nought(value, currency, wanted):
    assert money(value, currency) == wanted


@pytest.mark.parametrize(
    ("microseconds", "wanted"),
    [(None, "—"), (0, "0 µs"), (420, "420 µs"), (12_400, "12.4 ms"), (715_300, "715 ms"), (1_320_000, "1.32 s")],
)
def test_durations_have_the_unit_that_fits(microseconds, wanted):
    assert duration(microseconds) == wanted


def test_long_durations_show_two_units():
    assert duration(250_000_000) == "4 m 10 s"
    assert span(timedelta(days=2, hours=4, minutes=9)) == "2 d 4 h"


@pytest.mark.parametrize(
    ("seconds", "wanted"),
    [(0, "now"), (12, "12 s ago"), (300, "5 min ago"), (7300, "2 h ago"), (200_000, "2 d ago"), (-300, "in 5 min")],
)
def test_relative_times(seconds, wanted):
    assert ago(AT - timedelta(seconds=seconds), at=AT) == wanted


def test_absolute_times_say_as_much_of_the_date_as_is_needed():
    berlin = ZoneInfo("Europe/Berlin")
    assert exact(AT, berlin, at=AT) == "15:35:20"
    assert exact(AT - timedelta(days=1), berlin, at=AT) == "22 Nov 15:35:20"
    assert exact(AT - timedelta(days=400), berlin, at=AT) == "2025-10-19 16:35:20"


def test_the_products_name_is_no_actor_on_a_partners_page():
    assert actor("Signalbox drain") == "automatic"
    assert actor("Ada Ohm <ada@northgate.example>") == "Ada Ohm <ada@northgate.example>"
