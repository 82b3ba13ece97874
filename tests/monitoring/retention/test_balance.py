"""A day that does not balance is told once, until it balances."""

from __future__ import annotations

from datetime import timedelta

import pytest

from governance.audit.models import AuditEvent
from monitoring.exceptions.models import ExceptionItem
from monitoring.ledger.models import Message
from monitoring.retention.balance import check_day
from tenants.retailers.models import Retailer
from tests.monitoring.retention.conftest import BY, NOW
from tests.support.ledger_rows import Shop, add, connect
from tests.support.rollup_rows import count_ledger

NOON = NOW.replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)


@pytest.fixture
def pine(northgate) -> Shop:
    shop = connect(Retailer.objects.get(key="harbour-pine"))
    for n in range(3):
        add(shop, outcome="delivered", at=NOON + timedelta(minutes=n), seed=n)
    count_ledger()
    return shop


def test_a_day_that_balances_opens_nothing(pine):
    assert check_day(NOON.date(), by=BY, at=NOW) == {}
    assert not ExceptionItem.objects.filter(state="open").exists()


def test_a_lost_message_is_an_exception_of_its_retailer_once(pine):
    Message.objects.order_by("pk").last().delete()
    wrong = [check_day(NOON.date(), by=BY, at=NOW) for _ in range(2)]
    assert [found["harbour-pine"].difference for found in wrong] == [1, 1]
    item = ExceptionItem.objects.get(error_class="ledger")
    assert (item.state, item.retailer_id, item.transitions.count()) == ("open", pine.retailer.pk, 1)
    assert AuditEvent.objects.filter(action="equation.unbalanced").count() == 1


def test_it_closes_by_itself_when_the_day_balances(pine):
    lost = Message.objects.order_by("pk").last()
    Message.objects.filter(pk=lost.pk).delete()
    check_day(NOON.date(), by=BY, at=NOW)
    lost.save(force_insert=True)
    assert check_day(NOON.date(), by=BY, at=NOW) == {}
    assert ExceptionItem.objects.get(error_class="ledger").state == "resolved"
