"""Pauses with the engine for real: nothing is lost, nothing moves until all are over, and each ends once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from connectors.engine.config import ConfigBook
from connectors.engine.drain import pacing
from connectors.engine.models import Endpoint, Entry
from connectors.engine.pauses import services
from connectors.engine.pauses.selectors import banner, standing_pauses
from connectors.engine.pauses.services import PauseRefused, Terms, end_expired, pause, resume
from connectors.engine.pauses.targets import On, on_connection, on_flow, pausable
from connectors.engine.selectors import waiting_reason
from governance.access.principal import command
from governance.audit.gate import ReasonMissing
from governance.audit.models import AuditEvent
from governance.registry.models import Flow, Pause, RetailConnection
from governance.registry.services import StaleState
from monitoring.ledger.models import Delivery, Disposition, Message
from tenants.context import partner_scope
from tests.support.engine import World
from tests.support.orders import order

ADA, EVE = command("Ada"), command("Eve")


def on(scope: str) -> On:
    if scope == "flow":
        return on_flow(Flow.objects.select_related("retailer").get(key="sales"))
    key = {"source": "shop", "target": "erp"}[scope]
    return on_connection(RetailConnection.objects.select_related("retailer").get(key=key), scope)


def stop(*scopes: str, by: Any = ADA, reason: str = "stock-taking", **more: Any) -> list[Pause]:
    return pause([on(scope) for scope in scopes], by=by, reason=reason, **more)


def go(rows: list[Pause], by: Any = ADA) -> list[Pause]:
    return resume([row.pk for row in rows], by=by, reason="done")


def reasons() -> list[str]:
    now = datetime.now(UTC)
    return [waiting_reason(pk, at=now) for pk in Delivery.objects.order_by("id").values_list("id", flat=True)]


def states() -> list[str]:
    return list(Delivery.objects.order_by("id").values_list("state", flat=True))


def endpoint() -> Endpoint:
    return Endpoint.objects.get()


async def stands(world: World) -> None:
    with pytest.raises(TimeoutError):
        await world.settle(within_seconds=1.2)
    assert world.erp.journal.calls == []


@pytest.mark.parametrize(
    ("scope", "says"),
    [
        ("flow", "The flow Sales to ERP is paused: stock-taking. It goes when somebody resumes the flow."),
        ("source", "What Shop sends is paused: stock-taking. It goes when somebody resumes it."),
        ("target", "ERP is held: stock-taking. It goes when somebody lets it go."),
    ],
)
async def test_what_comes_meanwhile_is_accepted_recorded_and_waits_and_then_goes_in_order(
    world: World, scope: str, says: str
):
    rows = await world.ask(lambda: stop(scope))
    for hour in (0, 1, 2):
        status, _ = await world.post(order(1001, updated=f"2026-11-20T1{hour}:00:00Z"), "orders/updated")
        assert status == 202
    await stands(world)
    assert await world.ask(lambda: set(Message.objects.values_list("disposition", flat=True))) == {Disposition.ROUTED}
    assert (await world.ask(reasons))[0] == says
    await world.ask(lambda: go(rows))
    await world.settle(within_seconds=15)
    assert await world.ask(states) == ["delivered"] * 3
    hours = [version for _, version in world.erp.journal.order if version.startswith("2026-11-20T1")]
    assert hours == sorted(hours)


async def test_it_moves_only_when_all_pauses_over_it_are_over(world: World):
    rows = await world.ask(lambda: [*stop("flow"), *stop("source"), *stop("target", by=EVE, reason="vendor is down")])
    await world.post(order(1001))
    first = await world.ask(lambda: (stands_after(world.flow, rows[:1]), reasons()))
    assert first[0] == "paused"
    await stands(world)
    assert "1 more pause stands over it: it goes when all are over." in (await world.ask(reasons))[0]
    await world.ask(lambda: go(rows[1:2]))
    assert await world.ask(lambda: Flow.objects.get().state) == "active"
    await stands(world)
    assert (await world.ask(reasons)) == ["ERP is held: vendor is down. It goes when somebody lets it go."]
    await world.ask(lambda: go(rows[2:]))
    await world.settle()
    assert await world.ask(states) == ["delivered"]


def stands_after(flow: Flow, rows: list[Pause]) -> str:
    go(rows)
    return Flow.objects.get(pk=flow.pk).state


async def test_two_pauses_of_one_target_by_two_people_are_ended_by_two(world: World):
    first, second = await world.ask(lambda: [*stop("target"), *stop("target", by=EVE, reason="vendor is down")])
    await world.ask(lambda: go([first]))
    assert (await world.ask(endpoint)).breaker == "held"
    assert (await world.ask(endpoint)).breaker_reason == "vendor is down"
    await world.ask(lambda: go([second]))
    assert (await world.ask(endpoint)).breaker == "closed"


async def test_resumed_it_begins_at_the_ramps_beginning(world: World):
    began = datetime.now(UTC) - timedelta(minutes=5)
    await world.post(order(1001))
    await world.settle()
    rows = await world.ask(lambda: stop("source", at=began))
    await world.ask(lambda: go(rows))
    found = await world.ask(endpoint)
    assert (found.pace, found.pace_gain) == (pacing.RAMP_FROM, pacing.RAMP_GAIN)


async def test_a_flow_that_goes_on_beside_another_does_not_slow_that_one_down(world: World):
    def beside() -> None:
        flow = Flow.objects.get()
        Flow.objects.create(
            retailer_id=flow.retailer_id, key="more", label="More", source=flow.source, target=flow.target
        )
        go(stop("flow", at=datetime.now(UTC) - timedelta(minutes=5)))

    await world.post(order(1001))
    await world.settle()
    await world.ask(beside)
    assert (await world.ask(endpoint)).pace == 1


# Its record


async def test_each_object_has_its_act_and_one_request_links_them(world: World):
    rows = await world.ask(lambda: stop("flow", "source", "target", terms=Terms(sla="excluded", sla_reason="agreed")))
    assert len({row.request_id for row in rows}) == 1
    found = await world.ask(lambda: list(AuditEvent.objects.filter(request_id=rows[0].request_id, outcome="done")))
    named = {event.action for event in found}
    assert named >= {"flow.paused", "connection.paused", "endpoint.held"}
    event = next(event for event in found if event.action == "connection.paused")
    assert (event.object_text, event.reason) == ("Shop", "stock-taking")
    assert '"sla": "excluded"' in event.after
    kept = await world.ask(lambda: Pause.objects.get(scope="source"))
    assert (kept.opened_by, kept.sla, kept.sla_reason, kept.ended_at) == (ADA.text, "excluded", "agreed", None)


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        (Terms(expires_at=datetime(2020, 1, 1, tzinfo=UTC)), "expires_at"),
        (Terms(expires_at=datetime(2999, 1, 1, tzinfo=UTC)), "expires_at"),
        (Terms(sla="never"), "sla"),
        (Terms(sla="excluded"), "sla_reason"),
    ],
)
async def test_what_makes_no_sense_is_refused_and_changes_nothing(world: World, terms: Terms, field: str):
    with pytest.raises(PauseRefused) as refused:
        await world.ask(lambda: stop("flow", terms=terms))
    assert set(refused.value.problems) == {field}
    assert await world.ask(lambda: (Flow.objects.get().state, Pause.objects.count())) == ("active", 0)


async def test_a_reason_is_asked_for_when_it_begins_and_when_it_ends(world: World):
    with pytest.raises(ReasonMissing):
        await world.ask(lambda: stop("flow", reason=" "))
    rows = await world.ask(lambda: stop("flow"))
    with pytest.raises(ReasonMissing):
        await world.ask(lambda: resume([rows[0].pk], by=ADA, reason=""))
    assert await world.ask(lambda: Flow.objects.get().state) == "paused"


async def test_of_many_all_are_paused_or_none(world: World, monkeypatch: pytest.MonkeyPatch):
    def broken(retailers: Any) -> None:
        raise OperationalError("the connection was cut")

    with monkeypatch.context() as cut:
        cut.setattr(services, "wake", broken)
        with pytest.raises(OperationalError):
            await world.ask(lambda: stop("flow", "source", "target"))
    assert await world.ask(lambda: (Flow.objects.get().state, Pause.objects.count())) == ("active", 0)
    assert await world.ask(lambda: Endpoint.objects.filter(breaker="held").count()) == 0


# Two at once


def both(world: World, act: Any) -> list[Any]:
    """The same act by two people at the same moment: what each was told."""
    told: list[Any] = []
    ready = threading.Barrier(2)

    def one(by: Any) -> None:
        with partner_scope(world.scope.schema):
            ready.wait()
            try:
                told.append(act(by))
            except StaleState as error:
                told.append(error)
        connection.close()

    threads = [threading.Thread(target=one, args=(by,)) for by in (ADA, EVE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


@pytest.mark.parametrize("scope", ["flow", "source", "target"])
async def test_of_two_who_press_the_same_button_one_is_told_of_the_other(world: World, scope: str):
    told = await asyncio.to_thread(both, world, lambda by: stop(scope, by=by, seen=()))
    assert sorted(isinstance(one, StaleState) for one in told) == [False, True]
    assert await world.ask(lambda: Pause.objects.open().count()) == 1
    row = await world.ask(lambda: list(Pause.objects.all()))
    told = await asyncio.to_thread(both, world, lambda by: go(row, by))
    assert sorted(isinstance(one, StaleState) for one in told) == [False, True]
    assert await world.ask(lambda: Flow.objects.get().state) == "active"


async def test_of_two_who_did_not_look_both_pauses_stand_and_nobody_waits_for_ever(world: World):
    told = await asyncio.to_thread(both, world, lambda by: stop("source", "flow", "target", by=by))
    assert [len(one) for one in told] == [3, 3]
    assert await world.ask(lambda: Pause.objects.open().count()) == 6


# When its time is over


def due(scope: str = "flow", minutes: float = 5) -> list[Pause]:
    began = datetime.now(UTC) - timedelta(minutes=10)
    return stop(scope, at=began, terms=Terms(expires_at=began + timedelta(minutes=minutes)))


async def test_it_ends_by_itself_once_however_many_beats_there_are(world: World):
    await world.ask(lambda: due("target"))
    await world.post(order(1001))
    ended = await asyncio.to_thread(both, world, lambda by: end_expired())
    assert sorted(ended) == [0, 1]
    assert await world.ask(end_expired) == 0
    row = await world.ask(lambda: Pause.objects.get())
    assert (row.ended_by, row.end_reason) == ("Signalbox", "Its time was over.")
    assert await world.ask(lambda: AuditEvent.objects.filter(action="pause.expired", outcome="done").count()) == 1
    await world.settle()
    assert await world.ask(states) == ["delivered"]


async def test_what_is_not_due_stays_and_says_when_it_ends(world: World):
    await world.ask(lambda: due(minutes=60))
    assert await world.ask(end_expired) == 0
    await world.post(order(1001))
    await stands(world)
    assert "It goes by itself at " in (await world.ask(reasons))[0]


@contextmanager
def killed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The worker is gone before its transaction is committed: the database never hears of it again."""

    def die(retailers: Any) -> None:
        connection.connection.close()
        raise OperationalError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(services, "wake", die)
        yield


