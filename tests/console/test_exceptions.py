"""What waits for a person, and the two decisions there are."""

from __future__ import annotations

import csv
import io
import re

import pytest

from governance.audit.models import AuditEvent
from monitoring.exceptions.models import ExceptionItem, Transition
from tenants.retailers.models import Retailer
from tests.console.pages import ADA, BEN, CLEO, PageSuite, Rows
from tests.console.views.browser import signed_in
from tests.support import ledger_rows

DIALOG = {"X-Fragment": "dialog"}


class TestExceptions(PageSuite):
    action = "exceptions.view"
    queries = 12

    def path(self, rows: Rows) -> str:
        return "/exceptions/"


class TestResolved(TestExceptions):
    shows_canary = False

    def path(self, rows: Rows) -> str:
        return "/exceptions/?tab=resolved"


class TestRows(TestExceptions):
    def path(self, rows: Rows) -> str:
        return "/exceptions/rows/"


class TestCount(TestExceptions):
    shows_canary = False

    def path(self, rows: Rows) -> str:
        return "/exceptions/count/"


class TestExport(TestExceptions):
    is_html = False

    def path(self, rows: Rows) -> str:
        return "/exceptions/export.csv"


class TestException(PageSuite):
    action = "exceptions.view"
    queries = 21
    one_object = True

    def path(self, rows: Rows) -> str:
        return f"/exceptions/{rows.exception.id}/"


class TestRetryQuestion(TestException):
    action = "exceptions.retry"

    def path(self, rows: Rows) -> str:
        return f"/exceptions/{rows.exception.id}/retry/"


class TestResolveQuestion(TestRetryQuestion):
    action = "exceptions.resolve"

    def path(self, rows: Rows) -> str:
        return f"/exceptions/{rows.exception.id}/resolve/"


@pytest.fixture
def shop(northgate) -> ledger_rows.Shop:
    return ledger_rows.connect(Retailer.objects.get(key="harbour-pine"), stores=3)


@pytest.fixture
def item(shop) -> ExceptionItem:
    """An open exception whose delivery stands in its lane, as the engine leaves it."""
    message = ledger_rows.add(shop, outcome="exception", number="#7100")
    item = ExceptionItem.objects.get(message_id=message.id)
    ledger_rows.park(shop, item)
    return item


def shown(client, query: str = "") -> list[str]:
    return re.findall(r'id="e-([0-9a-f-]{36})"', client.get(f"/exceptions/{query}").content.decode())


def test_a_retry_is_asked_for_by_name_and_then_done(item):
    client = signed_in(ADA)
    assert "Retry order #7100?" in client.get(f"/exceptions/{item.id}/retry/").content.decode()
    answer = client.post(f"/exceptions/{item.id}/retry/", {"reason": "the SKU was added"}, follow=True)
    item.refresh_from_db()
    assert item.state == ExceptionItem.State.RETRYING
    assert "Order #7100 is being sent again." in answer.content.decode()


def test_a_retry_leaves_who_and_why_in_the_trail_and_in_the_history(item):
    signed_in(ADA).post(f"/exceptions/{item.id}/retry/", {"reason": "the SKU was added"})
    event = AuditEvent.objects.get(action="exception.retried")
    change = Transition.objects.filter(exception=item).last()
    assert (event.reason, event.object_id) == ("the SKU was added", str(item.id))
    assert (change.from_state, change.to_state, change.by) == ("open", "retrying", "Ada Ohm <ada@northgate.example>")


def test_a_second_retry_says_why_it_cannot(item):
    client = signed_in(ADA)
    client.post(f"/exceptions/{item.id}/retry/", {"reason": "one"})
    answer = client.post(f"/exceptions/{item.id}/retry/", {"reason": "two"})
    assert answer.status_code == 409
    assert "It is being retried right now." in answer.content.decode()
    assert AuditEvent.objects.filter(action="exception.retried", outcome="done").count() == 1


def test_resolving_needs_a_reason(item):
    client = signed_in(ADA)
    answer = client.post(f"/exceptions/{item.id}/resolve/", {"reason": " "})
    item.refresh_from_db()
    assert (answer.status_code, item.state) == (409, "open")
    client.post(f"/exceptions/{item.id}/resolve/", {"reason": "entered by hand as SO-77"})
    item.refresh_from_db()
    assert (item.state, item.resolution) == ("resolved", "entered by hand as SO-77")


