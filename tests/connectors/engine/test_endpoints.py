"""An endpoint with the engine for real: what the target asks, what a person holds, and what two drains share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import psycopg
import pytest
from django.db.models.functions import Now
from psycopg_pool import AsyncConnectionPool

from connectors.engine.drain import pacing
from connectors.engine.drain.policy import RETRY_AFTER_CAP
from connectors.engine.drain.rooms import LIMITS
from connectors.engine.endpoints.selectors import calling_of
from connectors.engine.endpoints.services import (
    CannotOverride,
    LimitRefused,
    full_pace,
    hold,
    let_go,
    lift_wait,
    probe_now,
    set_limits,
)
from connectors.engine.models import Endpoint, Entry, Lane
from connectors.engine.selectors import waiting_reason
from governance.access.principal import command
from governance.audit.gate import ReasonMissing, Refused
from governance.audit.models import AuditEvent
from governance.egress.services import allow_host
from governance.registry.models import Flow, RetailConnection
from monitoring.ledger.models import Attempt, Delivery
from tenants.asyncdb import conninfo, make_pool, scoped
from tests.support.engine import World, route_only
from tests.support.fake_erp import FakeErp, running_erp
from tests.support.orders import order

ADA = command("Ada")
NOBODY = "http://127.0.0.1:9"


def row() -> Endpoint:
    return Endpoint.objects.get(connection_id=target().pk)


def target() -> RetailConnection:
    return RetailConnection.objects.get(key="erp")


def states() -> list[str]:
    return list(Delivery.objects.order_by("id").values_list("state", flat=True))


def tries() -> list[int]:
    return list(Entry.objects.order_by("id").values_list("attempts", flat=True))


def set_endpoint(**changes: Any) -> None:
    Endpoint.objects.filter(connection_id=target().pk).update(**changes)


def point_at(url: str) -> None:
    RetailConnection.objects.filter(key="erp").update(config={"url": url})


async def eventually(world: World, ready: Callable[[], Any], *, within_seconds: float = 8.0) -> Any:
    async with asyncio.timeout(within_seconds):
        while not (found := await world.ask(ready)):
            await asyncio.sleep(0.02)
    return found


async def still_waits(world: World, seconds: float = 1.2) -> None:
    """Longer than a drain's own second: each has looked again."""
    with pytest.raises(TimeoutError):
        await world.quiet(within_seconds=seconds)


async def act(world: World, service: Callable[..., None], **more: Any) -> None:
    told = {"by": ADA, "reason": "they change their server"} | more
    await world.ask(lambda: service(target(), **told))


async def post_orders(world: World, count: int, first: int = 1000) -> None:
    for number in range(first, first + count):
        await world.post(order(number))


@pytest.fixture
async def pool() -> AsyncIterator[AsyncConnectionPool]:
    pool = make_pool(size=3, name="tests")
    await pool.open()
    yield pool
    await pool.close()


@pytest.fixture
async def keyed(world: World, pool: AsyncConnectionPool) -> World:
    """The ERP knows our keys: one call a run. Its endpoint exists, and nothing was called yet."""
    await world.ask(lambda: RetailConnection.objects.filter(key="erp").update(connector="fake_key"))
    await world.post(order(900))
    await route_only(world, pool)
    return world


# What the target asks


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("90", 90),
        ("date", 90),
        ("1000000000", RETRY_AFTER_CAP.total_seconds()),
    ],
)
async def test_no_call_is_made_before_the_time_the_target_asked_for(keyed: World, asked: str, seconds: float):
    when = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True) if asked == "date" else asked
    keyed.erp.modes.append(f"429 {when}")
    await keyed.ask(lambda: set_endpoint(own_concurrency=1))
    await post_orders(keyed, 3)
    async with keyed.draining(), keyed.draining():
        found = await eventually(keyed, lambda: calling_of(target().pk).told_to_wait and calling_of(target().pk))
        assert seconds - 10 < (found.not_before - found.at).total_seconds() <= seconds
        await still_waits(keyed)
    assert len(keyed.erp.journal.calls) == 1
    assert await keyed.ask(states) == ["retrying", "waiting", "waiting", "waiting"]
    reasons = await keyed.ask(waiting_reasons)
    assert all(reason.startswith("ERP asked us to wait until ") for reason in reasons)


@pytest.mark.parametrize("asked", ["-5", "0", "soon", "nan"])
async def test_a_retry_after_that_asks_for_nothing_only_slows(keyed: World, quick_retries: None, asked: str):
    keyed.erp.modes.append(f"429 {asked}")
    await post_orders(keyed, 2)
    await keyed.settle(within_seconds=15)
    assert await keyed.ask(states) == ["delivered"] * 3
    assert (await keyed.ask(row)).pace == pytest.approx(0.5, abs=0.02)


