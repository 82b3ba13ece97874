"""Two at one lane in the worst moment: what was read before the lock is not believed, and leases outlive a stop."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest
from psycopg import AsyncConnection

from connectors.engine import config
from connectors.engine.drain import claim, intents, perform
from connectors.engine.drain.intents import Intent, write
from connectors.engine.drain.worker import Drain
from connectors.engine.models import Lane
from governance.credentials.envelope import CannotOpen
from governance.registry.models import Flow, RetailConnection
from monitoring.exceptions.models import ExceptionItem
from monitoring.ledger.models import Attempt, Delivery
from tenants.asyncdb import make_pool, scoped
from tests.support.engine import World, route_only, take
from tests.support.orders import order

DEAD = 7
NAP = 0.4


def outcomes() -> list[str]:
    return list(Attempt.objects.order_by("delivery_id", "number").values_list("outcome", flat=True))


@pytest.fixture
async def pool(world: World):
    made = make_pool(size=3, name="races")
    await made.open()
    yield made
    await made.close()


async def finish_the_first(connection: AsyncConnection) -> None:
    """As a thawed worker does: its entry goes, the lane is free for the next."""
    async with connection.transaction():
        await connection.execute("DELETE FROM engine_entry e WHERE position = (SELECT min(position) FROM engine_entry)")
        ended = "UPDATE engine_lane SET holder = NULL, leased_until = NULL, due_at = now() - interval '1 minute'"
        await connection.execute(ended)


async def test_who_waits_for_a_lane_gets_what_is_its_head_then_and_not_what_was(
    world: World, pool, monkeypatch: pytest.MonkeyPatch
):
    for second in (0, 1):
        await world.post(order(1001, updated=f"2026-11-20T10:00:0{second}Z"), "orders/updated")
    await route_only(world, pool)
    first, second = await world.ask(lambda: list(Delivery.objects.order_by("id").values_list("id", flat=True)))
    slow = claim._LEASE.replace("FROM engine_lane l WHERE", f"FROM (SELECT pg_sleep({NAP})) s, engine_lane l WHERE")
    assert slow != claim._LEASE
    async with scoped(pool, world.scope) as mine, scoped(pool, world.scope) as theirs:
        [old] = await take(mine, holder=DEAD, limit=1)
        assert old.delivery_id == first
        monkeypatch.setattr(claim, "_LEASE", slow)
        claiming = asyncio.create_task(take(mine, holder=DEAD + 1, limit=1))
        await asyncio.sleep(NAP / 2)
        await finish_the_first(theirs)
        [work] = await claiming
    assert work.delivery_id == second


async def test_a_call_announced_while_the_lane_is_taken_over_is_not_made(
    world: World, pool, monkeypatch: pytest.MonkeyPatch
):
    await world.post(order(1001))
    await route_only(world, pool)
    slow = intents._INSERT.replace(
        "FROM engine_lane l JOIN", f"FROM (SELECT pg_sleep({NAP})) s CROSS JOIN engine_lane l JOIN"
    )
    assert slow != intents._INSERT
    monkeypatch.setattr(intents, "_INSERT", slow)
    async with scoped(pool, world.scope) as zombie, scoped(pool, world.scope) as other:
        [old] = await take(zombie, holder=DEAD, limit=1)
        announcing = asyncio.create_task(write(zombie, [Intent(old, "send")]))
        await asyncio.sleep(NAP / 2)
        [new] = await take(other, holder=DEAD + 1, limit=1)
        assert new.token == old.token + 1
        assert await announcing == [False]


def leased_until() -> datetime:
    return Lane.objects.get().leased_until


async def test_a_drain_that_stops_keeps_the_leases_of_what_still_runs(world: World):
    world.erp.modes.append("hold")
    await world.post(order(1001))
    drain = Drain()
    running = asyncio.create_task(drain.run())
    await asyncio.to_thread(world.erp.holding.wait, 10)
    before = await world.ask(leased_until)
    drain.stop()
    async with asyncio.timeout(10):
        while await world.ask(leased_until) == before:
            await asyncio.sleep(0.1)
    world.erp.release.set()
    await running
    assert await world.ask(lambda: Delivery.objects.get().state) == "delivered"
    assert await world.ask(outcomes) == ["ok"]


async def test_one_secret_that_cannot_be_opened_stops_its_own_target_and_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    def second_target() -> int:
        made = RetailConnection.objects.create(
            retailer_id=world.flow.retailer_id, key="erp2", label="ERP 2", connector="fake_search"
        )
        Flow.objects.create(
            retailer_id=made.retailer_id,
            key="second",
            label="Second",
            source=world.shop,
            target=made,
            operations={"order": "order.upsert"},
        )
        return made.pk

    broken = await world.ask(second_target)
    secrets = config.call_secrets

    def opened(connection_id: int) -> dict[str, str]:
        if connection_id == broken:
            raise CannotOpen
        return secrets(connection_id)

    monkeypatch.setattr(config, "call_secrets", opened)
    await world.post(order(1001))
    await world.settle()
    found = await world.ask(lambda: dict(Delivery.objects.values_list("flow_key", "state")))
    assert found == {"sales": "delivered", "second": "exception"}
    item = await world.ask(ExceptionItem.objects.get)
    assert item.error_class == "credential"
    assert "ERP 2 cannot be called: its stored secret cannot be opened" in item.title


async def test_what_has_to_settle_after_a_death_is_tried_once_and_counted_once(
    world: World, pool, monkeypatch: pytest.MonkeyPatch
):
    """Leased too early and given back, it is no second death; and its turn does not wait for a tick each."""
    for number in range(6):
        await world.post(order(1000 + number))
    await route_only(world, pool)
    async with scoped(pool, world.scope) as connection:
        works = []
        works += await take(connection, holder=DEAD, limit=10)
        await write(connection, [Intent(work, "send") for work in works])
    monkeypatch.setattr(perform, "CALL_SECONDS", 0.0)
    monkeypatch.setattr(perform, "SETTLE_SECONDS", 2.0)
    await world.settle(within_seconds=6)
    assert await world.ask(outcomes) == ["interrupted", "ok"] * 6


async def test_a_number_no_index_takes_fails_its_own_delivery_and_none_beside_it(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    apply = world.erp._apply
    monkeypatch.setattr(
        world.erp, "_apply", lambda reference, version: apply(reference, version) + "x" * 6_000 * ("1001" in reference)
    )
    for number in (1001, 1002, 1003):
        await world.post(order(number))
    await world.settle()
    states = await world.ask(lambda: list(Delivery.objects.order_by("id").values_list("state", flat=True)))
    assert states == ["exception", "delivered", "delivered"]


async def test_keys_no_index_takes_do_not_stop_the_door_or_the_router(world: World):
    status, _ = await world.post(order(1001, name="#" + "9" * 9_000))
    assert status == 202
    status, _ = await world.post(order(1002))
    assert status == 202
    await world.settle()
    assert await world.ask(lambda: Delivery.objects.count()) == 2
