"""What is recognised after everything else of it is gone."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import psycopg
import pytest

from connectors.engine.intake.arrival import Arrival, Receipt, Source, Verdict
from connectors.engine.intake.store import store
from connectors.sdk.connector import Subject
from monitoring.ledger.models import BusinessKey, EventKey, Message, ObjectVersion
from monitoring.retention.clocks import WrongClock, clocks, set_clock
from monitoring.retention.holds import place_hold
from monitoring.rollups.equation import equation
from tenants.asyncdb import conninfo
from tenants.backend.base import SET_SCOPE
from tenants.ids import uuid7
from tests.monitoring.retention.conftest import BY, LONG_AGO, NOW, House


def arrival(house: House, at: datetime, body: bytes = b"{}") -> Arrival:
    shop = house.pine.source
    source = Source(house.scope.schema, shop.retailer_id, shop.pk, shop.key, shop.connector)
    subject = Subject(object_type="order", object_id="1", source_version="1")
    return Arrival(
        uuid7(at=at), source, "webhook", "orders/create", "event-1", subject, "", at, body, body * 16, 2, 0, "0" * 32
    )


def send(house: House, event: Arrival) -> Receipt:
    async def run() -> Receipt:
        async with await psycopg.AsyncConnection.connect(conninfo(), autocommit=True) as connection:
            await connection.execute(SET_SCOPE, (house.scope.search_path, "*"))
            return (await store(connection, [event]))[0]

    return asyncio.run(run())


def end(message_id: object) -> None:
    """As if it had been told to nobody."""
    Message.objects.filter(pk=message_id).update(disposition="ignored")


def test_an_event_sent_again_after_its_month_went_is_known(house: House):
    with house.session(autocommit=True) as client:
        client.execute("SELECT ledger_ensure_partitions(%s, 1)", [LONG_AGO])
    first = send(house, arrival(house, LONG_AGO))
    end(first.message_id)
    house.prune()
    assert not Message.objects.exists()
    assert send(house, arrival(house, NOW)) == Receipt(Verdict.REPEAT, first.message_id)
    assert send(house, arrival(house, NOW, b"[]")).verdict == Verdict.CONFLICT
    assert not Message.objects.exists()
    assert equation(LONG_AGO - timedelta(hours=1), LONG_AGO + timedelta(hours=1)).holds


def keys_of(house: House, retailer_id: int, at: datetime) -> None:
    known = {"retailer_id": retailer_id, "message_id": uuid7(at=at)}
    name = uuid7().bytes
    EventKey.objects.create(key=name, body_hash=b"", created_at=at, **known)
    ObjectVersion.objects.create(key=name, version="1", body_hash=b"", **known)
    BusinessKey.objects.create(id=uuid7(), type="order", value=str(uuid7()), **known)


def counts() -> tuple[int, int, int]:
    return EventKey.objects.count(), ObjectVersion.objects.count(), BusinessKey.objects.count()


def test_keys_go_after_their_own_clock(house: House):
    keys_of(house, house.pine.retailer.pk, NOW - timedelta(days=401))
    keys_of(house, house.pine.retailer.pk, NOW - timedelta(days=399))
    house.prune()
    assert counts() == (1, 1, 1)


def test_keys_of_a_held_retailer_stay(house: House):
    keys_of(house, house.pine.retailer.pk, NOW - timedelta(days=500))
    keys_of(house, house.bluebell.retailer.pk, NOW - timedelta(days=500))
    place_hold(house.pine.retailer, until=NOW.date(), by=BY, reason="a claim in court", at=NOW)
    house.prune()
    assert counts() == (1, 1, 1)
    assert EventKey.objects.get().retailer_id == house.pine.retailer.pk


@pytest.mark.parametrize(
    ("kind", "days"), [("keys", 399), ("payload", 61), ("records", 19), ("records", 401), ("payload", 0), ("mail", 90)]
)
def test_a_clock_that_would_break_a_promise_is_refused(house: House, kind: str, days: int):
    before = clocks()
    with pytest.raises(WrongClock):
        set_clock(kind, days, by=BY, reason="to save space", at=NOW)
    assert clocks() == before