async def test_a_refusal_counts_before_its_lane_is_free(keyed: World):
    """Else another drain would call between the two: here the endpoint's row is held, and the lane is not free yet."""
    keyed.erp.modes.append("hold 429 90")
    async with keyed.draining(), locking(keyed) as lock:
        assert await asyncio.to_thread(keyed.erp.holding.wait, 10)
        await lock("SELECT FROM engine_endpoint FOR UPDATE")
        keyed.erp.release.set()
        async with asyncio.timeout(5):
            while not await lock("SELECT 1 FROM pg_locks WHERE NOT granted"):
                await asyncio.sleep(0.02)
        assert await lock("SELECT 1 FROM engine_lane WHERE holder IS NULL") == []
    assert (await keyed.ask(row)).not_before is not None


@asynccontextmanager
async def locking(world: World) -> AsyncIterator[Callable[..., Any]]:
    """A transaction of another session, for as long as the block lasts or it is rolled back."""
    async with await psycopg.AsyncConnection.connect(conninfo()) as other:
        await other.execute(
            "SELECT set_config('search_path', %s, false), set_config('app.retailers', '*', false)", [world.scope.schema]
        )

        async def run(sql: str) -> list[Any]:
            return await (await other.execute(sql)).fetchall()

        yield run
        await other.rollback()


async def test_a_person_lifts_the_wait(keyed: World, quick_retries: None):
    await keyed.ask(lambda: set_endpoint(not_before=Now() + timedelta(minutes=10)))
    async with keyed.draining():
        await still_waits(keyed)
        assert keyed.erp.journal.calls == []
        await act(keyed, lift_wait)
        await keyed.quiet(within_seconds=15)
    assert await keyed.ask(states) == ["delivered"]
    with pytest.raises(CannotOverride, match="does not ask us to wait"):
        await act(keyed, lift_wait)


# What a person holds


async def test_what_is_held_sends_nothing_and_goes_on_in_order_when_let_go(keyed: World):
    await act(keyed, hold)
    for hour in (0, 1, 2):
        await keyed.post(order(1000, updated=f"2026-11-20T1{hour}:00:00Z"), "orders/updated")
    async with keyed.draining():
        await still_waits(keyed)
        assert keyed.erp.journal.calls == []
        reasons = await keyed.ask(waiting_reasons)
        assert reasons[0] == "ERP is held: they change their server. It goes when somebody lets it go."
        await act(keyed, let_go)
        await keyed.quiet(within_seconds=15)
    hours = [version for _, version in keyed.erp.journal.order if version.startswith("2026-11-20T1")]
    assert hours[-3:] == sorted(hours[-3:])
    assert await keyed.ask(states) == ["delivered"] * 4
    assert await keyed.ask(tries) == []


async def test_let_go_it_begins_at_the_ramps_beginning(keyed: World):
    await act(keyed, hold)
    with pytest.raises(CannotOverride, match="held already"):
        await act(keyed, hold)
    await act(keyed, let_go)
    found = await keyed.ask(row)
    assert (found.breaker, found.pace, found.pace_gain) == ("closed", pacing.RAMP_FROM, pacing.RAMP_GAIN)
    await act(keyed, full_pace)
    assert (await keyed.ask(row)).pace == 1
    with pytest.raises(CannotOverride, match="full pace already"):
        await act(keyed, full_pace)


async def test_what_is_under_way_when_it_is_held_ends_and_does_not_let_it_go(keyed: World):
    keyed.erp.modes.append("hold")
    async with keyed.draining():
        assert await asyncio.to_thread(keyed.erp.holding.wait, 10)
        await act(keyed, hold)
        keyed.erp.release.set()
        await eventually(keyed, lambda: states() == ["delivered"])
        await eventually(keyed, lambda: row().window_calls == 1)
    assert (await keyed.ask(row)).breaker == "held"


async def test_an_override_needs_the_right_and_a_reason_and_is_in_the_trail(keyed: World):
    with pytest.raises(ReasonMissing):
        await act(keyed, hold, reason=" ")
    ben = replace(ADA, actions=frozenset({"connections.view"}))
    with pytest.raises(Refused, match="hold a target"):
        await act(keyed, hold, by=ben)
    assert (await keyed.ask(row)).breaker == "closed"
    await act(keyed, hold)
    event = await keyed.ask(lambda: AuditEvent.objects.get(action="endpoint.held", outcome="done"))
    assert (event.object_text, event.reason) == ("ERP", "they change their server")
    assert '"sla": "counts"' in event.after
    refused = await keyed.ask(
        lambda: list(AuditEvent.objects.filter(outcome="refused").values_list("action", flat=True))
    )
    assert refused == ["endpoint.held", "endpoint.held"]


