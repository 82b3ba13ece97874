"""Rules decide about real messages: filtered, held, branched; proposed by one, approved by another, rolled back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.engine.replay import close_exception, retry_exception
from connectors.engine.rules.selectors import dry_run
from connectors.engine.rules.services import (
    RulesRefused,
    approve_rules,
    propose_rules,
    retire_rules,
    roll_back_rules,
    withdraw_rules,
)
from governance.access.principal import Principal, command
from governance.access.roles import ACTIONS_BY_ROLE
from governance.audit.gate import ReasonMissing, Refused
from governance.audit.models import AuditEvent
from governance.registry.models import Flow
from governance.routing.models import RuleSet
from monitoring.exceptions.models import ExceptionItem
from monitoring.ledger.models import Delivery, Message
from tenants.context import ALL
from tests.support.engine import World
from tests.support.orders import order

ADA, BEN = command("Ada"), command("Ben")
LARGE = {
    "name": "Large",
    "when": {"eq": ["body.source_name", {"value": "wholesale"}]},
    "then": {"hold": "a person looks first"},
}
TESTS = {"name": "Test orders", "when": {"eq": ["body.test", True]}, "then": {"filter": "never in the books"}}


def text(*rules: dict[str, Any]) -> str:
    return json.dumps({"rules": [*rules]})


def propose(world: World, *rules: dict[str, Any], by: Principal = ADA) -> RuleSet:
    return propose_rules(world.shop, text(*rules), by=by, reason="the accountant asked")


def live(world: World, *rules: dict[str, Any]) -> RuleSet:
    return approve_rules(propose(world, *rules), by=BEN, reason="looked at the dry run")


def states() -> list[str]:
    return list(Delivery.objects.order_by("id").values_list("state", flat=True))


async def test_a_filtered_message_goes_nowhere_and_says_which_rule_did_it(world: World):
    await world.ask(live, world, TESTS)
    await world.post(order(1001, test=True))
    await world.post(order(1002, test=False))
    await world.settle()
    filtered, sent = await world.ask(lambda: list(Message.objects.order_by("position")))
    assert (filtered.disposition, filtered.rule) == (
        "filtered",
        "Rule “Test orders” of version 1: never in the books",
    )
    assert sent.disposition == ""
    assert list(world.erp.journal.documents) == [f"{world.shop.key}/{sent.object_id}"]


async def test_an_older_version_of_what_was_filtered_does_not_slip_through(world: World):
    await world.ask(live, world, TESTS)
    await world.post(order(1001, test=True, updated="2026-11-20T11:00:00Z"))
    await world.post(order(1001, test=False, updated="2026-11-20T10:00:00Z"))
    await world.settle()
    assert await world.ask(states) == []


async def test_what_is_held_waits_for_a_person_calls_nobody_and_goes_when_they_retry_it(world: World):
    await world.ask(live, world, LARGE)
    await world.post(order(1001, source_name="wholesale"))
    await world.post(order(1002))
    await world.settle()
    assert await world.ask(states) == ["exception", "delivered"]
    item = await world.ask(ExceptionItem.objects.get)
    assert item.error_class == "held"
    assert "Rule “Large” of version 1: a person looks first" in item.title
    assert len(world.erp.journal.documents) == 1
    await world.ask(lambda: retry_exception(item.pk, by=ADA, reason="it is real"))
    await world.settle()
    assert await world.ask(states) == ["delivered", "delivered"]


async def test_what_is_held_may_end_there(world: World):
    await world.ask(live, world, LARGE)
    await world.post(order(1001, source_name="wholesale"))
    await world.settle()
    item = await world.ask(ExceptionItem.objects.get)
    await world.ask(lambda: close_exception(item.pk, by=ADA, reason="a joke order"))
    assert await world.ask(states) == ["closed"]
    assert not world.erp.journal.calls


async def test_a_branch_sends_only_to_the_flows_it_names_and_the_delivery_says_so(world: World):
    def second_flow() -> None:
        Flow.objects.create(
            retailer_id=world.flow.retailer_id,
            key="tills",
            label="Tills",
            source=world.shop,
            target=world.flow.target,
            operations={"order": "order.upsert"},
        )
        tills = {"name": "Tills", "when": {"eq": ["body.source_name", {"value": "pos"}]}, "then": {"route": ["tills"]}}
        live(world, tills)

    # Two flows to one target would be refused at the form; here they tell the branches apart.
    await world.ask(second_flow)
    await world.post(order(1001, source_name="pos"))
    await world.post(order(1002, source_name="web"))
    await world.settle()
    found = await world.ask(lambda: list(Delivery.objects.order_by("message_id", "flow_key")))
    assert [(one.flow_key, one.rule) for one in found] == [
        ("tills", "Rule “Tills” of version 1"),
        (world.flow.key, ""),
        ("tills", ""),
    ]


async def test_a_change_counts_for_the_next_message_also_in_a_drain_that_has_read_the_old_rules(world: World):
    async with world.draining():
        await world.post(order(1001, source_name="wholesale"))
        await world.quiet()
        await world.ask(live, world, LARGE)
        await world.post(order(1002, source_name="wholesale"))
        await world.quiet()
    assert await world.ask(states) == ["delivered", "exception"]


async def test_whoever_proposed_rules_does_not_approve_them(world: World):
    made = await world.ask(propose, world, LARGE)
    with pytest.raises(RulesRefused, match="another person"):
        await world.ask(lambda: approve_rules(made, by=ADA, reason="quick"))
    assert (await world.ask(RuleSet.objects.get)).state == "proposed"
    kept = await world.ask(lambda: AuditEvent.objects.get(action="rules.approved"))
    assert kept.outcome == "failed"


async def test_earlier_rules_come_back_at_once_and_the_trail_tells_both(world: World):
    first, second = await world.ask(live, world, LARGE), await world.ask(live, world, TESTS)
    assert await world.ask(lambda: [one.state for one in RuleSet.objects.order_by("number")]) == ["retired", "live"]
    await world.ask(lambda: roll_back_rules(first, by=ADA, reason="filters real orders"))
    assert await world.ask(lambda: [one.state for one in RuleSet.objects.order_by("number")]) == ["live", "retired"]
    event = await world.ask(lambda: AuditEvent.objects.get(action="rules.rolled_back"))
    assert json.loads(event.before) == {"version": second.number}
    assert json.loads(event.after)["version"] == first.number


async def test_a_proposal_may_be_withdrawn_and_live_rules_retired_and_nothing_twice(world: World):
    await world.ask(lambda: withdraw_rules(propose(world, LARGE), by=ADA, reason="wrong amount"))
    made = await world.ask(live, world, LARGE)
    await world.ask(lambda: retire_rules(made, by=ADA, reason="not needed"))
    with pytest.raises(RulesRefused, match="retired by now"):
        await world.ask(lambda: retire_rules(made, by=ADA, reason="again"))
    await world.post(order(1001, source_name="wholesale"))
    await world.settle()
    assert await world.ask(states) == ["delivered"]


async def test_rules_need_the_right_and_a_reason(world: World):
    seen = Principal("person", "9", "Olu", "operator", ALL, ACTIONS_BY_ROLE["operator"])
    with pytest.raises(Refused):
        await world.ask(lambda: propose(world, LARGE, by=seen))
    with pytest.raises(ReasonMissing):
        await world.ask(lambda: propose_rules(world.shop, text(LARGE), by=ADA, reason=" "))
    with pytest.raises(RulesRefused, match="line 1"):
        await world.ask(lambda: propose_rules(world.shop, '{"rules": [{}]}', by=ADA, reason="x"))
    assert not await world.ask(RuleSet.objects.exists)


async def test_a_dry_run_says_what_rules_would_have_done_and_writes_nothing(world: World):
    for number, name in ((1001, "wholesale"), (1002, "web"), (1003, "wholesale")):
        await world.post(order(number, source_name=name))
    await world.settle()
    before = await world.ask(lambda: (Message.objects.count(), states()))
    found = await world.ask(lambda: dry_run(world.shop, text(LARGE)))
    assert (found.looked_at, found.changed) == (3, 2)
    assert sorted(found.by_rule) == [("", "to every flow that takes it", 1), ("Large", "held for a person", 2)]
    assert {change.message.object_id for change in found.changes} == {"5000001001", "5000001003"}
    assert await world.ask(lambda: (Message.objects.count(), states())) == before
