"""Split and release on the pages: asked by name with what follows, done with a reason, refused in words."""

from __future__ import annotations

import pytest

from connectors.engine.models import Entry, Lane
from governance.audit.models import AuditEvent
from monitoring.exceptions.models import ExceptionItem
from monitoring.ledger.models import BusinessKey, Delivery
from tenants.people.models import Person
from tenants.retailers.models import Retailer
from tests.console.pages import ADA, BEN, CLEO, PageSuite, Rows
from tests.console.test_exceptions import DIALOG, TestException
from tests.console.views.browser import signed_in
from tests.support import ledger_rows


class TestSplitQuestion(TestException):
    action = "lanes.split"

    def path(self, rows: Rows) -> str:
        return f"/exceptions/{rows.exception.id}/split/"


class TestReleaseQuestion(PageSuite):
    action = "lanes.release"
    queries = 14
    one_object = True
    shows_canary = False

    def path(self, rows: Rows) -> str:
        return f"/deliveries/{Delivery.objects.get(message_id=rows.message.id).id}/release/"


del TestException


@pytest.fixture
def shop(northgate) -> ledger_rows.Shop:
    return ledger_rows.connect(Retailer.objects.get(key="harbour-pine"), stores=3)


@pytest.fixture
def item(shop) -> ExceptionItem:
    """An open exception with two later messages behind it."""
    item = ExceptionItem.objects.get(message_id=ledger_rows.add(shop, outcome="exception", number="#7100").id)
    lane = ledger_rows.park(shop, item)
    for seed in (2, 3):
        ledger_rows.wait_behind(lane, ledger_rows.add(shop, outcome="waiting", seed=seed))
    return item


@pytest.fixture
def waiting(shop) -> Delivery:
    return ledger_rows.back_off(shop, ledger_rows.add(shop, outcome="retrying", number="#7200", seed=9))


def test_the_page_says_how_many_wait_and_the_question_what_becomes_of_them(item):
    client = signed_in(ADA)
    page = client.get(f"/exceptions/{item.id}/").content.decode()
    assert "2 later messages wait behind it." in page
    assert f"/exceptions/{item.id}/split/" in page
    question = client.get(f"/exceptions/{item.id}/split/").content.decode()
    assert "Split order #7100?" in question
    assert "2 later messages of order #7100 will be sent without it." in question


def test_a_split_needs_a_reason_and_then_says_what_it_did(item):
    client = signed_in(ADA)
    assert client.post(f"/exceptions/{item.id}/split/", {"reason": " "}).status_code == 409
    assert Lane.objects.count() == 1
    answer = client.post(f"/exceptions/{item.id}/split/", {"reason": "they stand alone"}, follow=True)
    page = answer.content.decode()
    assert "2 later messages will be sent without order #7100." in page
    assert "It was taken out of its order: later messages go without it." in page
    assert Lane.objects.filter(parked=True).count() == 1
    assert AuditEvent.objects.get(action="exception.split", outcome="done").reason == "they stand alone"
    assert "Taken out of its order" in page


def test_a_second_split_says_why_it_cannot(item):
    client = signed_in(ADA)
    client.post(f"/exceptions/{item.id}/split/", {"reason": "one"})
    answer = client.post(f"/exceptions/{item.id}/split/", {"reason": "two"})
    assert answer.status_code == 409
    assert "It was taken out of its order already." in answer.content.decode()


def test_without_anything_behind_it_there_is_no_such_button(shop):
    alone = ExceptionItem.objects.get(message_id=ledger_rows.add(shop, outcome="exception").id)
    ledger_rows.park(shop, alone)
    client = signed_in(ADA)
    assert "/split/" not in client.get(f"/exceptions/{alone.id}/").content.decode()
    assert "Nothing waits behind it." in client.get(f"/exceptions/{alone.id}/split/").content.decode()


def test_an_older_state_asks_for_a_tick(item, shop):
    """The next state of the same order was accepted: a retry says so and goes only when ticked."""
    delivery = Delivery.objects.get(pk=item.delivery_id)
    newer = Entry.objects.order_by("position").last().delivery_id
    same = {"object_type": delivery.object_type, "object_id": delivery.object_id, "document_id": "SO-9"}
    Delivery.objects.filter(pk=newer).update(state="delivered", **same)
    _same_order(item.message_id, Delivery.objects.get(pk=newer).message_id)
    client = signed_in(ADA)
    question = client.get(f"/exceptions/{item.id}/retry/").content.decode()
    assert "accepted a newer state of this order since as SO-9" in question
    assert "Send the older state all the same" in question
    assert client.post(f"/exceptions/{item.id}/retry/", {"reason": "x"}).status_code == 409
    assert client.post(f"/exceptions/{item.id}/retry/", {"reason": "x", "insist": "yes"}).status_code == 302


def _same_order(one: object, other: object) -> None:
    value = BusinessKey.objects.filter(message_id=one, type="order").values_list("value", flat=True).first()
    BusinessKey.objects.filter(message_id=other, type="order").update(value=value)


def test_what_backs_off_offers_to_be_tried_now(waiting):
    client = signed_in(ADA)
    path = f"/deliveries/{waiting.id}/release/"
    assert path in client.get(f"/messages/{waiting.message_id}/").content.decode()
    assert "Try now" in client.get(path).content.decode()
    before = Lane.objects.get().due_at
    answer = client.post(path, {"reason": "their limit is lifted"}, follow=True)
    assert "It is tried as soon as" in answer.content.decode()
    assert Lane.objects.get().due_at < before
    assert path not in answer.content.decode()
    assert AuditEvent.objects.get(action="delivery.released").reason == "their limit is lifted"


def test_what_is_due_says_so(waiting):
    client = signed_in(ADA)
    client.post(f"/deliveries/{waiting.id}/release/", {"reason": "one"})
    answer = client.post(f"/deliveries/{waiting.id}/release/", {"reason": "two"}, headers=DIALOG)
    assert answer.status_code == 409
    assert "It is due already" in answer.content.decode()
    assert "<html" not in answer.content.decode()


def test_staff_see_no_such_buttons_and_nobody_decides_for_another_retailer(item, waiting):
    ben = signed_in(BEN)
    assert "/split/" not in ben.get(f"/exceptions/{item.id}/").content.decode()
    assert "/release/" not in ben.get(f"/messages/{waiting.message_id}/").content.decode()
    Person.objects.filter(email=CLEO).update(role="operator")
    cleo = signed_in(CLEO)
    for path in (f"/exceptions/{item.id}/split/", f"/deliveries/{waiting.id}/release/"):
        assert ben.post(path, {"reason": "x"}).status_code == 403
        assert cleo.post(path, {"reason": "x"}).status_code == 404
    assert Lane.objects.count() == 2
