"""Dashboards read what was counted: within the range, within the scope, at the same cost however much happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from governance.registry.models import RetailConnection
from monitoring.rollups import histogram, reading, selectors
from monitoring.rollups.folding import folded_state
from monitoring.rollups.writer import Counted, upsert, versions
from tenants.context import partner_scope
from tenants.retailers.models import Retailer

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOUR = (NOON, NOON + timedelta(hours=1))


@pytest.fixture
def pine(northgate) -> int:
    return Retailer.objects.get(key="harbour-pine").pk


@pytest.fixture
def bluebell(northgate) -> int:
    return Retailer.objects.get(key="bluebell").pk


def write(*events: Counted) -> None:
    with connection.cursor() as cursor:
        cursor.execute(*upsert(events, 1))


def received(retailer_id: int, minute: int = 0, **more) -> Counted:
    at = NOON + timedelta(minutes=minute, seconds=20)
    return Counted(minute=at, retailer_id=retailer_id, kind="received", connection_key="shop", **more)


def attempt(retailer_id: int, minute: int = 0, outcome: str = "ok", **more) -> Counted:
    at = NOON + timedelta(minutes=minute)
    return Counted(minute=at, retailer_id=retailer_id, kind="attempt", outcome=outcome, connection_key="erp", **more)


def test_counts_fall_into_the_step_they_happened_in(pine):
    write(received(pine, 0), received(pine, 0), received(pine, 7), received(pine, 60), received(pine, -1))
    traffic = selectors.messages_per_minute(*HOUR)
    assert traffic.window.step == timedelta(minutes=1)
    assert traffic.counts("received")[:8] == [2, 0, 0, 0, 0, 0, 0, 1]
    assert traffic.total("received") == 3


def test_a_long_range_has_few_steps_and_the_same_total(pine):
    write(*(received(pine, minute) for minute in range(0, 20_000, 37)))
    traffic = selectors.messages_per_minute(NOON, NOON + timedelta(days=14))
    assert len(traffic.window.times) <= selectors.MOST_POINTS + 1
    assert traffic.total("received") == len(range(0, 20_000, 37))


def test_steps_cut_by_the_range_say_how_much_of_them_it_covers():
    span = selectors.window(NOON + timedelta(minutes=2, seconds=40), NOON + timedelta(hours=8, minutes=1))
    assert span.step == timedelta(minutes=5)
    assert span.times[0] == NOON
    assert (span.covered_minutes[0], span.covered_minutes[1], span.covered_minutes[-1]) == (3, 5, 1)


def test_every_range_is_covered_by_its_steps_exactly_once():
    for minutes in (1, 15, 60, 61, 240, 1440, 10_080, 43_200):
        span = selectors.window(NOON + timedelta(minutes=3), NOON + timedelta(minutes=3 + minutes))
        assert sum(span.covered_minutes) == pytest.approx(minutes)
        assert all(length > 0 for length in span.covered_minutes)


def test_a_retailers_own_people_count_their_own_only(northgate, pine, bluebell):
    write(received(pine), received(pine), received(bluebell, duration_us=900_000))
    with partner_scope(northgate.schema, [pine]):
        assert selectors.messages_per_minute(*HOUR).total("received") == 2
        assert selectors.latency_by_hop(*HOUR) == []
        assert selectors.api_versions_in_use(*HOUR)[0].calls == 2
    assert selectors.messages_per_minute(*HOUR, retailers=[bluebell]).total("received") == 1


def test_picking_a_retailer_never_widens_the_scope(northgate, pine, bluebell):
    write(received(bluebell, duration_us=900_000))
    with partner_scope(northgate.schema, [pine]):
        assert reading.visible([bluebell]) == []
        assert selectors.messages_per_minute(*HOUR, retailers=[bluebell]).total("received") == 0
        assert selectors.latency_by_hop(*HOUR, retailers=[pine, bluebell]) == []


def test_latency_is_told_per_hop_in_the_order_a_message_passes_them(pine):
    delivered = Counted(minute=NOON, retailer_id=pine, kind="delivery", outcome="delivered", duration_us=2_000_000)
    parked = Counted(minute=NOON, retailer_id=pine, kind="delivery", outcome="exception", duration_us=90_000_000)
    write(attempt(pine, duration_us=80_000, queue_us=5_000, transform_us=300), delivered, parked)
    found = {latency.hop: latency.percentile(0.5) for latency in selectors.latency_by_hop(*HOUR)}
    assert list(found) == ["queue", "transform", "target", "end to end"]
    assert found["target"] == pytest.approx(80_000, rel=histogram.WORST_ERROR)
    assert found["end to end"] == pytest.approx(2_000_000, rel=histogram.WORST_ERROR)


def test_percentiles_over_many_rows_equal_those_over_all_durations(pine):
    durations = [n * 1_000 for n in range(1, 400)]
    events = [attempt(pine, n % 50, store_key=str(n % 7), duration_us=us) for n, us in enumerate(durations)]
    for start in range(0, len(events), 31):
        write(*events[start : start + 31])
    target = next(x for x in selectors.latency_by_hop(*HOUR) if x.hop == "target")
    assert target.all == histogram.count(durations)


def test_failures_are_told_by_class(pine):
    throttled = [attempt(pine, n, "failed", error_class="throttled") for n in range(3)]
    write(*throttled, attempt(pine, 0, "uncertain", error_class="transport"), attempt(pine))
    traffic = selectors.messages_per_minute(*HOUR)
    assert traffic.by_outcome("failure") == {"throttled": 3, "transport": 1}
    assert traffic.total("attempt", "failed", "uncertain") == 4


def test_versions_in_use_tell_requested_served_and_not_stated(pine):
    retailer = Retailer.objects.get(pk=pine)
    RetailConnection.objects.create(retailer=retailer, key="shop", label="Shop", connector="shopify")
    write(
        *(received(pine, api_version="2026-10") for _ in range(3)),
        received(pine, 30),
        attempt(pine, api_version=versions("2026-07", "2026-10")),
    )
    found = selectors.api_versions_in_use(*HOUR)
    assert [(v.label, v.connector, v.side, v.requested, v.served, v.share) for v in found] == [
        ("erp", "", "target", "2026-07", "2026-10", 1.0),
        ("Shop", "shopify", "source", "", "2026-10", 0.75),
        ("Shop", "shopify", "source", "", "", 0.25),
    ]
    assert found[2].last_seen == NOON + timedelta(minutes=30)


def test_cost_is_a_few_queries_however_much_happened(pine, django_assert_num_queries):
    write(*(received(pine, n % 60, store_key=str(n % 60), duration_us=n) for n in range(600)))
    with django_assert_num_queries(6):
        folded = folded_state()
        selectors.messages_per_minute(*HOUR, folded=folded)
        selectors.latency_by_hop(*HOUR, folded=folded)
        selectors.api_versions_in_use(*HOUR, folded=folded)
