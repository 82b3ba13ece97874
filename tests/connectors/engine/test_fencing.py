"""A worker is stopped past its leases and goes on: everything it still writes is refused, and counted."""

from __future__ import annotations

import asyncio
import random
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.db.models.functions import Now

from connectors.engine.config import ConfigBook
from connectors.engine.drain.intents import intent_log
from connectors.engine.drain.perform import Performer
from connectors.engine.models import Lane
from governance.egress.client import Egress
from monitoring.ledger.models import Attempt, Delivery
from monitoring.rollups.equation import equation
from tenants.asyncdb import make_pool, scoped
from tests.support.cluster import TestCluster
from tests.support.engine import World, drain_process, route_only, take
from tests.support.orders import order

ORDERS = 3
REFUSED = "was taken over; its late result was refused"


async def until(world: World, question, *, within_seconds: float = 20.0) -> None:
    async with asyncio.timeout(within_seconds):
        while not await world.ask(question):
            await asyncio.sleep(0.05)


async def test_what_a_stopped_worker_writes_past_its_leases_is_refused(
    world: World, committed: TestCluster, settled_at_once: None, tmp_path: Path
):
    """Its calls had reached the target. Another drain finds what they made; the late results change nothing."""
    world.erp.modes.extend(["hold"] * ORDERS)
    for number in range(ORDERS):
        await world.post(order(1001 + number))
    log = tmp_path / "worker.log"
    with drain_process(committed, log, lease_seconds=5) as stopped:  # renewed every three
        async with asyncio.timeout(20):
            while len(world.erp.journal.calls) < 2 * ORDERS:  # each searched, each sent
                await asyncio.sleep(0.05)
        stopped.send_signal(signal.SIGSTOP)
        world.erp.release.set()
        await until(world, lambda: not Lane.objects.filter(leased_until__gt=Now()).exists())
        await world.settle(within_seconds=15)
        told = await world.ask(_told)
        stopped.send_signal(signal.SIGCONT)
        async with asyncio.timeout(20):
            while log.read_text().count(REFUSED) < ORDERS:
                await asyncio.sleep(0.05)
    assert log.read_text().count(REFUSED) == ORDERS
    assert await world.ask(_told) == told
    assert told["deliveries"] == [("delivered", "already")] * ORDERS
    assert told["attempts"] == ["interrupted", "ok"] * ORDERS
    assert set(world.erp.journal.effects.values()) == {1}
    assert len(world.erp.journal.effects) == ORDERS
    until_now = datetime.now(UTC)
    assert await world.ask(lambda: equation(until_now - timedelta(hours=1), until_now).holds)


def _told() -> dict[str, list]:
    attempts = Attempt.objects.order_by("delivery_id", "number")
    return {
        "deliveries": list(Delivery.objects.values_list("state", "effect")),
        "attempts": list(attempts.values_list("outcome", flat=True)),
        "lanes": list(Lane.objects.values_list("key", flat=True)),
    }


async def test_nobody_calls_past_the_end_of_a_lease(world: World):
    """A worker that was stopped before its call finds its lease over by its own clock, without asking anybody."""
    await world.post(order(1001))
    pool = make_pool(size=2, name="late")
    await pool.open()
    await route_only(world, pool)
    async with scoped(pool, world.scope) as connection:
        [work] = await take(connection, holder=7, limit=1)
    work.lease.until = 0.0
    egress = Egress()
    log = intent_log(pool, world.scope)
    performer = Performer(egress=egress, intents=log, rng=random.Random(7), pool=pool, scope=world.scope)
    assert await performer.perform(work, await ConfigBook().of(world.scope), ()) is None
    assert world.erp.journal.calls == []
    await egress.close()
    await pool.close()
