"""No intervention without permission and reason, and none without a trace, done or not."""

from __future__ import annotations

import json

import pytest
from django.db import transaction

from governance.access.principal import system
from governance.audit.context import current_actor
from governance.audit.gate import ReasonMissing, Refused, gate
from governance.audit.models import AuditEvent
from tenants.context import ALL, Scope, partner_scope
from tenants.partners.models import Partner
from tenants.retailers.models import Retailer
from tests.governance.audit.people import ADA, EVE, person
from tests.support.cluster import TestCluster

ACT = "credential.rotated"


def last_event() -> AuditEvent:
    return AuditEvent.objects.order_by("-event_id")[0]


def test_an_act_and_its_event_are_one(northgate: Scope) -> None:
    with gate(ACT, by=EVE, reason="leaked") as act:
        act.before, act.after = {"version": 1}, {"version": 2}
        Retailer.objects.update(name="Changed")
    event = last_event()
    assert (event.action, event.outcome, event.reason, event.actor_id) == (ACT, "done", "leaked", "eve")
    assert json.loads(event.after) == {"version": 2}


def test_a_role_without_the_permission_is_refused_and_recorded(northgate: Scope) -> None:
    with pytest.raises(Refused, match="engineer"), gate(ACT, by=ADA, reason="leaked"):
        pytest.fail("the body ran")
    event = last_event()
    assert (event.action, event.outcome, event.actor_id) == (ACT, "refused", "ada")
    assert "may not" in json.loads(event.after)["message"]


@pytest.mark.parametrize("reason", ["", "  "])
def test_an_act_without_its_reason_is_refused_and_recorded(northgate: Scope, reason: str) -> None:
    with pytest.raises(ReasonMissing), gate(ACT, by=EVE, reason=reason):
        pytest.fail("the body ran")
    assert last_event().outcome == "refused"


def test_a_retailer_one_does_not_see_is_refused_in_the_partners_log(northgate: Scope) -> None:
    pine, bell = (Retailer.objects.get(key=key).pk for key in ("harbour-pine", "bluebell"))
    cleo = person("Cleo", "engineer", frozenset({bell}))
    with partner_scope(northgate.schema, [bell]), pytest.raises(Refused), gate(ACT, by=cleo, retailer=pine, reason="x"):
        pytest.fail("the body ran")
    event = last_event()
    assert (event.actor_id, event.outcome, event.retailer_id) == ("cleo", "refused", None)


def test_a_process_of_ours_does_not_pass_the_gate_of_people(northgate: Scope) -> None:
    with pytest.raises(Refused), gate(ACT, by=system("worker"), reason="x"):
        pytest.fail("the body ran")


def test_a_failure_takes_the_act_back_but_not_its_record(northgate: Scope) -> None:
    with pytest.raises(ZeroDivisionError), gate(ACT, by=EVE, reason="leaked"):
        Retailer.objects.update(name="Changed")
        raise ZeroDivisionError("password=hunter2")
    event = last_event()
    assert (event.outcome, json.loads(event.after)) == ("failed", {"error": "ZeroDivisionError"})
    assert not Retailer.objects.filter(name="Changed").exists()


def test_a_refusal_inside_another_act_is_recorded_though_both_roll_back(northgate: Scope) -> None:
    with pytest.raises(Refused), gate("credential.stored", by=EVE):
        Retailer.objects.update(name="Changed")
        with gate(ACT, by=ADA, reason="x"):
            pytest.fail("the body ran")
    events = AuditEvent.objects.order_by("-event_id")[:2]
    assert {(event.action, event.outcome) for event in events} == {(ACT, "refused"), ("credential.stored", "refused")}
    assert not Retailer.objects.filter(name="Changed").exists()


def test_within_the_gate_model_changes_are_the_persons(northgate: Scope) -> None:
    with gate(ACT, by=EVE, reason="leaked"):
        assert current_actor() == EVE
        retailer = Retailer.objects.get(key="bluebell")
        retailer.name = "Bluebell Living"
        retailer.save()
    change = AuditEvent.objects.filter(action="retailer.changed").latest("event_id")
    assert (change.actor_id, change.reason) == ("eve", "leaked")
    assert current_actor() is None


def test_the_outermost_gate_refuses_to_stand_in_a_transaction(committed: TestCluster) -> None:
    """There a rollback from outside could take the record of a refusal away."""
    schema = Partner.objects.get(key="northgate").schema_name
    inside = pytest.raises(RuntimeError, match="durable"), transaction.atomic(), gate(ACT, by=EVE, reason="x")
    with partner_scope(schema, ALL), inside[0], inside[1], inside[2]:
        pytest.fail("the body ran")


def test_a_refusal_is_committed_by_itself(committed: TestCluster) -> None:
    schema = Partner.objects.get(key="northgate").schema_name
    with partner_scope(schema, ALL):
        with pytest.raises(Refused), gate(ACT, by=ADA, reason="x"):
            pytest.fail("the body ran")
        assert last_event().outcome == "refused"