async def test_a_worker_killed_while_it_resumes_leaves_it_to_the_next_beat(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    def dies() -> None:
        with killed(monkeypatch), pytest.raises(OperationalError):
            end_expired()
        connection.close()

    await world.ask(lambda: due("source"))
    await asyncio.to_thread(within, world, dies)
    assert await world.ask(lambda: (Flow.objects.get().state, Pause.objects.open().count())) == ("paused", 1)
    assert await world.ask(end_expired) == 1
    assert await world.ask(lambda: (Flow.objects.get().state, Pause.objects.open().count())) == ("active", 0)


def within(world: World, act: Any) -> None:
    with partner_scope(world.scope.schema):
        act()


# What is shown, and what the drains pay


async def test_backlog_oldest_and_estimate_of_each(world: World):
    await world.post(order(1000))
    await world.settle()
    rows = await world.ask(lambda: stop("source", "target"))
    for number in (1001, 1002):
        await world.post(order(number))
    await stands_with(world, 2)
    source, target = await world.ask(standing_pauses)
    assert (source.backlog.count, target.backlog.count) == (2, 2)
    assert abs(source.backlog.oldest - datetime.now(UTC)) < timedelta(seconds=30)
    assert source.others == target.others == 1
    assert "a minute to ERP" in target.backlog.estimate
    shown = await world.ask(banner)
    assert (shown.pauses, shown.waiting) == (2, 2)
    await world.ask(lambda: go(rows))
    assert await world.ask(standing_pauses) == []


async def stands_with(world: World, count: int) -> None:
    async with world.draining(), asyncio.timeout(8):
        while await world.ask(lambda: Entry.objects.count()) < count:
            await asyncio.sleep(0.02)


async def test_many_pauses_cost_no_more_queries_than_one(world: World):
    def counted() -> int:
        with CaptureQueriesContext(connection) as asked:
            standing_pauses()
        return len(asked.captured_queries)

    await world.ask(lambda: stop("source"))
    one = await world.ask(counted)
    await world.ask(lambda: [*stop("flow"), *stop("target"), *stop("source", by=EVE)])
    assert await world.ask(counted) <= one + 1


async def test_the_drains_read_no_more_for_a_pause(world: World):
    """The record is not on the hot path: a flow's state and an endpoint's row are, as before."""
    await world.ask(lambda: stop("flow", "source", "target"))
    config = await ConfigBook().of(world.scope)
    assert [flow.active for flow in config.flows.values()] == [False]


async def test_everything_that_flows_can_be_paused_by_name(world: World):
    names = await world.ask(lambda: [one.name for one in pausable()])
    assert names == ["flow:sales", "source:shop", "target:erp"]
