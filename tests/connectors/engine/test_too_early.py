"""What came before the thing it belongs to: it waits, what comes next goes first, and then it goes by itself."""

from __future__ import annotations

import asyncio

import pytest

from connectors.engine.drain import policy
from connectors.engine.models import Lane
from monitoring.exceptions.models import ExceptionItem
from monitoring.ledger.models import Attempt, Delivery
from tests.support.engine import World
from tests.support.orders import order

ORDER = 5_000_001_001
AT = "2026-11-20T10:00:00Z"


def states() -> list[str]:
    return list(Delivery.objects.order_by("id").values_list("state", flat=True))


def refund(number: int) -> dict:
    return {"id": number, "order_id": ORDER, "created_at": AT, "refund_line_items": [], "transactions": []}


async def give_back(world: World, number: int = 9) -> None:
    """A refund that the ERP takes only once it has the order."""
    world.erp.needs[f"{world.shop.key}/{number}"] = f"{world.shop.key}/{ORDER}"
    await world.post(refund(number), "refunds/create")


async def sent(world: World) -> list[str]:
    return [reference.rpartition("/")[2] for reference, _ in world.erp.journal.order]


async def until(world: World, *wanted: str) -> None:
    async with asyncio.timeout(10):
        while await world.ask(states) != [*wanted]:
            await asyncio.sleep(0.02)


@pytest.fixture
async def hurried(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(policy, "BASE_SECONDS", 0.02)
    return world


async def test_the_order_that_comes_after_its_refund_goes_first_and_the_refund_after_it(world: World):
    async with world.draining():
        await give_back(world)
        await until(world, "retrying")
        await world.post(order(1001))
        await until(world, "delivered", "delivered")
    assert await sent(world) == [str(ORDER), "9"]


async def test_of_what_waits_already_the_order_goes_first(world: World):
    await give_back(world)
    await world.post(order(1001))
    await world.settle()
    assert await world.ask(states) == ["delivered", "delivered"]
    assert await sent(world) == [str(ORDER), "9"]


async def test_two_refunds_too_early_do_not_chase_each_other(hurried: World):
    await give_back(hurried, 8)
    await give_back(hurried, 9)
    async with hurried.draining():
        await until(hurried, "retrying", "exception")
    # Each had its turn; then one waited its tries out, and the other behind it.
    assert await hurried.ask(lambda: Attempt.objects.count()) == policy.MAX_EARLY_TRIES + 1


async def test_a_person_is_asked_when_the_order_does_not_come_and_it_still_goes_by_itself_when_it_does(hurried: World):
    async with hurried.draining():
        await give_back(hurried)
        await until(hurried, "exception")
        item = await hurried.ask(ExceptionItem.objects.get)
        assert (item.error_class, item.state) == ("out_of_order", "open")
        assert await hurried.ask(lambda: Lane.objects.get().parked)
        await hurried.post(order(1001))
        await until(hurried, "delivered", "delivered")
        item = await hurried.ask(ExceptionItem.objects.get)
        assert item.state == "resolved"
    assert await sent(hurried) == [str(ORDER), "9"]
    assert not await hurried.ask(Lane.objects.exists)


async def test_what_comes_next_does_not_wake_a_lane_that_waits_for_another_reason(world: World):
    world.erp.modes.append("refuse")
    await world.post(order(1001))
    await world.settle()
    await give_back(world)
    await world.settle()
    assert await world.ask(states) == ["exception", "waiting"]
