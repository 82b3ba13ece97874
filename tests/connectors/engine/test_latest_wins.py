"""Latest-wins: only the newest state of an object is sent; what it replaced is counted and says why."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from connectors.engine.drain.claim import release
from connectors.engine.drain.intents import Intent, write
from connectors.engine.drain.policy import SETTLE_SECONDS
from connectors.engine.models import Entry, Lane
from connectors.engine.models import Intent as IntentRow
from connectors.engine.replay import StaleState, close_exception, retry_exception
from governance.access.principal import command
from governance.registry.models import Flow, RetailConnection
from monitoring.exceptions.models import ExceptionItem
from monitoring.ledger.models import Attempt, Delivery, Message
from monitoring.rollups.equation import equation
from monitoring.rollups.models import Minute
from tenants.asyncdb import make_pool, scoped
from tests.support.engine import World, route_only, take
from tests.support.orders import order

ADA = command("Ada")
DEAD = 7


@pytest.fixture
async def newest(world: World) -> AsyncIterator[World]:
    """The same shop and ERP with a flow in which only the newest counts."""

    def change() -> None:
        Flow.objects.update(mode=Flow.Mode.LATEST_WINS)
        RetailConnection.objects.filter(key="erp").update(connector="fake_key")

    await world.ask(change)
    yield world


def version(second: int) -> str:
    return f"2026-11-20T10:00:{second:02}.000000Z"


async def post(world: World, number: int, second: int) -> None:
    await world.post(order(number, updated=version(second)), "orders/updated")


def states() -> list[str]:
    return list(Delivery.objects.order_by("id").values_list("state", flat=True))


def counted(outcome: str) -> int:
    rows = Minute.objects.filter(kind="delivery", outcome=outcome)
    return sum(rows.values_list("count", flat=True))


def books() -> tuple[bool, int]:
    """(whether the equation holds, how many of the arrivals were superseded)."""
    now = datetime.now(UTC)
    found = equation(now - timedelta(minutes=10), now)
    return found.holds, found.terms["superseded"]


def sent(world: World, number: int) -> list[str]:
    return [version for reference, version in world.erp.journal.order if reference == f"shop/{5_000_000_000 + number}"]


async def test_of_what_waits_together_only_the_newest_is_sent(newest: World):
    for second in range(5):
        await post(newest, 1001, second)
    await post(newest, 1002, 0)
    await newest.settle()
    assert len(sent(newest, 1001)) == len(sent(newest, 1002)) == 1
    assert await newest.ask(states) == ["superseded"] * 4 + ["delivered"] * 2
    assert await newest.ask(lambda: counted("superseded")) == 4
    assert await newest.ask(books) == (True, 4)


async def test_a_superseded_delivery_names_the_newer_message_and_has_ended(newest: World):
    await post(newest, 1001, 0)
    await post(newest, 1001, 1)
    await newest.settle()
    older, newer = await newest.ask(lambda: list(Delivery.objects.order_by("id")))
    assert older.rule == f"A newer order came before this one was sent: {newer.message_id}"
    assert older.finished_at is not None
    assert (newer.rule, newer.state) == ("", "delivered")
    assert await newest.ask(lambda: (Lane.objects.count(), Entry.objects.count())) == (0, 0)


async def test_what_was_parked_gives_way_to_the_newer_and_its_exception_is_resolved(newest: World):
    newest.erp.modes.append("refuse")
    await post(newest, 1001, 0)
    await newest.settle()
    assert await newest.ask(states) == ["exception"]
    await post(newest, 1001, 1)
    await newest.settle()
    item = await newest.ask(lambda: ExceptionItem.objects.get())
    assert await newest.ask(states) == ["superseded", "delivered"]
    assert (item.state, item.resolution[:13]) == ("resolved", "A newer order")
    assert await newest.ask(books) == (True, 1)


async def test_what_backs_off_gives_way_at_once(newest: World, slow_retries: None):
    """The newer value does not wait for the older one's back-off."""
    newest.erp.modes.append("429")
    await post(newest, 1001, 0)
    with pytest.raises(TimeoutError):
        await newest.settle(within_seconds=0.6)
    assert await newest.ask(states) == ["retrying"]
    await post(newest, 1001, 1)
    await newest.settle(within_seconds=3)
    assert await newest.ask(states) == ["superseded", "delivered"]
    assert await newest.ask(lambda: Attempt.objects.count()) == 2


async def test_an_uncertain_one_gives_way_but_the_newer_waits_until_the_cut_call_is_over(newest: World):
    newest.erp.modes.append("after-effect")
    await post(newest, 1001, 0)
    with pytest.raises(TimeoutError):
        await newest.settle(within_seconds=0.6)
    await newest.ask(lambda: Lane.objects.update(due_at=datetime.now(UTC) + timedelta(hours=9)))
    await post(newest, 1001, 1)
    with pytest.raises(TimeoutError):
        await newest.settle(within_seconds=0.6)
    wait = (await newest.ask(lambda: Lane.objects.get().due_at)) - datetime.now(UTC)
    assert timedelta(seconds=2) < wait <= timedelta(seconds=SETTLE_SECONDS)
    assert await newest.ask(states) == ["superseded", "waiting"]


