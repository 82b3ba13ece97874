"""What goes wrong while a stream is read: nothing is skipped, nothing is taken twice, and somebody is told."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from connectors.engine.polling import take as taking
from connectors.engine.polling.models import Cursor
from connectors.engine.polling.poller import LONGEST_WAIT, poll_partner, wait_after
from connectors.library.shopify import client
from connectors.sandbox.shopify.faults import Fault
from governance.egress.client import Egress
from governance.registry.models import RetailConnection
from monitoring.ledger.models import Message
from tests.connectors.engine.polling.conftest import Polling


class Killed(BaseException):
    """In the place of kill -9: nothing catches it."""


@pytest.fixture
def pages_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client.changed_orders, "__kwdefaults__", {"page": "", "limit": 2})


def on_page(monkeypatch: pytest.MonkeyPatch, number: int, act) -> None:
    """Do something before the n-th answer of this test is asked for."""
    asked, send = [], Egress.request

    async def request(self, *args, **kwargs):
        asked.append(args)
        if len(asked) == number:
            await act()
        return await send(self, *args, **kwargs)

    monkeypatch.setattr(Egress, "request", request)


async def ids(polling: Polling) -> list[str]:
    return await polling.world.ask(lambda: sorted(Message.objects.values_list("object_id", flat=True)))


async def test_killed_between_the_fetch_and_the_cursor_it_reads_the_page_again(polling: Polling, monkeypatch):
    """The messages were written, in the transaction that died with the worker."""
    order = polling.sold()

    async def killed(*_args, **_kwargs):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(taking, "advance", killed)
        with pytest.raises(Killed):
            await polling.poll()
    assert await ids(polling) == []
    assert (await polling.cursor()).state == {}
    await polling.world.ask(lambda: Cursor.objects.update(leased_until=datetime.now(UTC) - timedelta(seconds=1)))
    assert (await polling.poll()).accepted == 1
    assert await ids(polling) == [str(order)]


async def test_two_pollers_at_once_ask_once(polling: Polling):
    polling.sold()
    await polling.poll()
    await polling.world.ask(lambda: Cursor.objects.update(due_at=datetime.now(UTC) - timedelta(seconds=1)))
    done = await asyncio.gather(*(poll_partner(polling.world.scope, seconds=20) for _ in range(2)))
    assert sorted(one.streams for one in done) == [0, 1]


async def test_who_lost_the_lease_writes_neither_messages_nor_cursor(polling: Polling, monkeypatch):
    """It slept past its lease with an answer in its hand; another took the stream meanwhile."""
    polling.sold()

    async def taken_over() -> None:
        await polling.world.ask(lambda: Cursor.objects.update(token=99))

    on_page(monkeypatch, 1, taken_over)
    done = await polling.poll()
    assert (done.streams, done.pages, done.accepted) == (1, 0, 0)
    assert await ids(polling) == []
    cursor = await polling.cursor()
    assert (cursor.state, cursor.last_success_at, cursor.token) == ({}, None, 99)


async def test_a_page_in_the_middle_fails_and_the_next_run_goes_on_from_there(
    polling: Polling, pages_of_two, monkeypatch
):
    orders = [polling.sold(ago=timedelta(minutes=40 - n)) for n in range(5)]

    async def fail() -> None:
        polling.shop.set_fault(Fault(kind="error", status=503, count=1))

    with monkeypatch.context() as patched:
        on_page(patched, 2, fail)
        done = await polling.poll()
    assert (done.accepted, done.failed) == (2, 1)
    cursor = await polling.cursor()
    assert cursor.state["next"]
    assert (cursor.failures, cursor.last_success_at) == (1, None)
    assert cursor.error.startswith("Shopify answers 503")
    assert (await polling.poll()).accepted == 3
    assert await ids(polling) == sorted(map(str, orders))
    cursor = await polling.cursor()
    assert (cursor.failures, cursor.error, "next" in cursor.state) == (0, "", False)


async def test_a_page_the_shop_forgot_begins_the_reading_again(polling: Polling, pages_of_two):
    polling.sold()
    await polling.poll()
    forgotten = {"seen": "2026-01-01T00:00:00+00:00", "since": "2026-01-01T00:00:00+00:00", "next": "no such page"}
    await polling.world.ask(lambda: Cursor.objects.update(state=forgotten))
    polling.sold(ago=timedelta(minutes=20))
    done = await polling.poll()
    assert (done.accepted, done.failed) == (1, 0)


async def test_throttled_it_stays_away_for_as_long_as_it_is_asked_to(polling: Polling, monkeypatch):
    polling.sold()
    polling.shop.set_fault(Fault(kind="throttled", count=1))
    done = await polling.poll()
    cursor = await polling.cursor()
    assert (done.failed, cursor.error_class) == (1, "throttled")
    assert cursor.due_at > datetime.now(UTC)
    assert (await poll_partner(polling.world.scope, seconds=5)).streams == 0
    assert (await polling.poll()).accepted == 1


def test_waiting_grows_and_never_falls_below_what_is_asked():
    assert wait_after(1, None) == timedelta(seconds=15)
    assert wait_after(3, None) == timedelta(seconds=60)
    assert wait_after(99, None) == LONGEST_WAIT
    assert wait_after(1, timedelta(hours=1)) == timedelta(hours=1)


async def test_what_the_shop_lists_late_is_within_the_overlap(polling: Polling):
    """Its index runs behind: an older change shows after a newer one was read."""
    polling.sold(ago=timedelta(minutes=20))
    assert (await polling.poll()).accepted == 1
    late = polling.sold(ago=timedelta(minutes=22))
    assert (await polling.poll()).accepted == 1
    assert str(late) in await ids(polling)


async def test_the_cursor_is_what_the_shop_stated_and_nothing_new_moves_nothing(polling: Polling):
    """Whatever our clock says: no wait and no empty answer carries the cursor past what was read."""
    polling.sold(ago=timedelta(minutes=20))
    await polling.poll()
    state = (await polling.cursor()).state
    newest = max(sale["updated_at"] for sale in [polling.document(int(i)) for i in await ids(polling)])
    assert datetime.fromisoformat(state["seen"]) == datetime.fromisoformat(newest)
    assert (await polling.poll()).accepted == 0
    assert (await polling.cursor()).state == state


async def test_a_refused_token_is_told_on_the_cursor_and_not_the_end(polling: Polling):
    polling.sold()
    polling.shop.set_fault(Fault(kind="revoked"))
    await polling.poll()
    cursor = await polling.cursor()
    assert (cursor.error_class, cursor.failures) == ("credential", 1)
    polling.shop.clear_faults()
    assert (await polling.poll()).accepted == 1


async def test_a_disconnected_connection_is_not_asked(polling: Polling):
    polling.sold()
    await polling.poll()
    await polling.world.ask(lambda: RetailConnection.objects.filter(key="shop").update(state="disconnected"))
    assert (await polling.poll()).streams == 0


async def test_off_means_it_is_not_asked(polling: Polling):
    def off() -> None:
        shop = RetailConnection.objects.get(key="shop")
        shop.config["poll_every"] = "off"
        shop.save()

    await polling.world.ask(off)
    polling.sold()
    assert (await polling.poll()).accepted == 0
    assert await polling.world.ask(Cursor.objects.count) == 0


async def test_an_order_nobody_can_read_is_kept_and_holds_nothing_up(polling: Polling, monkeypatch):
    """One without an id and one with text no column takes: both are messages, and the rest goes on."""
    polling.sold()
    ask = client.changed_orders

    async def with_odd_ones(*args, **kwargs):
        read = await ask(*args, **kwargs)
        updated = read.orders[0]["updated_at"]
        odd = ({"updated_at": updated}, {"id": 7, "name": "#\0", "updated_at": updated})
        return client.Changed((*odd, *read.orders), read.next, read.as_of, read.version)

    monkeypatch.setattr(client, "changed_orders", with_odd_ones)
    assert (await polling.poll()).accepted == 3
    await polling.world.settle()
    found = await polling.world.ask(
        lambda: list(Message.objects.order_by("position").values_list("disposition", flat=1))
    )
    assert sorted(found) == ["", "unreadable", "unreadable"]
    assert (await polling.poll()).accepted == 0