# Its breaker


async def test_a_breaker_that_opens_burns_no_tries_and_a_probe_of_a_persons_closes_it(
    keyed: World, quick_retries: None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pacing, "PROBE_SECONDS", 600.0)
    monkeypatch.setattr(pacing, "PROBE_CAP_SECONDS", 600.0)
    await keyed.ask(lambda: allow_host(url=NOBODY, note="closed port", by=ADA, reason="tests"))
    await keyed.ask(point_at, NOBODY)
    await post_orders(keyed, 7)
    async with keyed.draining():
        await eventually(keyed, lambda: row().breaker == "open")
        await eventually(keyed, lambda: not Lane.objects.filter(holder__isnull=False).exists())
        tried = await keyed.ask(lambda: Attempt.objects.count())
        assert tried <= 10
        assert set(await keyed.ask(tries)) == {0}
        assert "ERP is not called for now: The target cannot be reached" in (await keyed.ask(waiting_reasons))[0]
    await keyed.ask(point_at, keyed.erp.url)
    async with keyed.draining():
        await still_waits(keyed)
        await act(keyed, probe_now)
        await keyed.quiet(within_seconds=15)
    assert await keyed.ask(states) == ["delivered"] * 8
    with pytest.raises(CannotOverride, match="called already"):
        await act(keyed, probe_now)


async def test_an_open_breaker_sends_one_probe_whatever_drains_there_are(keyed: World, quick_retries: None):
    await keyed.ask(lambda: set_endpoint(breaker="open", breaker_reason="away", probe_at=Now()))
    keyed.erp.modes.append("hold 500")
    await post_orders(keyed, 9)
    async with keyed.draining(), keyed.draining(), keyed.draining():
        assert await asyncio.to_thread(keyed.erp.holding.wait, 10)
        await still_waits(keyed)
        assert len(keyed.erp.journal.calls) == 1
        keyed.erp.release.set()
        await keyed.quiet(within_seconds=15)
    assert await keyed.ask(states) == ["delivered"] * 10


async def test_another_endpoint_is_not_delayed_by_one_that_does_not_answer(keyed: World):
    """The first holds every call; what goes to the second is there before the first answers."""
    with running_erp() as second:
        await keyed.ask(connect_second, second)
        keyed.erp.modes.extend(["hold"] * 40)
        async with keyed.draining():
            await post_orders(keyed, 20)
            await eventually(keyed, lambda: states().count("delivered") == 20)
            assert len(second.journal.effects) == 20
            assert keyed.erp.journal.effects == {}
            keyed.erp.release.set()
            await keyed.quiet(within_seconds=15)


def connect_second(erp: FakeErp) -> None:
    shop, first = RetailConnection.objects.get(key="shop"), target()
    second = RetailConnection.objects.create(
        retailer=first.retailer, key="second", label="Second", connector="fake_key", config={"url": erp.url}
    )
    allow_host(url=erp.url, note="second", by=ADA, reason="tests")
    operations = {"order": "order.upsert"}
    Flow.objects.create(
        retailer=first.retailer, key="more", label="More", source=shop, target=second, operations=operations
    )


# What two drains share


async def test_two_drains_never_have_more_under_way_than_its_slots(keyed: World):
    await keyed.ask(lambda: set_endpoint(own_concurrency=3))
    keyed.erp.modes.extend(["hold"] * 20)
    await post_orders(keyed, 40)
    async with keyed.draining(), keyed.draining():
        assert await asyncio.to_thread(keyed.erp.holding.wait, 10)
        await still_waits(keyed)
        assert keyed.erp.most_at_once == 3
        keyed.erp.release.set()
        await keyed.quiet(within_seconds=15)
    assert keyed.erp.most_at_once == 3
    assert sum(keyed.erp.journal.effects.values()) == 41


async def test_two_drains_keep_the_bucket_together(keyed: World):
    await act(keyed, set_limits, concurrency=None, per_second=8.0)
    await keyed.ask(lambda: set_endpoint(tokens=0))
    began = time.monotonic()
    await post_orders(keyed, 30)
    async with keyed.draining(), keyed.draining():
        await still_waits(keyed, 2.0)
        calls, seconds = len(keyed.erp.journal.calls), time.monotonic() - began
        assert 0 < calls <= 1 + 8 * seconds
        await act(keyed, set_limits, concurrency=None, per_second=None)
        await keyed.quiet(within_seconds=15)


