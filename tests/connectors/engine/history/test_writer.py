"""A loaded past is what the engine would have left: the equation holds, rollups are the ledger's, people can act."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from connectors.engine.history.writer import NothingToTell, Past, default_range, write_past
from connectors.engine.intake.arrival import Arrival, Source
from connectors.engine.models import Entry, Head, Lane
from connectors.engine.replay import close_exception
from connectors.sdk.connector import Subject
from governance.access.principal import command
from governance.registry.models import Flow
from monitoring.exceptions.models import ExceptionItem, Transition
from monitoring.ledger import payloads
from monitoring.ledger.models import Attempt, Delivery, EventKey, Message, Repeat, Step
from monitoring.rollups.equation import equation
from monitoring.rollups.folding import fold_all
from monitoring.rollups.histogram import bucket
from monitoring.rollups.selectors import latency_by_hop, messages_per_minute
from tenants.retailers.models import Retailer
from tests.support.ledger_rows import connect

DELIVERIES = 3000
DAYS = 8


@pytest.fixture
def past(northgate) -> Past:
    """3,000 deliveries in eight days, beside one flow of each retailer."""
    for key, stores in (("harbour-pine", 6), ("bluebell", 2)):
        made = connect(Retailer.objects.get(key=key), stores=stores)
        Flow.objects.filter(pk=made.flow.pk).update(operations={"order": "order.upsert", "refund": "refund.create"})
    written = Past(DELIVERIES, *default_range(DAYS, at=datetime.now(UTC)), bodies=200, chunk=900)
    assert write_past(written, writers=1) == written.messages == Message.objects.count()
    return written


def sums(sql: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def test_the_equation_holds_in_every_part_of_it(past):
    assert equation(past.since, past.until + timedelta(minutes=5)).holds
    for day in range(DAYS):
        found = equation(past.since + timedelta(days=day), past.since + timedelta(days=day + 1))
        assert found.holds
        assert found.received > 0


def test_there_are_as_many_deliveries_as_asked_for_and_two_in_a_hundred_needed_a_person(past):
    states = dict(sums("SELECT state, count(*) FROM ledger_delivery GROUP BY 1"))
    assert sum(states.values()) == DELIVERIES
    items = ExceptionItem.objects.exclude(delivery_id=None)
    assert items.count() == DELIVERIES * 2 // 100
    assert states["exception"] == items.filter(state="open").count() > 0
    assert items.filter(state="resolved").count() > 0
    assert items.values("error_class").distinct().count() >= 4


RETOLD = """
SELECT date_trunc('minute', a.started_at), a.outcome, a.connection_key, a.flow_key, f.store_key,
    a.version_requested || '|' || a.version_served, count(*)::int
FROM ledger_attempt a JOIN ledger_fact f USING (message_id) GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
"""
COUNTED = """
SELECT minute, outcome, connection_key, flow_key, store_key, api_version, sum(count)::int
FROM rollups_minute WHERE kind = 'attempt' GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
"""
FINISHED = """
SELECT date_trunc('minute', d.finished_at), d.connection_key, f.store_key, f.currency, count(*)::int, sum(f.value)
FROM ledger_delivery d JOIN ledger_fact f USING (message_id) WHERE d.state = 'delivered'
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""
DELIVERED = """
SELECT minute, connection_key, store_key, currency, sum(count)::int, sum(value)
FROM rollups_minute WHERE kind = 'delivery' AND outcome = 'delivered' GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""


def test_rollups_are_the_ledgers_minute_by_minute(past):
    assert sums(COUNTED) == sums(RETOLD)
    assert sums(DELIVERED) == sums(FINISHED)
    counted = dict(sums("SELECT kind || outcome, sum(count)::int FROM rollups_minute GROUP BY 1"))
    assert counted["received"] == Message.objects.count()
    assert counted["repeated"] == Repeat.objects.count()
    assert counted["deliveryexception"] == ExceptionItem.objects.exclude(delivery_id=None).count()
    assert counted["deliveryclosed"] == Delivery.objects.filter(state="closed").count()
    for disposition in ("ignored", "deduplicated", "superseded", "unreadable"):
        assert counted.get(f"disposed{disposition}", 0) == Message.objects.filter(disposition=disposition).count()


def test_durations_are_counted_in_the_engines_buckets(past):
    expected: dict[int, int] = {}
    for us in Attempt.objects.values_list("target_us", flat=True):
        expected[bucket(us)] = expected.get(bucket(us), 0) + 1
    hops = {hop.hop: hop for hop in latency_by_hop(past.since, past.until + timedelta(hours=7))}
    assert hops["target"].all == expected
    assert hops["end to end"].count == Delivery.objects.filter(state="delivered").count()


def test_folding_it_changes_no_dashboard(past):
    span = (past.since, past.until)
    before = messages_per_minute(*span)
    fold_all()
    assert messages_per_minute(*span) == before


def test_nothing_of_it_is_new_to_router_or_intake(past):
    """Positions below every other: else the router would send the past again."""
    assert Message.objects.latest("position").position < 1
    assert not Head.objects.filter(position__lt=1, id=Head.ROUTED).exclude(position=0).exists()
    message = Message.objects.filter(disposition="").first()
    source = Source("", message.retailer_id, message.connection_id, message.connection_key, "shopify")
    again = Arrival(
        id=message.id,
        source=source,
        door="webhook",
        topic=message.topic,
        event_id=message.event_id,
        subject=Subject("", "", ""),
        api_version="",
        received_at=message.received_at,
        body=b"",
        body_hash=b"",
        size=0,
        masked=0,
        trace_id="",
    )
    assert EventKey.objects.get(message_id=message.id).key == again.key


def test_every_open_exception_stands_parked_in_a_lane_of_its_own_and_can_be_closed(past):
    open_items = ExceptionItem.objects.filter(state="open").exclude(delivery_id=None)
    assert Lane.objects.filter(parked=True).count() == Lane.objects.count() == open_items.count()
    item = open_items.latest("id")
    close_exception(item.pk, by=command("test"), reason="entered by hand")
    assert not Entry.objects.filter(delivery_id=item.delivery_id).exists()
    assert Transition.objects.filter(exception=item).latest("id").to_state == "resolved"


def test_only_the_newest_have_bodies(past):
    newest, oldest = Message.objects.latest("id"), Message.objects.earliest("id")
    assert set(payloads.read([newest.id, oldest.id])) == {newest.id}
    assert Step.objects.exclude(request_id=None).count() <= 2 * past.bodies


def test_nothing_lies_outside_the_past(past):
    for first, last in sums(
        "SELECT min(received_at), max(received_at) FROM ledger_message"
        " UNION ALL SELECT min(started_at), max(started_at) FROM ledger_attempt"
        " UNION ALL SELECT min(finished_at), max(finished_at) FROM ledger_delivery"
        " UNION ALL SELECT min(at), max(at) FROM exceptions_transition"
    ):
        assert past.since <= first
        assert last <= past.until + timedelta(minutes=2)


def test_a_second_past_fits_below_the_first(past):
    assert write_past(Past(200, past.since, past.until, seed=8), writers=1) > 200
    assert equation(past.since, past.until + timedelta(minutes=5)).holds


def test_without_a_flow_there_is_nothing_to_tell(northgate):
    with pytest.raises(NothingToTell):
        write_past(Past(10, *default_range(1, at=datetime.now(UTC))), writers=1)
