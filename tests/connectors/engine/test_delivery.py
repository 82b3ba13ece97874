"""From a stored message to the target's document: once, in order, with everything recorded."""

from __future__ import annotations

import asyncio

import pytest
from django.db import connection

from connectors.engine import config
from connectors.engine.models import Endpoint, Entry, Intent, Lane
from connectors.engine.replay import CannotRetry, close_exception, retry_exception
from governance.access.principal import command
from governance.audit.gate import ReasonMissing
from governance.audit.models import AuditEvent
from governance.credentials.keyring import KeyNotHere
from governance.registry.models import Flow, RetailConnection
from monitoring.exceptions.models import ExceptionItem, Transition
from monitoring.ledger import payloads
from monitoring.ledger.models import Attempt, BusinessKey, Delivery, Fact, Message, Step
from monitoring.rollups.models import Minute
from tenants.context import require_scope
from tests.support.engine import World
from tests.support.orders import order

ADA = command("Ada")


def deliveries() -> list[Delivery]:
    return list(Delivery.objects.order_by("id"))


def outcomes() -> list[str]:
    return list(Attempt.objects.order_by("number").values_list("outcome", flat=True))


def leftovers() -> tuple[int, int, int]:
    return Lane.objects.count(), Entry.objects.count(), Intent.objects.count()


def the_exception() -> ExceptionItem:
    return ExceptionItem.objects.get()


async def test_an_order_becomes_one_document_with_attempt_steps_and_facts(world: World):
    await world.post(order(1001))
    await world.settle()
    [delivery] = await world.ask(deliveries)
    assert (delivery.state, delivery.document_id, delivery.effect) == ("delivered", "DOC-1", "created")
    steps = await world.ask(lambda: list(Step.objects.order_by("number").values_list("name", "status", "changes")))
    assert steps == [("search", 200, False), ("send", 200, True)]
    fact = await world.ask(lambda: Fact.objects.get())
    assert (str(fact.value), fact.currency, fact.number) == ("21.600000", "USD", "#1001")
    assert await world.ask(leftovers) == (0, 0, 0)


async def test_an_attempt_states_the_version_asked_for_and_none_that_was_not_stated(world: World):
    await world.post(order(1001))
    await world.settle()
    attempt = await world.ask(lambda: Attempt.objects.get())
    assert (attempt.version_requested, attempt.version_served) == ("1", "")


async def test_request_and_response_of_every_call_are_kept(world: World):
    await world.post(order(1001))
    await world.settle()
    step = await world.ask(lambda: Step.objects.get(name="send"))
    kept = await world.ask(lambda: payloads.read([step.request_id, step.response_id]))
    assert b"shop/5000001001" in kept[step.request_id]
    assert b"DOC-1" in kept[step.response_id]


async def test_the_document_is_found_by_its_number_in_the_target(world: World):
    await world.post(order(1001))
    await world.settle()
    assert await world.ask(lambda: BusinessKey.objects.filter(type="document", value="DOC-1").count()) == 1


async def test_events_of_one_order_reach_the_target_in_the_order_they_came(world: World):
    for second in range(5):
        await world.post(order(1001, updated=f"2026-11-20T10:00:0{second}Z"), "orders/updated")
    world.erp.modes.extend(["ok"] * 5)
    world.erp.journal.documents.clear()
    await world.settle()
    versions = await world.ask(
        lambda: list(Delivery.objects.order_by("finished_at").values_list("source_version", flat=True))
    )
    assert versions == sorted(versions)
    assert world.erp.journal.created == {"shop/5000001001": 1}


async def test_a_throttled_call_is_tried_again_and_both_attempts_are_kept(world: World, quick_retries: None):
    world.erp.modes.append("429")
    await world.post(order(1001))
    await world.settle()
    assert await world.ask(outcomes) == ["failed", "ok"]
    assert (await world.ask(deliveries))[0].state == "delivered"


async def test_a_call_that_was_cut_after_its_effect_is_asked_for_and_not_repeated(world: World, quick_retries: None):
    world.erp.modes.append("after-effect")
    await world.post(order(1001))
    await world.settle()
    assert await world.ask(outcomes) == ["uncertain", "ok"]
    assert sum(world.erp.journal.effects.values()) == 1
    assert (await world.ask(deliveries))[0].effect == "already"