async def test_while_many_retries_are_due_new_orders_go_first(keyed: World):
    """Forty have failed and are due again; of one call at a time, new orders have at least half."""
    await post_orders(keyed, 40)
    await act(keyed, hold)
    async with keyed.draining():
        await eventually(keyed, lambda: Lane.objects.count() == 41)
        await keyed.ask(lambda: Lane.objects.update(share=Lane.Share.RETRY))
        await post_orders(keyed, 20, first=5000)
        await eventually(keyed, lambda: Lane.objects.count() == 61)
        await act(keyed, set_limits, concurrency=1, per_second=None)
        await act(keyed, let_go)
        await keyed.quiet(within_seconds=20)
    references = await keyed.ask(lambda: list(Delivery.objects.order_by("id").values_list("reference", flat=True)))
    fresh = [place for place, (name, _) in enumerate(keyed.erp.journal.order) if name in set(references[41:])]
    assert len(fresh) == 20
    assert fresh[0] < 12
    assert fresh[-1] < 50, "the new ones are through before the retries are"


# Its limits, and why something waits


async def test_a_persons_limits_hold_at_once_and_end_with_the_connectors(keyed: World):
    await act(keyed, set_limits, concurrency=2, per_second=0.5)
    found = await keyed.ask(lambda: calling_of(target().pk))
    assert (found.slots, found.rate, found.limits.burst, found.tokens) == (2, 0.5, 1, 1)
    await act(keyed, set_limits, concurrency=None, per_second=None)
    found = await keyed.ask(lambda: calling_of(target().pk))
    assert (found.slots, found.rate, found.has_own_limits) == (32, 1000.0, False)


@pytest.mark.parametrize(
    "wrong",
    [{"concurrency": 0}, {"concurrency": 201}, {"per_second": 0.0}, {"per_second": -1.0}, {"per_second": float("nan")}],
)
async def test_a_limit_that_makes_no_sense_is_refused(keyed: World, wrong: dict[str, float]):
    with pytest.raises(LimitRefused) as refused:
        await act(keyed, set_limits, **({"concurrency": None, "per_second": None} | wrong))
    assert list(refused.value.problems) == list(wrong)


async def test_what_drains_and_pages_make_of_the_limits_is_the_same(keyed: World, pool: AsyncConnectionPool):
    for own in (None, 0.5, 3.0, 400.0):
        await keyed.ask(lambda own=own: set_endpoint(own_per_second=own, own_concurrency=7 if own else None))
        shown = (await keyed.ask(lambda: calling_of(target().pk))).limits
        async with scoped(pool, keyed.scope) as connection:
            cursor = await connection.execute(f"SELECT {LIMITS} FROM engine_endpoint e")  # noqa: S608
            assert await cursor.fetchone() == (shown.concurrency, shown.per_second, shown.burst)


async def test_who_waits_for_a_slot_is_told_how_many_there_are(keyed: World):
    await keyed.ask(lambda: set_endpoint(own_concurrency=2))
    keyed.erp.modes.extend(["hold"] * 5)
    await post_orders(keyed, 4)
    async with keyed.draining():
        assert await asyncio.to_thread(keyed.erp.holding.wait, 10)
        await eventually(keyed, lambda: calling_of(target().pk).used == 2)
        reasons = await keyed.ask(waiting_reasons)
        assert reasons.count("It is on its way.") == 2
        assert reasons.count("It waits for its turn at ERP: 2 calls at once, 3 wait.") == 3
        found = await keyed.ask(lambda: calling_of(target().pk))
        assert (found.used, found.slots, found.waits, found.due) == (2, 2, 3, 3)
        keyed.erp.release.set()
        await keyed.quiet(within_seconds=15)


async def test_who_waits_for_the_bucket_is_told_how_fast_it_fills(keyed: World):
    await keyed.ask(lambda: set_endpoint(own_per_second=0.5, tokens=0, counted_at=Now(), pace=0.5, paced_at=Now()))
    [reason] = await keyed.ask(waiting_reasons)
    words = "It waits for its turn at ERP: 0.25 calls a second, 1 wait; it is called at 50 % of its pace."
    assert reason == words


def waiting_reasons() -> list[str]:
    now = datetime.now(UTC)
    return [waiting_reason(pk, at=now) for pk in Delivery.objects.order_by("id").values_list("id", flat=True)]
