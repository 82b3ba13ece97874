"""Workers die, freeze and come back: nothing is lost, doubled, or written by one who lost the lease."""

from __future__ import annotations

import asyncio
import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest
from psycopg import OperationalError

from connectors.engine.drain import intents, perform
from connectors.engine.drain.claim import renew
from connectors.engine.drain.finish import Finisher
from connectors.engine.drain.intents import Intent, write
from connectors.engine.drain.transform import Transformed
from connectors.engine.drain.work import AttemptRecord, End, Result, Work
from connectors.engine.models import Lane
from connectors.engine.replay import StaleState, close_exception, retry_exception
from connectors.sdk.connector import Delivered
from governance.access.principal import command
from governance.registry.models import RetailConnection
from monitoring.exceptions.models import ExceptionItem
from monitoring.ledger.models import Attempt, Delivery
from tenants.asyncdb import make_pool, scoped
from tenants.ids import uuid7
from tests.support.cluster import TestCluster
from tests.support.engine import World, drain_process, route_only, take
from tests.support.orders import order

ADA = command("Ada")
DEAD = 7  # a holder id whose advisory lock nobody holds


def outcomes() -> list[str]:
    return list(Attempt.objects.order_by("number").values_list("outcome", flat=True))


def state() -> str:
    return Delivery.objects.get().state


async def lease_and_die(world: World, *, step: str | None = "", rounds: int = 1) -> None:
    """What a worker leaves that dies after its intent was committed; with `step`, after announcing that change."""
    await world.post(order(1001))
    world.flow.state = "active"
    pool = make_pool(size=1, name="dying")
    await pool.open()
    try:
        await route_only(world, pool)
        async with scoped(pool, world.scope) as connection:
            for _ in range(rounds):
                [work] = await take(connection, holder=DEAD, limit=1)
                if step:
                    await write(connection, [Intent(work, step)])
    finally:
        await pool.close()


async def test_a_dead_holders_lease_is_free_at_once_and_its_attempt_is_on_record(world: World):
    await lease_and_die(world)
    await world.settle(within_seconds=4)
    assert await world.ask(state) == "delivered"
    assert await world.ask(outcomes) == ["interrupted", "ok"]


async def test_an_interrupted_change_is_searched_for_before_it_is_made_again(world: World, settled_at_once: None):
    await lease_and_die(world, step="send")
    world.erp._apply("shop/5000001001", "v")  # the dead worker's call had reached the target
    await world.settle()
    assert sum(world.erp.journal.effects.values()) == 1
    assert (await world.ask(lambda: Delivery.objects.get())).effect == "already"


async def test_where_the_target_cannot_be_asked_a_person_decides(world: World):
    await world.ask(lambda: RetailConnection.objects.filter(key="erp").update(connector="fake_none"))
    await lease_and_die(world, step="send")
    await world.settle()
    assert await world.ask(state) == "exception"
    assert world.erp.journal.calls == []


async def test_a_message_that_kills_two_workers_is_parked_and_kept(world: World):
    await lease_and_die(world, rounds=3)
    await world.settle()
    item = await world.ask(lambda: ExceptionItem.objects.get())
    assert item.error_class == "poison"
    assert world.erp.journal.calls == []


async def test_of_all_that_died_together_one_is_suspected_at_a_time(world: World):
    """Who kills its worker again was the only suspect there: the others are not parked with it."""
    for number in range(4):
        await world.post(order(1000 + number))
    pool = make_pool(size=1, name="dying")
    await pool.open()
    await route_only(world, pool)
    async with scoped(pool, world.scope) as connection:
        assert len(await take(connection, holder=DEAD, limit=10)) == 4
        [suspect] = await take(connection, holder=DEAD + 1, limit=10)
        assert suspect.crashes == 1
        assert await take(connection, holder=DEAD + 2, limit=10, suspects=False) == []
    await pool.close()
    await world.settle()
    states = await world.ask(lambda: sorted(Delivery.objects.values_list("state", flat=True)))
    assert states == ["delivered", "delivered", "delivered", "exception"]


async def test_a_result_under_a_lost_lease_is_refused_and_writes_nothing(world: World):
    await world.post(order(1001))
    pool = make_pool(size=2, name="zombie")
    await pool.open()
    await route_only(world, pool)
    async with scoped(pool, world.scope) as connection:
        [old] = await take(connection, holder=DEAD, limit=1)
        [new] = await take(connection, holder=DEAD + 1, limit=1)
        assert new.token == old.token + 1
        finisher = Finisher(world.scope, holder=DEAD + 1, slot=999, worker="zombie", rng=None)
        late = Result(old, AttemptRecord(uuid7(), datetime.now(UTC)), End.DELIVERED, Delivered("DOC-9"))
        assert await finisher.finish(connection, [late]) == [False]
        assert await write(connection, [Intent(old, "send")]) == [False]
    await pool.close()
    assert await world.ask(state) == "waiting"
    assert await world.ask(lambda: Attempt.objects.count()) == 0


