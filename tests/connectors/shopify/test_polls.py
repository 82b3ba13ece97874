"""The poll against the stand-in: pages, the shop's own clock, and what it does with the answer's addresses."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from connectors.library import connector
from connectors.library.shopify import client
from connectors.sandbox.shopify.options import CancelOptions, CreateOptions, RefundOptions
from connectors.sdk.connector import Response
from connectors.sdk.errors import RequestRefused
from connectors.sdk.polling import OFF, every
from tests.connectors.shopify.test_against_the_stand_in import open_stand_in

POLLS = connector("shopify").polls
NOW = datetime.now(UTC).replace(microsecond=0)
START = NOW - timedelta(hours=2)


@pytest.fixture
async def shop_and_call(tmp_path):
    async with open_stand_in(tmp_path / "shop") as opened:
        yield opened


async def read_on(call, state):
    """Every page until there is no more: (documents found, state)."""
    found = []
    while True:
        page = await POLLS.page(call, "orders", state, start=START)
        found += page.found
        state = page.state
        if not page.more:
            return found, state


async def test_pages_are_read_to_the_end_and_the_next_reading_begins_before_it(shop_and_call, monkeypatch):
    shop, call = shop_and_call
    monkeypatch.setattr(client.changed_orders, "__kwdefaults__", {"page": "", "limit": 3})
    placed = [shop.create(CreateOptions(at=START + timedelta(minutes=n)))["order_id"] for n in range(8)]
    found, state = await read_on(call, {})
    assert [one.subject.object_id for one in found] == [str(order) for order in placed]
    assert state == {"seen": (START + timedelta(minutes=7)).isoformat()}
    again, same = await read_on(call, state)
    assert [one.subject.object_id for one in again] == [str(order) for order in placed[2:]]  # five minutes' overlap
    assert same == state


async def test_cancelled_orders_and_refunds_are_found_in_the_shape_of_webhooks(shop_and_call):
    shop, call = shop_and_call
    cancelled, refunded = (shop.create(CreateOptions(channel="web", at=START))["order_id"] for _ in range(2))
    shop.cancel(cancelled, CancelOptions(at=START + timedelta(minutes=1)))
    shop.refund(refunded, RefundOptions(at=START + timedelta(minutes=2)))
    found, _ = await read_on(call, {})
    topics = [(one.topic, one.subject.object_type) for one in found]
    assert topics.count(("orders/updated", "order")) == 2
    assert ("refunds/create", "refund") in topics
    for one in found:
        assert connector("shopify").reader.canonical(one.topic, one.document)


async def test_how_settled_a_change_is_goes_by_the_shops_clock(shop_and_call, monkeypatch):
    """The shop says that it is an hour earlier than we think: what changed within its last minute is left."""
    shop, call = shop_and_call
    shop.create(CreateOptions(at=NOW - timedelta(hours=1, seconds=30)))
    send = call.request

    async def an_hour_slow(*args, **kwargs):
        answer = await send(*args, **kwargs)
        stated = (NOW - timedelta(hours=1)).strftime("%a, %d %b %Y %H:%M:%S GMT")
        return replace(answer, headers={**answer.headers, "date": stated})

    call.request = an_hour_slow
    assert (await read_on(call, {}))[0] == []
    call.request = send
    assert len((await read_on(call, {}))[0]) == 1


async def test_the_token_goes_to_no_address_of_the_answer(shop_and_call, monkeypatch):
    """Only the page's name is taken from its Link."""
    shop, call = shop_and_call
    monkeypatch.setattr(client.changed_orders, "__kwdefaults__", {"page": "", "limit": 1})
    for n in range(2):
        shop.create(CreateOptions(at=START + timedelta(minutes=n)))
    send, asked = call.request, []

    async def with_a_strange_link(step, method, url, **kwargs):
        asked.append(urlsplit(url).netloc)
        answer: Response = await send(step, method, url, **kwargs)
        link = answer.headers.get("link", "").replace(urlsplit(url).netloc, "elsewhere.example")
        return replace(answer, headers={**answer.headers, "link": link})

    call.request = with_a_strange_link
    found, _ = await read_on(call, {})
    assert len(found) == 2
    assert len(asked) == 2
    assert set(asked) == {urlsplit(call.config["admin_url"]).netloc}


async def test_a_page_nobody_knows_is_refused_and_read_from_the_beginning(shop_and_call):
    shop, call = shop_and_call
    shop.create(CreateOptions(at=START))
    with pytest.raises(RequestRefused):
        await client.changed_orders(call, START, page="gone")
    page = await POLLS.page(call, "orders", {"since": START.isoformat(), "next": "gone"}, start=START)
    assert len(page.found) == 1


@pytest.mark.parametrize(
    ("stated", "expected"),
    [("", 60), ("300", 300), ("1", 5), ("off", 0), (" OFF ", 0), ("soon", 60), ("-3", 60), ("٣", 60), ("9" * 30, 60)],
)
def test_how_often_is_a_setting_in_seconds(stated, expected):
    assert every({"poll_every": stated}, "poll_every", usual=timedelta(seconds=60)) == timedelta(seconds=expected)
    assert not OFF
