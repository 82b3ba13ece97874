"""What must exist first: a delivery waits for it without using up tries, and goes when it is there."""

from __future__ import annotations

import asyncio

import pytest

from connectors.engine.drain.partner import PartnerDrain
from connectors.engine.models import Entry, Lane
from connectors.engine.needs.models import Need
from connectors.engine.selectors import waiting_reason
from governance.registry.models import RetailConnection
from monitoring.exceptions.models import ExceptionItem
from monitoring.ledger.identities.models import Identity
from monitoring.ledger.identities.selectors import ids_of, told_by
from monitoring.ledger.models import Attempt, Delivery, Message
from tenants.context import partner_scope
from tests.connectors.engine.needs.conftest import FIRST, SECOND, after, noted, sent, until
from tests.support.engine import World, drain_process
from tests.support.orders import order


async def test_it_waits_without_using_tries_and_goes_when_the_thing_comes(needy: World):
    async with needy.draining():
        await needy.post(after(1002))
        await noted(needy)
        assert await needy.ask(lambda: Entry.objects.get().attempts) == 0
        assert not await needy.ask(ExceptionItem.objects.exists)
        await needy.post(order(1001))
        await until(needy, "delivered", "delivered", seconds=4)
    assert await sent(needy) == [str(FIRST), str(SECOND)]
    assert not await needy.ask(Need.objects.exists)


async def test_the_page_says_what_it_waits_for(needy: World):
    async with needy.draining():
        await needy.post(after(1002))
        await noted(needy)
    delivery = await needy.ask(Delivery.objects.get)
    said = await needy.ask(lambda: waiting_reason(delivery.pk, at=delivery.created_at))
    assert said.startswith(f"It waits for order {FIRST}, which ERP does not have yet")


async def test_after_its_time_a_person_is_asked_and_it_still_goes_by_itself(needy: World):
    await needy.ask(
        lambda: RetailConnection.objects.filter(key="erp").update(config={"url": needy.erp.url, "within": "0.5"})
    )
    async with needy.draining():
        await needy.post(after(1002))
        await until(needy, "exception")
        item = await needy.ask(ExceptionItem.objects.get)
        assert item.error_class == "out_of_order"
        assert f"for order {FIRST}, which has not come" in item.title
        await needy.post(order(1001))
        await until(needy, "delivered", "delivered")
    item = await needy.ask(ExceptionItem.objects.get)
    assert item.state == "resolved"


async def test_what_comes_between_the_look_and_the_wait_is_not_missed(needy: World, monkeypatch: pytest.MonkeyPatch):
    """The thing is committed after the target was asked and before the need is; and nobody looks every second."""
    monkeypatch.setattr("connectors.engine.drain.worker.TICK_SECONDS", 1000.0)
    began = asyncio.Event()
    go_on = asyncio.Event()
    write = PartnerDrain._write

    async def late(self: PartnerDrain, results: list) -> list[bool]:
        if any(result.problem is not None and result.problem.needed for result in results) and not began.is_set():
            began.set()
            await go_on.wait()
        return await write(self, results)

    monkeypatch.setattr(PartnerDrain, "_write", late)
    async with needy.draining():
        await needy.post(after(1002))
        await asyncio.wait_for(began.wait(), 5)
        monkeypatch.setattr(PartnerDrain, "_write", write)
        row = await needy.ask(lambda: _identity(needy))
        go_on.set()
        await until(needy, "delivered")
    assert row.external_id == "DOC-9"


def _identity(world: World) -> Identity:
    message = Message.objects.get()
    return Identity.objects.create(
        retailer_id=world.flow.retailer_id,
        object_type="order",
        master_connection_id=world.shop.pk,
        master_connection_key=world.shop.key,
        master_id=str(FIRST),
        connection_id=world.flow.target_id,
        connection_key="erp",
        external_id="DOC-9",
        how="found",
        since=message.received_at,
        message_id=message.pk,
    )


async def test_one_that_goes_on_lacking_it_does_not_turn_in_circles(needy: World, monkeypatch: pytest.MonkeyPatch):
    """The cross-reference says it is there, and the connector does not believe it: woken once, then it waits."""
    from tests.support import fake_erp

    async def unknown(self: object, object_type: str, object_id: str) -> None:
        return None

    monkeypatch.setattr("connectors.engine.drain.call.EngineCall.known", unknown)
    assert fake_erp.CONNECTORS
    async with needy.draining():
        await needy.post(after(1002))
        await noted(needy)
        await needy.post(order(1001))
        await until(needy, "retrying", "delivered")
        await asyncio.sleep(1.2)  # the drain looks every second
    assert await needy.ask(lambda: Attempt.objects.filter(delivery_id=Need.objects.get().delivery_id).count()) == 2


async def test_a_drain_that_dies_before_it_wakes_costs_a_second(needy: World, committed, tmp_path):
    async with needy.draining():
        await needy.post(after(1002))
        await noted(needy)
    await needy.ask(lambda: _identity(needy))  # committed, and whoever told it is gone
    process = drain_process(committed, tmp_path / "drain.log")
    with process:
        await until(needy, "delivered", seconds=30)


async def test_the_ids_of_an_order_are_known_over_systems_with_their_master(needy: World):
    await needy.post(order(1001))
    await needy.settle()
    told = await needy.ask(lambda: ids_of("order", needy.shop.pk, str(FIRST)))
    assert [(one.connection_key, one.external_id, one.is_master) for one in told] == [
        ("shop", str(FIRST), True),
        ("erp", "DOC-1", False),
    ]
    message = await needy.ask(Message.objects.get)
    things = await needy.ask(lambda: told_by(message.pk))
    assert {thing.object_type for thing in things} == {"order", "product"}


async def test_another_retailer_sees_and_wakes_nothing_of_it(needy: World):
    await needy.post(order(1001))
    await needy.settle()

    def seen_by_bluebell() -> int:
        from tenants.retailers.models import Retailer

        other = Retailer.objects.get(key="bluebell").pk
        with partner_scope(needy.scope.schema, [other]):
            return Identity.objects.count() + Need.objects.count()

    assert await needy.ask(Identity.objects.count) == 2
    assert await needy.ask(seen_by_bluebell) == 0


async def test_a_later_state_of_the_same_order_does_not_overtake_one_that_waits(needy: World):
    async with needy.draining():
        await needy.post(after(1002))
        await noted(needy)
        await needy.post(order(1002, updated="2026-11-20T11:00:00Z"), "orders/updated")
        await needy.post(order(1001))
        await until(needy, "delivered", "delivered", "delivered")
    assert await sent(needy) == [str(FIRST), str(SECOND), str(SECOND)]
    lanes = await needy.ask(Lane.objects.count)
    assert lanes == 0


def refund(number: int) -> dict:
    made = {"id": number, "order_id": FIRST, "created_at": "2026-11-20T10:00:00Z", "note": str(FIRST)}
    return made | {"refund_line_items": [], "transactions": []}


async def test_what_it_needs_may_come_behind_it_in_its_own_lane(needy: World):
    async with needy.draining():
        await needy.post(refund(8), "refunds/create")
        await needy.post(refund(9), "refunds/create")
        await noted(needy, 2)  # neither chases the other
        await needy.post(order(1001))
        await until(needy, "delivered", "delivered", "delivered")
    assert (await sent(needy))[0] == str(FIRST)
