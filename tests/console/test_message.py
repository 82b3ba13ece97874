"""One message: above the fold, its parts, and its personal fields."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from governance.audit.models import AuditEvent
from monitoring.ledger.models import Step
from tenants.retailers.models import Retailer
from tests.console.pages import ADA, BEN, CLEO, PageSuite, Rows
from tests.console.views.browser import signed_in
from tests.support import ledger_rows

EVE = "eve@northgate.example"


class TestMessage(PageSuite):
    action = "messages.view"
    queries = 20
    one_object = True

    def path(self, rows: Rows) -> str:
        return f"/messages/{rows.message.id}/"


class TestAttempts(TestMessage):
    def path(self, rows: Rows) -> str:
        return f"/messages/{rows.message.id}/?tab=attempts"


class TestPayload(TestMessage):
    def path(self, rows: Rows) -> str:
        return f"/messages/{rows.message.id}/?tab=payload"


class TestRelated(TestMessage):
    queries = 31

    def path(self, rows: Rows) -> str:
        return f"/messages/{rows.message.id}/?tab=related"


class TestTrail(TestMessage):
    queries = 22

    def path(self, rows: Rows) -> str:
        return f"/messages/{rows.message.id}/?tab=trail"


class TestFacts(TestMessage):
    is_html = False

    def path(self, rows: Rows) -> str:
        return f"/messages/{rows.message.id}/facts.json"


class TestBody(TestMessage):
    action = "payload.view"
    queries = 22

    def path(self, rows: Rows) -> str:
        return f"/messages/{rows.message.id}/bodies/{request_of(rows)}/"


def request_of(rows: Rows):
    step = Step.objects.filter(retailer_id=rows.shop.retailer.id, request_id__isnull=False)
    return step.order_by("id").values_list("request_id", flat=True).first()


@pytest.fixture
def shop(northgate) -> ledger_rows.Shop:
    return ledger_rows.connect(Retailer.objects.get(key="harbour-pine"), stores=3)


def page(path: str, who: str = ADA) -> str:
    return signed_in(who).get(path).content.decode()


def test_above_the_fold_stand_the_problem_its_worth_and_what_to_do(rows):
    item = rows.exception
    shown = page(f"/messages/{rows.message.id}/")
    for words in (rows.canary, item.title, "It has not reached ERP", "Harbour &amp; Pine", "Retry", "Resolve"):
        assert words in shown, words


def test_a_delivered_message_names_the_document_it_became(shop):
    message = ledger_rows.add(shop, outcome="confirmed", number="#4712")
    shown = page(f"/messages/{message.id}/")
    assert "ERP accepted it as SO-" in shown
    assert "a read-back confirmed it" in shown


def test_accepted_without_a_read_back_is_not_shown_as_proven(shop):
    shown = page(f"/messages/{ledger_rows.add(shop, outcome='delivered').id}/")
    assert "stage-unproven" in shown
    assert "not read back yet" in shown


def test_ran_accepted_and_confirmed_are_three_stages(shop):
    shown = page(f"/messages/{ledger_rows.add(shop, outcome='exception').id}/")
    states = [part.split('"')[0] for part in shown.split('<li class="stage stage-')[1:]]
    assert states == ["done", "done", "done", "failed", "open"]


def test_an_attempt_shows_its_steps_codes_latency_and_both_versions(shop):
    shown = page(f"/messages/{ledger_rows.add(shop).id}/?tab=attempts")
    for words in ("create the sale", "Queue wait", "Transform", "8.2 asked, 8.2.1 served", ">200<", "writes"):
        assert words in shown, words


def test_a_call_without_an_answer_says_so_and_no_version_is_invented(shop):
    shown = page(f"/messages/{ledger_rows.add(shop, outcome='retrying').id}/?tab=attempts")
    assert "no answer" in shown
    assert "8.2 asked, not stated served" in shown


def test_personal_fields_are_masked_in_the_payload(rows):
    shown = page(f"/messages/{rows.message.id}/?tab=payload")
    assert "@shopper.example" not in shown
    assert "json-masked" in shown
    assert "@shopper.example" not in page(f"/messages/{rows.message.id}/?tab=payload&as=raw")


def test_revealing_needs_a_reason_and_leaves_a_trace(rows):
    client, path = signed_in(ADA), f"/messages/{rows.message.id}/reveal/"
    refused = client.post(path, {"reason": "  "})
    assert refused.status_code == 403
    assert "@shopper.example" not in refused.content.decode()
    shown = client.post(path, {"reason": "the shopper asks for a copy"})
    assert "@shopper.example" in shown.content.decode()
    done = AuditEvent.objects.get(action="payload.revealed", outcome="done")
    assert (done.reason, done.object_id) == ("the shopper asks for a copy", str(rows.message.id))


def test_staff_may_see_the_payload_but_not_reveal_it(rows):
    client = signed_in(BEN)
    assert (
        "Roles that may see personal fields" in client.get(f"/messages/{rows.message.id}/?tab=payload").content.decode()
    )
    answer = client.post(f"/messages/{rows.message.id}/reveal/", {"reason": "because"})
    assert answer.status_code == 403
    assert "@shopper.example" not in answer.content.decode()


def test_nobody_reveals_another_retailers_payload(rows):
    answer = signed_in(CLEO).post(f"/messages/{rows.message.id}/reveal/", {"reason": "because"})
    assert answer.status_code == 404


def test_an_unreadable_body_is_withheld_until_it_is_revealed(shop):
    message = ledger_rows.add(shop, outcome="unreadable")
    client = signed_in(ADA)
    assert "gift for" not in client.get(f"/messages/{message.id}/?tab=payload").content.decode()
    shown = client.post(f"/messages/{message.id}/reveal/", {"reason": "find the broken sender"}).content.decode()
    assert "gift for" in shown


def test_a_body_is_found_only_under_its_own_message(rows):
    body = request_of(rows)
    other = ledger_rows.add(rows.shop, seed=9)
    client = signed_in(ADA)
    assert client.get(f"/messages/{rows.message.id}/bodies/{body}/").status_code == 200
    assert client.get(f"/messages/{other.id}/bodies/{body}/").status_code == 404


def test_related_shows_the_other_messages_of_the_same_order(shop):
    at = datetime.now(UTC)
    order = {"number": "#5001", "object_id": "5001001"}
    first = ledger_rows.add(shop, at=at - timedelta(minutes=9), **order)
    second = ledger_rows.add(shop, at=at, topic="orders/updated", seed=2, **order)
    ledger_rows.add(shop, at=at, seed=3)
    shown = page(f"/messages/{first.id}/?tab=related")
    assert f'id="m-{second.id}"' in shown
    assert shown.count("<tr data-row") == 1


def test_the_trail_is_for_those_who_may_see_it(rows):
    signed_in(ADA).post(f"/messages/{rows.message.id}/reveal/", {"reason": "a question of the shopper"})
    path = f"/messages/{rows.message.id}/?tab=trail"
    assert "a question of the shopper" in page(path, EVE)
    assert "Your role may not see the audit trail" in page(path, ADA)


def test_an_unknown_tab_is_not_found(rows):
    assert signed_in(ADA).get(f"/messages/{rows.message.id}/?tab=secrets").status_code == 404
