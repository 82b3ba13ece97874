"""Sums of quarters, hours and half days equal the minutes they were made of, whatever comes late."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from monitoring.rollups import folding, selectors
from monitoring.rollups.tiling import GRAINS, ORIGIN, Folded
from monitoring.rollups.writer import Counted, upsert
from tenants.context import partner_scope
from tenants.partners.models import Partner
from tenants.retailers.models import Retailer

LONG_AGO = datetime(2026, 3, 2, 7, 11, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SUMS = """
SELECT date_bin(make_interval(mins => %(grain)s), {at}, %(origin)s), retailer_id, kind, outcome, connection_key,
    flow_key, api_version, currency, sum(count)::int, sum(value), rollups_sum(histogram)
FROM {table} WHERE {at} < (SELECT date_bin(make_interval(mins => %(grain)s), folded_until, %(origin)s)
    FROM rollups_progress) {only}
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 ORDER BY 1, 2, 3, 4, 5, 6, 7, 8
"""


@pytest.fixture
def pine(northgate) -> int:
    return Retailer.objects.get(key="harbour-pine").pk


def write(*events: Counted, slot: int = 3) -> None:
    with connection.cursor() as cursor:
        cursor.execute(*upsert(events, slot))


def some_days(retailer: int, count: int = 400) -> list[Counted]:
    rng = random.Random(11)
    return [
        Counted(
            minute=LONG_AGO + MINUTE * rng.randrange(3 * 1440),
            retailer_id=retailer,
            kind="delivery",
            outcome="delivered",
            connection_key="erp",
            flow_key="orders",
            store_key=str(rng.randrange(9)),
            currency="USD",
            value=Decimal(rng.randrange(100, 9000)) / 100,
            duration_us=rng.randrange(100, 9_000_000),
        )
        for _ in range(count)
    ]


def one(retailer: int, minute: datetime) -> Counted:
    return Counted(minute=minute, retailer_id=retailer, kind="received", connection_key="shop")


def sums(table: str, at: str, grain: int, only: str = "") -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(SUMS.format(table=table, at=at, only=only), {"grain": grain, "origin": ORIGIN})
        return cursor.fetchall()


def assert_folded_is_exact() -> None:
    for grain in GRAINS:
        assert sums("rollups_folded", "start", grain, f"AND grain = {grain}") == sums("rollups_minute", "minute", grain)


def test_each_grain_equals_its_minutes_and_folding_twice_changes_nothing(pine):
    write(*some_days(pine))
    folding.fold_all()
    assert_folded_is_exact()
    folding.fold_all()
    assert_folded_is_exact()
    assert folding.folded_state().until > LONG_AGO + timedelta(days=3)


def test_what_is_counted_late_shows_at_once_and_is_folded_anew(pine):
    write(*some_days(pine))
    folding.fold_all()
    late = LONG_AGO + timedelta(days=1)
    write(one(pine, late), one(pine, late), slot=4)
    span = (LONG_AGO, LONG_AGO + timedelta(days=3))
    assert selectors.messages_per_minute(*span).total("received") == 2
    folding.fold_all()
    assert folding.folded_state().late == frozenset()
    assert selectors.messages_per_minute(*span).total("received") == 2
    assert_folded_is_exact()


def test_a_dashboard_reads_the_same_from_sums_as_from_minutes(pine):
    write(*some_days(pine))
    span = (LONG_AGO + 3 * MINUTE, LONG_AGO + timedelta(days=2, minutes=17))
    raw = Folded()
    before = selectors.messages_per_minute(*span, folded=raw), selectors.latency_by_hop(*span, folded=raw)
    folding.fold_all()
    assert (selectors.messages_per_minute(*span), selectors.latency_by_hop(*span)) == before
    assert selectors.messages_per_minute(*span, folded=raw) == before[0]
    assert selectors.counting_since() == min(event.minute for event in some_days(pine))


def test_sums_are_read_and_not_the_minutes(pine):
    """Fails when everything is read raw again: then a dashboard would grow with the data."""
    write(*some_days(pine))
    folding.fold_all()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM rollups_minute")
    assert selectors.messages_per_minute(LONG_AGO, LONG_AGO + timedelta(days=3)).total("delivery") == 400


def test_the_latest_minutes_are_not_folded(pine):
    now = datetime.now(UTC)
    write(one(pine, now - timedelta(hours=1)), one(pine, now))
    folding.fold_all()
    assert folding.folded_state().until <= now - timedelta(minutes=1)
    assert selectors.messages_per_minute(now - timedelta(hours=2), now + MINUTE).total("received") == 2


def test_a_person_of_one_retailer_reads_the_sums_of_that_one(northgate, pine):
    bluebell = Retailer.objects.get(key="bluebell").pk
    write(*(one(pine, LONG_AGO) for _ in range(3)), one(bluebell, LONG_AGO))
    folding.fold_all()
    with partner_scope(northgate.schema, [bluebell]):
        found = selectors.messages_per_minute(LONG_AGO, LONG_AGO + timedelta(days=1))
        with connection.cursor() as cursor:  # the net below the floor
            cursor.execute("SELECT DISTINCT retailer_id FROM rollups_folded")
            seen = cursor.fetchall()
    assert found.total("received") == 1
    assert seen == [(bluebell,)]


def test_a_transaction_that_still_counts_holds_the_folding_back(committed):
    """Else its minute would be folded without it, and nobody would note it."""
    partner = Partner.objects.get(key="northgate")
    url = committed.app_url(settings.DATABASES["default"]["NAME"])
    with partner_scope(partner.schema_name), psycopg.connect(url) as slow:
        slow.execute("SELECT set_config('search_path', %s, false)", [f'"{partner.schema_name}"'])
        slow.execute("SELECT set_config('app.retailers', '*', false)")
        began = slow.execute("SELECT now()").fetchone()[0]
        with connection.cursor() as cursor:
            assert folding._horizon(cursor) == began - folding.SETTLE
        slow.rollback()
        with connection.cursor() as cursor:
            assert folding._horizon(cursor) > began - folding.SETTLE