@pytest.mark.parametrize("mode", ["429", "refuse"])
async def test_what_fails_while_a_newer_one_waits_is_superseded_and_not_retried_nor_parked(newest: World, mode: str):
    newest.erp.modes.append(f"hold {mode}")
    await post(newest, 1001, 0)
    async with newest.draining():
        assert await asyncio.to_thread(newest.erp.holding.wait, 10)
        await post(newest, 1001, 1)
        await _routed(newest, 2)
        assert await newest.ask(states) == ["waiting", "waiting"]  # the one at the ERP is left alone
        newest.erp.release.set()
        await newest.quiet()
    assert await newest.ask(states) == ["superseded", "delivered"]
    assert await newest.ask(lambda: ExceptionItem.objects.count()) == 0
    assert await newest.ask(lambda: (counted("exception"), counted("superseded"))) == (0, 1)
    older, newer = await newest.ask(lambda: list(Delivery.objects.order_by("id")))
    assert older.rule == f"A newer order came before this one was accepted: {newer.message_id}"


async def test_what_is_at_the_target_and_succeeds_is_delivered_and_then_the_newest(newest: World):
    newest.erp.modes.append("hold")
    await post(newest, 1001, 0)
    async with newest.draining():
        assert await asyncio.to_thread(newest.erp.holding.wait, 10)
        for second in (1, 2, 3):
            await post(newest, 1001, second)
        await _routed(newest, 4)
        newest.erp.release.set()
        await newest.quiet()
    assert await newest.ask(states) == ["delivered", "superseded", "superseded", "delivered"]
    assert await newest.ask(books) == (True, 2)


async def test_a_worker_that_died_on_the_older_one_leaves_the_newest_delivered(newest: World):
    """The dead worker's call may have been made: the older one goes again with its key, then the newest."""
    await post(newest, 1001, 0)
    pool = make_pool(size=1, name="dying")
    await pool.open()
    await route_only(newest, pool)
    async with scoped(pool, newest.scope) as connection:
        [work] = await take(connection, holder=DEAD, limit=1)
        await write(connection, [Intent(work, "send")])
    newest.erp._apply("shop/5000001001", version(0))
    await post(newest, 1001, 1)
    await post(newest, 1001, 2)
    await route_only(newest, pool)
    await pool.close()
    assert await newest.ask(states) == ["waiting", "superseded", "waiting"]
    await newest.settle()
    assert await newest.ask(states) == ["delivered", "superseded", "delivered"]
    assert sent(newest, 1001) == [version(0), version(0), version(2)]  # class 1: the same key absorbs the second
    assert await newest.ask(lambda: IntentRow.objects.count()) == 0


async def test_what_a_dead_worker_may_have_sent_is_asked_for_before_the_newest_goes(newest: World):
    """Its lease was given back until its call must be over: neither that wait nor its attempt may be lost."""
    await post(newest, 1001, 0)
    pool = make_pool(size=1, name="dying")
    await pool.open()
    await route_only(newest, pool)
    async with scoped(pool, newest.scope) as connection:
        [work] = await take(connection, holder=DEAD, limit=1)
        await write(connection, [Intent(work, "send")])
        await release(connection, [work], [20.0])
    for second in (1, 2):
        await post(newest, 1001, second)
    await route_only(newest, pool)
    await pool.close()
    assert await newest.ask(states) == ["waiting", "superseded", "waiting"]
    wait = (await newest.ask(lambda: Lane.objects.get().due_at)) - datetime.now(UTC)
    assert wait > timedelta(seconds=15)
    await newest.ask(lambda: Lane.objects.update(due_at=datetime.now(UTC)))
    await newest.settle()
    assert sent(newest, 1001) == [version(0), version(2)]
    tries = await newest.ask(lambda: list(Attempt.objects.order_by("id").values_list("outcome", flat=True)))
    assert sorted(tries) == ["interrupted", "ok", "ok"]


async def test_an_older_version_that_arrives_late_is_not_sent(newest: World):
    await post(newest, 1001, 5)
    await newest.settle()
    await post(newest, 1001, 3)
    await newest.settle()
    assert sent(newest, 1001) == [version(5)]
    late = await newest.ask(lambda: Message.objects.latest("position"))
    assert late.disposition == "superseded"
    assert await newest.ask(books) == (True, 1)


async def test_a_refund_never_supersedes_its_order(newest: World):
    """They share a lane where order matters; here each object is for itself."""
    newest.erp.modes.append("refuse")
    await post(newest, 1001, 0)
    await newest.settle()
    refund = {"id": 9, "order_id": 5_000_001_001, "created_at": version(1), "refund_line_items": [], "transactions": []}
    await newest.post(refund, "refunds/create")
    await newest.settle()
    first = await newest.ask(lambda: Delivery.objects.get(object_type="order"))
    assert first.state == "exception"
    assert await newest.ask(lambda: Delivery.objects.count()) == 2


@pytest.mark.parametrize("mode", [Flow.Mode.STRICT, Flow.Mode.UNORDERED])
async def test_in_the_other_modes_nothing_is_superseded(world: World, mode: str):
    await world.ask(lambda: Flow.objects.update(mode=mode))
    for second in range(4):
        await post(world, 1001, second)
    await world.settle()
    assert await world.ask(states) == ["delivered"] * 4
    assert await world.ask(lambda: counted("superseded")) == 0


async def test_a_person_who_decides_about_what_was_just_superseded_is_told_so(newest: World):
    newest.erp.modes.append("refuse")
    await post(newest, 1001, 0)
    await newest.settle()
    item = await newest.ask(lambda: ExceptionItem.objects.get())
    await post(newest, 1001, 1)
    await newest.settle()
    for decide in (retry_exception, close_exception):
        with pytest.raises((StaleState, ValueError), match="resolved"):
            await newest.ask(lambda act=decide: act(item.pk, by=ADA, reason="too late"))
    assert await newest.ask(states) == ["superseded", "delivered"]


async def _routed(world: World, messages: int) -> None:
    """Until the drain has made deliveries of them."""
    async with asyncio.timeout(6):
        while await world.ask(lambda: Delivery.objects.count()) < messages:
            await asyncio.sleep(0.02)