async def test_an_answer_for_another_order_is_no_success(world: World):
    world.erp.modes.append("wrong-answer")
    await world.post(order(1001))
    await world.settle()
    assert (await world.ask(deliveries))[0].state == "exception"
    assert (await world.ask(the_exception)).title == "The ERP answered for another order."


async def test_a_refused_order_waits_for_a_person_with_its_value_and_number(world: World):
    world.erp.modes.append("refuse")
    await world.post(order(1001))
    await world.settle()
    item = await world.ask(the_exception)
    assert (item.error_class, item.order_number, str(item.value), item.currency) == (
        "unmapped_value",
        "#1001",
        "21.600000",
        "USD",
    )


async def test_what_follows_a_refused_order_waits_behind_it_and_other_orders_do_not(world: World):
    world.erp.modes.append("refuse")
    await world.post(order(1001))
    await world.settle()
    await world.post(order(1001, updated="2026-11-20T11:00:00Z"), "orders/updated")
    await world.post(order(1002))
    await world.settle()
    states = [d.state for d in await world.ask(deliveries)]
    assert states == ["exception", "waiting", "delivered"]
    assert world.erp.journal.created == {"shop/5000001002": 1}


async def test_a_retry_sends_the_parked_order_and_then_what_waited(world: World):
    world.erp.modes.append("refuse")
    await world.post(order(1001))
    await world.post(order(1001, updated="2026-11-20T11:00:00Z"), "orders/updated")
    await world.settle()
    item = await world.ask(the_exception)
    await world.ask(lambda: retry_exception(item.pk, by=ADA, reason="SKU added"))
    await world.settle()
    assert {d.state for d in await world.ask(deliveries)} == {"delivered"}
    item = await world.ask(the_exception)
    assert (item.state, item.resolution) == ("resolved", "Accepted by the target as DOC-1.")
    trail = await world.ask(lambda: list(Transition.objects.values_list("from_state", "to_state")))
    assert trail == [("", "open"), ("open", "retrying"), ("retrying", "resolved")]


async def test_a_retry_that_fails_again_reopens_the_same_exception(world: World):
    world.erp.modes.extend(["refuse", "refuse"])
    await world.post(order(1001))
    await world.settle()
    item = await world.ask(the_exception)
    await world.ask(lambda: retry_exception(item.pk, by=ADA, reason="again"))
    await world.settle()
    item = await world.ask(the_exception)
    assert (item.state, item.failures) == ("open", 2)


async def test_a_second_retry_says_why_it_cannot(world: World):
    world.erp.modes.append("refuse")
    await world.post(order(1001))
    await world.settle()
    item = await world.ask(the_exception)
    await world.ask(lambda: retry_exception(item.pk, by=ADA, reason="first"))
    with pytest.raises(CannotRetry, match="being retried"):
        await world.ask(lambda: retry_exception(item.pk, by=ADA, reason="second"))


async def test_closing_by_hand_needs_a_reason_and_frees_the_lane(world: World):
    world.erp.modes.append("refuse")
    await world.post(order(1001))
    await world.settle()
    item = await world.ask(the_exception)
    with pytest.raises(ReasonMissing):
        await world.ask(lambda: close_exception(item.pk, by=ADA, reason=" "))
    await world.ask(lambda: close_exception(item.pk, by=ADA, reason="entered by hand"))
    await world.post(order(1001, updated="2026-11-20T11:00:00Z"), "orders/updated")
    await world.settle()
    assert [d.state for d in await world.ask(deliveries)] == ["closed", "delivered"]
    counted = await world.ask(lambda: Minute.objects.filter(kind="delivery", outcome="closed").count())
    assert counted == 1


async def test_an_order_that_does_not_add_up_is_named_and_never_sent(world: World):
    await world.post(order(1001, total_price="99.99"))
    await world.settle()
    item = await world.ask(the_exception)
    assert item.error_class == "validation"
    assert "99.99" in item.title
    assert world.erp.journal.calls == []


async def test_an_unreachable_target_opens_the_breaker_and_nothing_is_lost(world: World, quick_retries: None):
    def move(url: str) -> None:
        world.flow.target.config = {"url": url}
        world.flow.target.save()
        connection.close()

    good = world.erp.url
    await world.ask(move, good.replace(str(world.erp.port), "1"))
    await world.ask(lambda: _allow("http://127.0.0.1:1"))
    for number in range(6):
        await world.post(order(1000 + number))
    with pytest.raises(TimeoutError):
        await world.settle(within_seconds=1.5)
    endpoint = await world.ask(lambda: Endpoint.objects.get())
    assert endpoint.breaker == "open"
    tried = await world.ask(lambda: list(Attempt.objects.values_list("delivery_id", "number")))
    assert len(set(tried)) == len(tried)
    await world.ask(move, good)
    await world.settle()
    assert {d.state for d in await world.ask(deliveries)} == {"delivered"}
    assert len(world.erp.journal.created) == 6


