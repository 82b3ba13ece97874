"""The page of routing rules: try, propose, approve by another, roll back; each in words, each by its own right."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from governance.audit.models import AuditEvent
from governance.registry.models import RetailConnection
from governance.routing.models import RuleSet
from tenants.people.models import Person
from tests.console.pages import PageSuite, Rows
from tests.console.views.browser import signed_in
from tests.console.views.test_connections import EVE
from tests.support.world import PASSWORD

OMAR = "omar@northgate.example"
HOLD = {"rules": [{"name": "All", "when": {"present": "topic"}, "then": {"hold": "everything is looked at"}}]}


def page_of(rows: Rows) -> str:
    return reverse("rules", args=[rows.shop.source.key])


class TestRules(PageSuite):
    action = "connections.view"
    one_object = True
    queries = 14

    def path(self, rows: Rows) -> str:
        rows.canary = "Canary shop"
        RetailConnection.objects.filter(pk=rows.shop.source.pk).update(label=rows.canary)
        return page_of(rows)


@pytest.fixture
def omar(northgate):
    person = Person(email=OMAR, name="Omar Approver", role="approver", all_retailers=True)
    person.set_password(PASSWORD)
    person.save()
    return signed_in(OMAR)


def send(client, rows: Rows, deed: str, definition: str = json.dumps(HOLD), reason: str = "asked for"):
    return client.post(page_of(rows), {"deed": deed, "definition": definition, "reason": reason})


def decide(client, rows: Rows, act: str, number: int = 1, reason: str = "looked at it"):
    path = reverse("rules-decide", args=[rows.shop.source.key, number, act])
    return client.post(path, {"reason": reason}, follow=True).content.decode()


def test_a_proposal_is_tried_proposed_and_approved_by_another_person(rows, omar):
    eve = signed_in(EVE)
    tried = send(eve, rows, "try").content.decode()
    assert "Of the newest 1 message, 1 would have gone another way. Nothing was changed." in tried
    assert not RuleSet.objects.exists()
    assert send(eve, rows, "propose").status_code == 302
    assert "another person has to approve it" in eve.get(page_of(rows)).content.decode()
    assert "You proposed these rules" in decide(eve, rows, "approve")
    assert "Version 1 is live" in decide(omar, rows, "approve")
    assert RuleSet.objects.get().state == "live"
    assert AuditEvent.objects.get(action="rules.approved", outcome="done").reason == "looked at it"


def test_what_was_live_comes_back_by_one_person(rows, omar):
    eve = signed_in(EVE)
    for number in (1, 2):
        send(eve, rows, "propose")
        decide(omar, rows, "approve", number)
    assert "Version 1 is live again." in decide(eve, rows, "roll-back", 1)
    assert "Version 1 is out of use" in decide(eve, rows, "retire", 1)
    assert "No rules: each message goes to every flow" in eve.get(page_of(rows)).content.decode()


def test_what_is_no_rule_is_refused_with_its_line_and_kept_in_the_form(rows):
    answer = send(signed_in(EVE), rows, "propose", '{"rules":\n [{"name": "kept"}]}')
    assert answer.status_code == 422
    assert "line 2" in answer.content.decode()
    assert "kept" in answer.content.decode()


def test_a_proposal_needs_a_reason(rows):
    answer = send(signed_in(EVE), rows, "propose", reason=" ")
    assert (answer.status_code, RuleSet.objects.exists()) == (422, False)
    assert "Please give a reason" in answer.content.decode()


def test_an_operator_looks_but_does_not_propose_or_approve(rows):
    ada = signed_in("ada@northgate.example")
    assert "<textarea" not in ada.get(page_of(rows)).content.decode()
    assert send(ada, rows, "propose").status_code == 403
    send(signed_in(EVE), rows, "propose")
    decide(ada, rows, "approve")
    assert RuleSet.objects.get().state == "proposed"


def test_a_version_or_act_that_is_not_there_is_not_found(rows):
    eve = signed_in(EVE)
    for number, act in ((9, "approve"), (1, "explode")):
        path = reverse("rules-decide", args=[rows.shop.source.key, number, act])
        assert eve.post(path, {"reason": "x"}).status_code == 404