def test_a_decision_in_a_dialog_answers_with_one_sentence(item):
    answer = signed_in(ADA).post(f"/exceptions/{item.id}/retry/", {"reason": ""}, headers=DIALOG)
    assert answer.content.decode() == "Order #7100 is being sent again."


def test_a_dialog_is_a_part_of_a_page(item):
    question = signed_in(ADA).get(f"/exceptions/{item.id}/resolve/", headers=DIALOG).content.decode()
    assert "<html" not in question
    assert "Resolve order #7100?" in question


def test_staff_are_told_who_may_retry_and_cannot(item):
    client = signed_in(BEN)
    page = client.get(f"/exceptions/{item.id}/").content.decode()
    assert "Your role may not retry a failed delivery. These roles may: owner, admin, operator, engineer." in page
    assert client.post(f"/exceptions/{item.id}/retry/", {"reason": "please"}).status_code == 403
    item.refresh_from_db()
    assert item.state == "open"


def test_nobody_decides_for_another_retailer(item):
    client = signed_in(CLEO)
    cleo_may_not_either_way = {
        client.post(f"/exceptions/{item.id}/{act}/", {"reason": "x"}).status_code for act in ("retry", "resolve")
    }
    item.refresh_from_db()
    assert cleo_may_not_either_way <= {403, 404}
    assert item.state == "open"


def test_what_had_no_delivery_says_why_it_cannot_be_retried(shop):
    message = ledger_rows.add(shop, outcome="unreadable")
    page = signed_in(ADA).get(f"/messages/{message.id}/").content.decode()
    assert "Nothing was to be delivered, so there is nothing to retry." in page


def test_a_decision_leads_back_to_this_site_only(item):
    answer = signed_in(ADA).post(f"/exceptions/{item.id}/retry/", {"reason": "x", "next": "https://evil.example/"})
    assert answer.headers["Location"] == f"/exceptions/{item.id}/"


def test_filters_narrow_the_list(shop):
    conflict = ledger_rows.add(shop, outcome="exception", number="#7201", seed=11)
    item = ExceptionItem.objects.get(message_id=conflict.id)
    ExceptionItem.objects.filter(pk=item.pk).update(error_class="conflict")
    other = ledger_rows.add(shop, outcome="exception", number="#7202", seed=12)
    ExceptionItem.objects.filter(message_id=other.id).update(error_class="transport")
    client = signed_in(ADA)
    assert shown(client, "?class=conflict") == [str(item.id)]
    assert shown(client, "?find=7201") == [str(item.id)]
    assert len(shown(client, f"?connection={shop.target.key}")) == 2
    assert shown(client, "?retailer=bluebell") == []


def test_resolved_ones_are_behind_their_tab_with_how_they_ended(shop):
    ledger_rows.add(shop, outcome="resolved")
    client = signed_in(ADA)
    assert shown(client) == []
    assert len(shown(client, "?tab=resolved")) == 1
    assert "A retry was accepted by the target." in client.get("/exceptions/?tab=resolved").content.decode()


def test_the_strip_adds_money_up_and_never_counts_the_unknown_as_nothing(shop):
    ledger_rows.add(shop, outcome="exception", value=ledger_rows.Decimal("100.10"))
    ledger_rows.add(shop, outcome="exception", value=ledger_rows.Decimal("50.05"), seed=2)
    ledger_rows.add(shop, outcome="exception", value=None, seed=3)
    page = signed_in(ADA).get("/exceptions/").content.decode()
    assert "$150.15" in page
    assert "and 1 of unknown value" in page


def test_an_empty_queue_says_when_the_last_one_was_resolved(shop):
    client = signed_in(ADA)
    assert "Nothing has needed a decision yet." in client.get("/exceptions/").content.decode()
    ledger_rows.add(shop, outcome="resolved")
    assert "The last one was resolved" in client.get("/exceptions/").content.decode()


def test_the_count_stands_in_title_menu_and_icon(rows):
    page = signed_in(ADA).get("/messages/").content.decode()
    assert "<title>(1) Messages" in page
    assert "/favicon.svg?open=1" in page
    assert ">1</span>" in page


def test_the_file_holds_exactly_the_filtered_set(rows):
    rows.add(55)
    answer = signed_in(ADA).get("/exceptions/export.csv")
    found = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
    assert len(found) == 56
    assert {row["state"] for row in found} == {"open"}
