"""One retailer's burst and one retailer's slow target stand in nobody else's way."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator

import pytest
from psycopg_pool import AsyncConnectionPool

from connectors.engine.config import ConfigBook
from connectors.engine.drain import turns, worker
from connectors.engine.drain.rooms import Rooms
from connectors.engine.drain.route import plan_batch, write_batch
from connectors.engine.drain.turns import advance, next_turn
from connectors.engine.intake.arrival import Source
from connectors.engine.intake.store import store
from connectors.engine.models import Behind
from monitoring.ledger.models import Delivery, Message
from tenants.asyncdb import make_pool, scoped
from tests.support.arrivals import arrival
from tests.support.engine import World, connect
from tests.support.fake_erp import FakeErp, running_erp
from tests.support.orders import order

BLUEBELL = "b" * 32
BURST = 3_000


@pytest.fixture
async def pool() -> AsyncIterator[AsyncConnectionPool]:
    pool = make_pool(size=3, name="tests")
    await pool.open()
    yield pool
    await pool.close()


@pytest.fixture
def other_erp() -> Iterator[FakeErp]:
    with running_erp() as server:
        yield server


@pytest.fixture
async def bluebell(world: World, other_erp: FakeErp) -> AsyncIterator[World]:
    """The other retailer of the same partner, with a target of its own."""
    made = await asyncio.to_thread(connect, other_erp, "fake_search", of="bluebell", address=BLUEBELL)
    await made.intake.start()
    yield made
    await made.intake.stop()


async def burst(world: World, pool: AsyncConnectionPool, count: int, *, first: int = 1) -> None:
    """Stored as the intake stores a group, at once."""
    source = Source(world.scope.schema, world.shop.retailer_id, world.shop.pk, world.shop.key, "shopify")
    arrivals = [arrival(source, order(number)) for number in range(first, first + count)]
    async with scoped(pool, world.scope) as connection:
        await store(connection, arrivals)


async def test_a_burst_of_one_retailer_does_not_hold_up_another(
    world: World, bluebell: World, pool: AsyncConnectionPool
):
    await burst(world, pool, BURST)
    await burst(bluebell, pool, 20)
    async with world.draining(), asyncio.timeout(20):
        while len(bluebell.erp.journal.documents) < 20:
            await asyncio.sleep(0.02)
        assert 0 < len(world.erp.journal.documents) < BURST / 2


async def test_retailers_in_turn_lose_nothing_and_keep_their_order(
    world: World, bluebell: World, pool: AsyncConnectionPool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(turns, "LOOK_AHEAD", 16)
    for part in range(4):
        await burst(world, pool, 30, first=1 + 30 * part)
        await burst(bluebell, pool, 1 + part * 4, first=1 + 30 * part)
    routed = await _route_all(world, pool)
    for retailer in (world, bluebell):
        mine = [position for retailer_id, position in routed if retailer_id == retailer.shop.retailer_id]
        assert mine == sorted(mine)
    stored = await world.ask(lambda: Message.objects.count())
    assert len(routed) == len(set(routed)) == stored == await world.ask(lambda: Delivery.objects.count())
    assert [one.retailer_id for one in await world.ask(lambda: list(Behind.objects.all()))] == []


async def _route_all(world: World, pool: AsyncConnectionPool) -> list[tuple[int, int]]:
    """(retailer, position) in the order they were routed, eight at a time; more come while a burst is behind."""
    routed: list[tuple[int, int]] = []
    rng, late = random.Random(7), True
    config = await ConfigBook().of(world.scope)
    while True:
        async with scoped(pool, world.scope) as connection, connection.transaction():
            turn = await next_turn(connection, world.scope.schema, 8, rng)
            if turn.messages:
                batch = await plan_batch(connection, world.scope, config, turn)
                await write_batch(connection, world.scope, batch, Rooms(0), holder=0, slot=999)
            else:
                await advance(connection, turn.reached)
        routed += [(message.retailer_id, message.position) for message in turn.messages]
        if late and len(routed) > 60:
            late = False
            await burst(world, pool, 10, first=500)
        if not turn.reached:
            return routed


async def test_a_retailers_slow_target_leaves_room_for_another(
    world: World, bluebell: World, pool: AsyncConnectionPool, monkeypatch: pytest.MonkeyPatch
):
    """Its slots are more than the drain may have in flight at all."""
    monkeypatch.setattr(worker, "CAPACITY", 8)
    world.erp.modes.extend(["hold"] * 40)
    await burst(world, pool, 40)
    async with world.draining(), asyncio.timeout(15):
        await asyncio.to_thread(world.erp.holding.wait, 10)
        await burst(bluebell, pool, 5)
        while len(bluebell.erp.journal.documents) < 5:
            await asyncio.sleep(0.02)
        assert world.erp.journal.documents == {}
        assert world.erp.most_at_once < 8
        world.erp.release.set()