async def test_kill_9_in_the_middle_of_a_call_loses_and_doubles_nothing(
    world: World, committed: TestCluster, settled_at_once: None, tmp_path: Path
):
    world.erp.modes.append("hold")
    await world.post(order(1001))
    with drain_process(committed, tmp_path / "worker.log") as process:
        assert await asyncio.to_thread(world.erp.holding.wait, 15)
        process.send_signal(signal.SIGKILL)
        process.wait()
    world.erp.release.set()
    await world.settle()
    assert await world.ask(outcomes) == ["interrupted", "ok"]
    assert world.erp.journal.created == {"shop/5000001001": 1}


async def test_lanes_disappear_when_nothing_waits_in_them(world: World):
    for number in range(5):
        await world.post(order(number))
    await world.settle()
    assert await world.ask(lambda: Lane.objects.count()) == 0


@pytest.mark.parametrize("mode", ["500", "reset"])
async def test_a_failing_target_is_asked_again(world: World, quick_retries: None, mode: str):
    world.erp.modes.append(mode)
    await world.post(order(1001))
    await world.settle()
    assert await world.ask(outcomes) == ["uncertain", "ok"]
    assert world.erp.journal.created == {"shop/5000001001": 1}


async def test_a_lease_nobody_works_under_runs_out_though_its_drain_lives(world: World):
    """A result that could not be written must not hold its lane for as long as the drain has anything else to do."""
    await world.post(order(1001))
    pool = make_pool(size=1, name="living")
    await pool.open()
    await route_only(world, pool)
    async with scoped(pool, world.scope) as connection:
        [work] = await take(connection, holder=DEAD, limit=1)
        before = await world.ask(_leased_until)
        await renew(connection, [], holder=DEAD)
        assert await world.ask(_leased_until) == before
        await renew(connection, [work], holder=DEAD)
        assert await world.ask(_leased_until) > before
    await pool.close()


def _leased_until() -> datetime:
    return Lane.objects.get().leased_until


async def test_what_is_at_the_target_right_now_cannot_be_closed_by_hand(world: World):
    world.erp.modes.extend(["refuse", "hold"])
    await world.post(order(1001))
    await world.settle()
    item = await world.ask(lambda: ExceptionItem.objects.get())
    await world.ask(lambda: retry_exception(item.pk, by=ADA, reason="the SKU is there now"))
    async with world.draining():
        assert await asyncio.to_thread(world.erp.holding.wait, 10)
        with pytest.raises(StaleState, match="being sent right now"):
            await world.ask(lambda: close_exception(item.pk, by=ADA, reason="impatient"))
        world.erp.release.set()
        await world.quiet()
    assert await world.ask(state) == "delivered"
    assert await world.ask(lambda: ExceptionItem.objects.get().state) == "resolved"
    assert await world.ask(lambda: Lane.objects.count()) == 0


async def test_a_database_that_takes_no_intent_leaves_no_exception_behind(
    world: World, quick_retries: None, monkeypatch: pytest.MonkeyPatch
):
    """Our own trouble passes; it is no defect a person has to look at."""
    real, refusals = intents.write, [OperationalError("the server is going down")]

    async def write_or_fail(connection, wanted):
        if refusals and wanted[0].step:
            raise refusals.pop()
        return await real(connection, wanted)

    monkeypatch.setattr(intents, "write", write_or_fail)
    await world.post(order(1001))
    await world.settle()
    assert not refusals
    assert await world.ask(state) == "delivered"
    assert await world.ask(lambda: ExceptionItem.objects.count()) == 0


async def test_words_of_a_target_that_no_column_takes_fail_nobody(world: World):
    world.erp.modes.append("nul")
    await world.post(order(1001))
    await world.post(order(1002))
    await world.settle()
    assert await world.ask(lambda: sorted(Delivery.objects.values_list("state", flat=True))) == [
        "delivered",
        "exception",
    ]


async def test_a_defect_of_a_mapping_is_an_exception_and_no_dead_worker(world: World, monkeypatch: pytest.MonkeyPatch):
    def broken(work: Work) -> Transformed:
        raise KeyError("line_items")

    monkeypatch.setattr(perform, "transform", broken)
    await world.post(order(1001))
    await world.settle()
    item = await world.ask(lambda: ExceptionItem.objects.get())
    assert item.error_class == "defect"
