"""For any range: received = delivered + open + waiting + filtered + ignored + deduplicated + superseded + closed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitoring.exceptions.models import ExceptionItem
from monitoring.ledger.models import Delivery
from monitoring.rollups.equation import TERMS, equation
from tenants.context import partner_scope
from tenants.retailers.models import Retailer
from tests.support.ledger_rows import Shop, add, add_day, connect
from tests.support.rollup_rows import count_ledger

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DAY = (NOON - timedelta(days=1), NOON)
HOUR = timedelta(hours=1)


@pytest.fixture
def pine(northgate) -> Shop:
    return connect(Retailer.objects.get(key="harbour-pine"), stores=3)


@pytest.mark.parametrize(
    ("outcome", "term"),
    [
        ("confirmed", "delivered"),
        ("delivered", "delivered"),
        ("waiting", "waiting"),
        ("retrying", "waiting"),
        ("exception", "open"),
        ("unreadable", "open"),
        ("resolved", "delivered"),
        ("ignored", "ignored"),
        ("filtered", "filtered"),
        ("deduplicated", "deduplicated"),
        ("older", "superseded"),
        ("superseded", "superseded"),
    ],
)
def test_each_outcome_is_exactly_one_term(pine, outcome, term):
    add(pine, outcome=outcome, at=NOON - HOUR)
    count_ledger()
    found = equation(*DAY)
    assert found.holds
    assert {name: n for name, n in found.terms.items() if n} == {term: 1}


def test_a_repeat_was_received_too(pine):
    add(pine, outcome="repeated", at=NOON - HOUR)
    count_ledger()
    found = equation(*DAY)
    assert (found.received, found.terms["delivered"], found.terms["deduplicated"]) == (2, 1, 1)


def test_what_a_person_closed_is_closed(pine):
    unreadable = add(pine, outcome="unreadable", at=NOON - HOUR)
    failed = add(pine, outcome="exception", at=NOON - HOUR, seed=2)
    ExceptionItem.objects.filter(message_id__in=[unreadable.id, failed.id]).update(state="resolved")
    Delivery.objects.filter(message_id=failed.id).update(state="closed")
    count_ledger()
    assert equation(*DAY).terms["closed"] == 2


def test_of_two_deliveries_the_one_that_needs_attention_decides(pine):
    message = add(pine, outcome="confirmed", at=NOON - HOUR)
    other = Delivery.objects.get(message_id=message.id)
    other.id, other.flow_id, other.state = type(other.id)(int=other.id.int + 1), other.flow_id + 1000, "exception"
    other.save(force_insert=True)
    count_ledger()
    assert equation(*DAY).terms["open"] == 1


def test_of_one_flows_deliveries_the_last_one_decides(pine):
    message = add(pine, outcome="exception", at=NOON - HOUR)
    replay = Delivery.objects.get(message_id=message.id)
    replay.id, replay.kind, replay.state = type(replay.id)(int=replay.id.int + 1), "replay", "delivered"
    replay.save(force_insert=True)
    count_ledger()
    assert equation(*DAY).terms["delivered"] == 1


def test_a_whole_day_holds_in_every_hour_of_it(pine):
    add_day(pine, messages=400, at=NOON)
    count_ledger()
    assert equation(*DAY).holds
    for hour in range(24):
        found = equation(NOON - HOUR * (hour + 1), NOON - HOUR * hour)
        assert found.holds
        assert set(found.terms) == set(TERMS)


def test_what_was_counted_and_is_not_in_the_ledger_shows(pine):
    message = add(pine, outcome="ignored", at=NOON - HOUR)
    count_ledger()
    message.delete()
    assert equation(*DAY).difference == 1


def test_a_retailers_people_see_their_own_equation(northgate, pine):
    add(pine, outcome="confirmed", at=NOON - HOUR)
    bluebell = Retailer.objects.get(key="bluebell")
    add(connect(bluebell, stores=1), outcome="exception", at=NOON - HOUR)
    count_ledger()
    with partner_scope(northgate.schema, [bluebell.pk]):
        found = equation(*DAY)
    assert (found.received, found.terms["open"], found.terms["delivered"]) == (1, 1, 0)
