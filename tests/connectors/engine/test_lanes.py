"""A person lets later messages go on without a failed one, or tries now what backs off: in order, once, on record."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from connectors.engine.lanes import CannotRelease, CannotSplit, release_delivery, split_exception
from connectors.engine.models import Entry, Lane
from connectors.engine.replay import Overtaken, StaleState, close_exception, retry_exception
from connectors.engine.selectors import standing
from governance.access.principal import command
from governance.audit.gate import ReasonMissing
from governance.audit.models import AuditEvent
from governance.registry.models import RetailConnection
from monitoring.exceptions.models import ExceptionItem, Transition
from monitoring.ledger.models import Attempt, Delivery
from monitoring.rollups.equation import equation
from tests.support.engine import World
from tests.support.orders import order

ADA = command("Ada")
FIRST, SECOND, THIRD = (f"2026-11-20T1{hour}:00:00.000000Z" for hour in (0, 1, 2))


def states() -> list[str]:
    return list(Delivery.objects.order_by("id").values_list("state", flat=True))


def exceptions() -> list[ExceptionItem]:
    return list(ExceptionItem.objects.order_by("id"))


def holds() -> bool:
    now = datetime.now(UTC)
    return equation(now - timedelta(minutes=10), now).holds


def sent(world: World) -> list[str]:
    return [version for _, version in world.erp.journal.order]


@pytest.fixture
async def parked(world: World) -> World:
    """The first of three states of order 1001 is refused: two wait behind it. The ERP knows our keys."""
    await world.ask(lambda: RetailConnection.objects.filter(key="erp").update(connector="fake_key"))
    world.erp.modes.append("refuse")
    for version in (FIRST, SECOND, THIRD):
        await world.post(order(1001, updated=version), "orders/updated")
    await world.settle()
    assert await world.ask(states) == ["exception", "waiting", "waiting"]
    return world


async def split(world: World, number: int = 0, reason: str = "the ERP takes updates alone") -> int:
    item = (await world.ask(exceptions))[number]
    return await world.ask(lambda: split_exception(item.pk, by=ADA, reason=reason))


async def retry(world: World, number: int = 0, **more) -> None:
    item = (await world.ask(exceptions))[number]
    await world.ask(lambda: retry_exception(item.pk, by=ADA, reason="again", **more))


async def test_after_a_split_the_later_ones_go_on_and_it_waits_for_itself(parked: World):
    assert await split(parked) == 2
    await parked.settle()
    assert await parked.ask(states) == ["exception", "delivered", "delivered"]
    assert sent(parked) == [SECOND, THIRD]
    [item] = await parked.ask(exceptions)
    assert item.state == "open"
    assert (await parked.ask(standing, item)).split
    assert await parked.ask(lambda: [lane.parked for lane in Lane.objects.all()]) == [True]
    assert await parked.ask(holds)


async def test_a_split_needs_a_reason_and_is_an_act_of_its_own(parked: World):
    with pytest.raises(ReasonMissing):
        await split(parked, reason=" ")
    assert await parked.ask(lambda: Lane.objects.count()) == 1
    await split(parked)
    event = await parked.ask(lambda: AuditEvent.objects.get(action="exception.split", outcome="done"))
    assert (event.actor_text, event.reason) == (ADA.text, "the ERP takes updates alone")
    last = await parked.ask(lambda: Transition.objects.order_by("id").last())
    assert (last.from_state, last.to_state, last.by) == ("open", "open", ADA.text)


async def test_what_holds_nothing_up_and_what_was_split_is_not_split(world: World):
    world.erp.modes.append("refuse")
    await world.post(order(1001))
    await world.settle()
    with pytest.raises(CannotSplit, match="Nothing waits behind it"):
        await split(world)
    await world.post(order(1001, updated=SECOND), "orders/updated")
    async with world.draining():
        while await world.ask(lambda: Entry.objects.count()) < 2:
            await asyncio.sleep(0.02)
    await split(world)
    with pytest.raises(CannotSplit, match="already"):
        await split(world)


async def test_an_older_state_than_the_accepted_one_goes_only_if_a_person_insists(parked: World):
    await split(parked)
    await parked.settle()
    with pytest.raises(Overtaken, match="accepted a newer state of this order since as DOC-1"):
        await retry(parked)
    assert sent(parked) == [SECOND, THIRD]
    await retry(parked, insist=True)
    await parked.settle()
    assert sent(parked) == [SECOND, THIRD, FIRST]
    event = await parked.ask(lambda: AuditEvent.objects.get(action="exception.retried", outcome="done"))
    assert "newer state" in str(event.after)


async def test_a_retry_puts_a_split_one_back_first_in_its_lane(parked: World):
    """Nothing was sent meanwhile: the order is whole again, and no two states are at the ERP at once."""
    await split(parked)
    await retry(parked)
    assert await parked.ask(lambda: Lane.objects.count()) == 1
    parked.erp.modes.append("hold")
    async with parked.draining():
        assert await asyncio.to_thread(parked.erp.holding.wait, 10)
        assert await parked.ask(lambda: Attempt.objects.count()) == 1
        parked.erp.release.set()
        await parked.quiet()
    assert sent(parked) == [FIRST, SECOND, THIRD]
    assert await parked.ask(states) == ["delivered"] * 3


async def test_a_retry_while_a_later_one_is_being_sent_is_refused(parked: World):
    await split(parked)
    parked.erp.modes.append("hold")
    async with parked.draining():
        assert await asyncio.to_thread(parked.erp.holding.wait, 10)
        with pytest.raises(StaleState, match="A later message of the same document is being sent"):
            await retry(parked)
        parked.erp.release.set()
        await parked.quiet()
    assert await parked.ask(states) == ["exception", "delivered", "delivered"]


async def test_what_failed_behind_a_split_one_is_sent_again_after_it(parked: World):
    """It went before what should have come before it: now both go, in order, each with its own record."""
    await split(parked)
    parked.erp.modes.append("refuse")
    await parked.settle()
    assert await parked.ask(states) == ["exception", "exception", "waiting"]
    await retry(parked, 0)
    assert [item.state for item in await parked.ask(exceptions)] == ["retrying", "retrying"]
    await parked.settle()
    assert sent(parked) == [FIRST, SECOND, THIRD]
    assert [item.state for item in await parked.ask(exceptions)] == ["resolved", "resolved"]
    done = await parked.ask(lambda: AuditEvent.objects.filter(action="exception.retried", outcome="done").count())
    assert done == 2


async def test_closing_a_split_one_leaves_the_others_alone(parked: World):
    await split(parked)
    parked.erp.modes.append("refuse")
    await parked.settle()
    first, _ = await parked.ask(exceptions)
    await parked.ask(lambda: close_exception(first.pk, by=ADA, reason="entered by hand"))
    await parked.settle()
    assert await parked.ask(states) == ["closed", "exception", "waiting"]
    assert await parked.ask(lambda: Lane.objects.get().parked)


async def test_closing_what_waits_behind_an_exception_does_not_free_the_lane(parked: World):
    await split(parked)
    parked.erp.modes.append("refuse")
    await parked.settle()
    parked.erp.modes.append("refuse")
    await retry(parked, 0)
    await parked.settle()
    assert [item.state for item in await parked.ask(exceptions)] == ["open", "retrying"]
    second = (await parked.ask(exceptions))[1]
    await parked.ask(lambda: close_exception(second.pk, by=ADA, reason="not needed any more"))
    await parked.settle()
    assert await parked.ask(states) == ["exception", "closed", "waiting"]


async def test_a_new_message_after_a_split_takes_the_lane_of_its_order(parked: World):
    await split(parked)
    await parked.settle()
    await parked.post(order(1001, updated="2026-11-20T13:00:00Z"), "orders/updated")
    await parked.settle()
    assert await parked.ask(states) == ["exception", "delivered", "delivered", "delivered"]


async def test_two_people_split_once(parked: World):
    results = await asyncio.gather(split(parked), split(parked), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["CannotSplit", "int"]
    assert await parked.ask(lambda: Entry.objects.count()) == 3


async def backing_off(world: World, mode: str) -> Delivery:
    world.erp.modes.append(mode)
    await world.post(order(1001))
    with pytest.raises(TimeoutError):
        await world.settle(within_seconds=0.8)
    await world.ask(lambda: Lane.objects.update(due_at=datetime.now(UTC) + timedelta(hours=5)))
    return await world.ask(lambda: Delivery.objects.get())


async def test_what_backs_off_is_tried_at_once_when_a_person_says_so(world: World):
    delivery = await backing_off(world, "429")
    await world.ask(lambda: release_delivery(delivery.pk, by=ADA, reason="their limit is lifted"))
    await world.settle()
    assert await world.ask(states) == ["delivered"]
    tries = await world.ask(lambda: list(Attempt.objects.order_by("number").values_list("trigger", flat=True)))
    assert tries == ["auto", "manual"]
    event = await world.ask(lambda: AuditEvent.objects.get(action="delivery.released"))
    assert (event.reason, event.object_id) == ("their limit is lifted", str(delivery.message_id))


async def test_an_uncertain_call_is_given_its_time_before_anybody_tries_again(world: World):
    delivery = await backing_off(world, "after-effect")
    with pytest.raises(CannotRelease, match="may still be at work"):
        await world.ask(lambda: release_delivery(delivery.pk, by=ADA, reason="now"))
    earlier = datetime.now(UTC) - timedelta(minutes=1)
    await world.ask(lambda: Attempt.objects.update(started_at=earlier))
    await world.ask(lambda: release_delivery(delivery.pk, by=ADA, reason="now"))
    await world.settle()
    assert sum(world.erp.journal.effects.values()) == 1


async def test_what_is_parked_or_delivered_or_due_is_not_released(world: World):
    world.erp.modes.append("refuse")
    await world.post(order(1001))
    await world.settle()
    delivery = await world.ask(lambda: Delivery.objects.get())
    with pytest.raises(CannotRelease, match="does not wait for a next try"):
        await world.ask(lambda: release_delivery(delivery.pk, by=ADA))
