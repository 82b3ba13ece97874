"""Two drains share an endpoint: whoever asks second sees what the first has taken, also when it had to wait for it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from psycopg_pool import AsyncConnectionPool

from connectors.engine.drain.claim import claim
from connectors.engine.drain.rooms import Rooms, ask_rooms, take_tokens
from connectors.engine.models import Endpoint
from tenants.asyncdb import make_pool, scoped
from tests.support.engine import World, route_only
from tests.support.orders import order

ORDERS = 8


@pytest.fixture
async def pool() -> AsyncIterator[AsyncConnectionPool]:
    pool = make_pool(size=3, name="tests")
    await pool.open()
    yield pool
    await pool.close()


@pytest.fixture
async def waiting(world: World, pool: AsyncConnectionPool) -> World:
    """Eight orders in their lanes, and nobody has leased any."""
    for number in range(ORDERS):
        await world.post(order(1000 + number))
    await route_only(world, pool)
    return world


async def second_while_first_claims(world: World, pool: AsyncConnectionPool) -> tuple[int, Rooms]:
    """(how many the first leased, the rooms the second found); the second asks before the first has committed."""
    async with scoped(pool, world.scope) as one, scoped(pool, world.scope) as other:
        async with one.transaction():
            rooms = await (await ask_rooms(one, ORDERS)).rooms()
            works = await claim(one, rooms, holder=11, rng=random.Random(7))
            await take_tokens(one, rooms)
            asked = asyncio.create_task(_ask(other))
            await _until_it_waits(world, pool)
        return len(works), await asked


async def _ask(connection) -> Rooms:
    async with connection.transaction():
        return await (await ask_rooms(connection, ORDERS)).rooms()


async def _until_it_waits(world: World, pool: AsyncConnectionPool) -> None:
    sql = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    async with asyncio.timeout(5), scoped(pool, world.scope) as third:
        while (await (await third.execute(sql)).fetchone())[0] == 0:
            await asyncio.sleep(0.01)


async def test_slots_are_never_exceeded(waiting: World, pool: AsyncConnectionPool):
    await waiting.ask(lambda: Endpoint.objects.update(own_concurrency=5))
    first, rooms = await second_while_first_claims(waiting, pool)
    assert first == 5
    assert rooms.free == {}


async def test_the_rest_of_the_slots_is_the_others(waiting: World, pool: AsyncConnectionPool):
    await waiting.ask(lambda: Endpoint.objects.update(own_concurrency=5, tokens=3, per_second=0.001))
    first, rooms = await second_while_first_claims(waiting, pool)
    assert first == 3
    assert rooms.free == {}, "the bucket is empty, though two slots are free"


async def test_an_open_breaker_is_sent_one_probe_at_a_time(waiting: World, pool: AsyncConnectionPool):
    probe = {"breaker": Endpoint.Breaker.OPEN, "probe_at": Now() - timedelta(seconds=1)}
    await waiting.ask(lambda: Endpoint.objects.update(**probe))
    first, rooms = await second_while_first_claims(waiting, pool)
    assert first == 1
    assert rooms.free == {}
