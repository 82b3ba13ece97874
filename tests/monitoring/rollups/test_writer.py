"""What is counted in many statements, by many writers, is what happened."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest
from django.db import connection

from monitoring.rollups import histogram
from monitoring.rollups.writer import KINDS, Counted, aggregate, split_versions, upsert, versions
from tenants.asyncdb import conninfo
from tenants.backend.base import SET_SCOPE
from tenants.context import scope_of

NOON = datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC)
ROWS = """SELECT minute, retailer_id, kind, outcome, connection_key, flow_key, store_key, api_version, currency,
    sum(count)::int, sum(value)
    FROM rollups_minute GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9 ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9"""
BUCKETS = """SELECT i, sum(histogram[i])::int FROM rollups_minute, generate_subscripts(histogram, 1) AS i
    GROUP BY i HAVING sum(histogram[i]) > 0"""


def some_events(draw: random.Random, n: int, retailers: list[int]) -> list[Counted]:
    return [some_event(draw, draw.choice(retailers)) for _ in range(n)]


def some_event(draw: random.Random, retailer_id: int) -> Counted:
    kind = draw.choice(sorted(KINDS))
    value = draw.choice([None, Decimal(draw.randrange(1, 90_000)) / 100])
    return Counted(
        minute=NOON + timedelta(seconds=draw.randrange(240)),
        retailer_id=retailer_id,
        kind=kind,
        outcome=draw.choice(sorted(KINDS[kind])),
        connection_key=draw.choice(["shop", "erp"]),
        store_key=draw.choice(["", "101"]),
        api_version=draw.choice(["", "2026-10"]),
        currency="USD",
        value=value,
        duration_us=draw.choice([None, draw.randrange(50, 5_000_000)]),
    )


def write(events: list[Counted], slot: int = 1) -> None:
    statement = upsert(events, slot)
    assert statement is not None
    with connection.cursor() as cursor:
        cursor.execute(*statement)


def read(sql: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def expected_rows(events: list[Counted]) -> list[tuple]:
    return [(*key, item.count, item.value) for key, item in aggregate(events)]


def expected_buckets(events: list[Counted]) -> dict[int, int]:
    return histogram.count(e.duration_us for e in events if e.duration_us is not None)


@pytest.fixture
def retailers(northgate) -> list[int]:
    return [row[0] for row in read("SELECT id FROM retailers_retailer ORDER BY id")]


@pytest.mark.parametrize("seed", range(6))
def test_many_small_statements_count_what_one_large_one_would(retailers, seed):
    draw = random.Random(seed)
    events = some_events(draw, 300, retailers)
    for start in range(0, len(events), 23):
        write(events[start : start + 23], slot=draw.randrange(3))
    assert read(ROWS) == expected_rows(events)
    assert dict(read(BUCKETS)) == expected_buckets(events)


def test_the_same_statement_twice_counts_twice(retailers):
    events = some_events(random.Random(1), 40, retailers)
    write(events)
    write(events)
    assert dict(read(BUCKETS)) == histogram.add(*[expected_buckets(events)] * 2)
    assert sum(row[-2] for row in read(ROWS)) == 80


def test_nothing_counted_is_no_statement():
    assert upsert([], 1) is None


def test_an_unknown_kind_is_refused_before_it_is_counted():
    with pytest.raises(ValueError, match="delivery/lost"):
        upsert([Counted(minute=NOON, retailer_id=1, kind="delivery", outcome="lost")], 1)


def test_unknown_money_is_counted_without_a_currency():
    known = Counted(minute=NOON, retailer_id=1, kind="received", currency="USD", value=Decimal("5.00"))
    unknown = Counted(minute=NOON, retailer_id=1, kind="received", currency="USD")
    assert [(key[-1], item.count, item.value) for key, item in aggregate([known, unknown])] == [
        ("", 1, Decimal(0)),
        ("USD", 1, Decimal("5.00")),
    ]


def test_a_failed_attempt_counts_its_class_and_hops_without_store_or_version():
    attempt = Counted(
        minute=NOON,
        retailer_id=1,
        kind="attempt",
        outcome="failed",
        connection_key="erp",
        store_key="101",
        api_version="8.2",
        duration_us=90_000,
        error_class="throttled",
        queue_us=2_000,
        transform_us=400,
    )
    rows = {key[2:4]: (key[6:8], item.count, len(item.buckets)) for key, item in aggregate([attempt])}
    assert rows == {
        ("attempt", "failed"): (("101", "8.2"), 1, 1),
        ("failure", "throttled"): (("", ""), 1, 0),
        ("hop", "queue"): (("", ""), 1, 1),
        ("hop", "transform"): (("", ""), 1, 1),
    }


@pytest.mark.parametrize("pair", [("2026-07", "2026-10"), ("", "2026-10"), ("2026-07", ""), ("", "")])
def test_requested_and_served_versions_survive_as_one_key(pair):
    assert split_versions(versions(*pair)) == pair


@pytest.mark.usefixtures("committed")
async def test_writers_in_different_slots_never_wait_for_each_other(partners):
    """Two transactions upsert the same minute and key; neither commits before both have written."""
    scope = scope_of(partners["northgate"].schema_name)
    event = Counted(minute=NOON, retailer_id=1, kind="received", connection_key="shop")
    connect = psycopg.AsyncConnection.connect
    async with await connect(conninfo()) as one, await connect(conninfo()) as two:
        for slot, writer in enumerate((one, two)):
            await writer.execute(SET_SCOPE, (scope.search_path, scope.retailers_setting))
            await asyncio.wait_for(writer.execute(*upsert([event], slot)), 5)