def _allow(url: str) -> None:
    from governance.egress.services import allow_host

    allow_host(url=url, note="closed port", by=ADA, reason="tests")


async def test_the_same_event_from_many_threads_makes_one_document(world: World):
    await asyncio.gather(*(world.post(order(1001), event_id="same") for _ in range(20)))
    await world.settle()
    assert sum(world.erp.journal.effects.values()) == 1
    assert await world.ask(lambda: Message.objects.count()) == 1


async def test_rollups_equal_the_ledger_after_a_drain(world: World, quick_retries: None):
    world.erp.modes.extend(["429", "refuse"])
    for number in range(8):
        await world.post(order(1000 + number))
    await world.post(order(1000), event_id="other", topic="carts/update")
    await world.settle()

    def compare() -> tuple[dict, dict]:
        counted: dict[tuple[str, str], int] = {}
        for kind, outcome, count in Minute.objects.values_list("kind", "outcome", "count"):
            counted[kind, outcome] = counted.get((kind, outcome), 0) + count
        states = [d.state for d in Delivery.objects.all()]
        tried = [a.outcome for a in Attempt.objects.all()]
        held = {
            ("received", ""): Message.objects.count(),
            ("disposed", "ignored"): Message.objects.filter(disposition="ignored").count(),
            ("delivery", "delivered"): states.count("delivered"),
            ("delivery", "exception"): states.count("exception"),
            ("attempt", "ok"): tried.count("ok"),
            ("attempt", "failed"): tried.count("failed"),
        }
        return {key: counted.get(key, 0) for key in held}, held

    counted, held = await world.ask(compare)
    assert counted == held


async def test_a_disconnected_target_is_sent_nothing_until_it_is_active_again(world: World):
    def put(state: str) -> None:
        RetailConnection.objects.filter(key="erp").update(state=state)

    await world.ask(put, RetailConnection.State.DISCONNECTED)
    await world.post(order(1001))
    with pytest.raises(TimeoutError):
        await world.settle(within_seconds=1.5)
    assert world.erp.journal.calls == []
    await world.ask(put, RetailConnection.State.ACTIVE)
    await world.settle()
    assert (await world.ask(deliveries))[0].state == "delivered"


async def test_a_flow_opened_a_moment_ago_takes_the_very_next_message(world: World):
    """The drain keeps configuration for seconds; "no flow takes it" is for ever."""
    await world.ask(lambda: Flow.objects.update(operations={}))
    async with world.draining():
        await world.post(order(1001))
        await world.quiet()
        await world.ask(lambda: Flow.objects.update(operations={"order": "order.upsert"}))
        await world.post(order(1002))
        await world.quiet()
    dispositions = await world.ask(lambda: list(Message.objects.order_by("id").values_list("disposition", flat=True)))
    assert dispositions == ["ignored", ""]
    assert [delivery.state for delivery in await world.ask(deliveries)] == ["delivered"]


async def test_one_partner_that_cannot_be_served_does_not_stop_another(world: World, partners, monkeypatch):
    """Tidewater's keys are gone: its configuration cannot be read, Northgate's orders go on."""
    real = config.keyring

    def keyring():
        if require_scope().schema == partners["tidewater"].schema_name:
            raise KeyNotHere("tidewater's keys are gone")
        return real()

    monkeypatch.setattr(config, "keyring", keyring)
    await world.post(order(1001))
    await world.settle()
    assert (await world.ask(deliveries))[0].state == "delivered"


async def test_a_target_off_the_allow_list_is_never_called_and_the_trail_says_so(world: World):
    def move() -> None:
        world.flow.target.config = {"url": "http://169.254.169.254"}
        world.flow.target.save()
        connection.close()

    await world.ask(move)
    await world.post(order(1001))
    await world.settle()
    assert (await world.ask(the_exception)).title.startswith("The address may not be called")
    assert await world.ask(lambda: AuditEvent.objects.filter(action="call.blocked").count()) == 1
