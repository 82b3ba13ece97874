"""How the stand-in tells: signed, in order of its acts, again until somebody says 2xx."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import signal
import socket
from collections.abc import Callable
from typing import Any

import pytest

from connectors.sandbox.shopify import journal
from connectors.sandbox.shopify.faults import Fault
from connectors.sandbox.shopify.options import (
    CancelOptions,
    CreateOptions,
    EditOptions,
    RawOptions,
    RefundOptions,
    SubscriptionOptions,
)
from connectors.sandbox.shopify.settings import Config, Retry
from tests.connectors.sandbox.conftest import Receiver, ShopProcess, ShopServer

PAID = CreateOptions(authorized=False)


def subscribe(server: ShopServer, receiver: Receiver, **more: Any) -> None:
    server.shop.subscribe(SubscriptionOptions(address=receiver.address, **more))


async def test_an_order_is_told_to_its_subscriber_signed_with_the_apps_secret(
    shop_server: ShopServer, receiver: Receiver
) -> None:
    subscribe(shop_server, receiver)
    order = shop_server.shop.create(CreateOptions())
    (got,) = await receiver.next()
    expected = hmac.new(shop_server.shop.app.secret.encode(), got.body, hashlib.sha256).digest()
    assert base64.b64decode(got.headers["X-Shopify-Hmac-Sha256"]) == expected
    assert (got.topic, got.document["id"]) == ("orders/create", order["order_id"])


async def test_a_localhost_name_is_reached_on_this_machine_with_its_host(
    shop_server: ShopServer, receiver: Receiver
) -> None:
    subscribe(shop_server, receiver)
    shop_server.shop.create(CreateOptions())
    (got,) = await receiver.next()
    assert receiver.server is not None
    assert got.headers["Host"] == f"northgate.localhost:{receiver.server.port}"


@pytest.mark.parametrize("refusal", [500, 401, 404, 302, 429])
async def test_anything_but_2xx_is_tried_again_with_the_same_id_and_bytes(
    shop_server: ShopServer, receiver: Receiver, refusal: int
) -> None:
    receiver.script = [refusal, refusal]
    subscribe(shop_server, receiver)
    shop_server.shop.create(CreateOptions())
    got = await receiver.next(3)
    assert len({each.webhook_id for each in got}) == 1
    assert len({each.body for each in got}) == 1
    assert len({each.headers["X-Shopify-Triggered-At"] for each in got}) == 1


async def test_two_orders_never_share_an_id(shop_server: ShopServer, receiver: Receiver) -> None:
    subscribe(shop_server, receiver)
    for _ in range(5):
        shop_server.shop.create(CreateOptions())
    got = await receiver.next(5)
    assert len({each.webhook_id for each in got}) == len({each.headers["X-Shopify-Event-Id"] for each in got}) == 5


async def test_a_refund_tells_both_topics_of_one_event(shop_server: ShopServer, receiver: Receiver) -> None:
    subscribe(shop_server, receiver, topics=("refunds/create", "orders/updated"))
    order = shop_server.shop.create(PAID)
    shop_server.shop.refund(order["order_id"], RefundOptions())
    got = await receiver.next(2)
    assert {each.topic for each in got} == {"refunds/create", "orders/updated"}
    assert len({each.headers["X-Shopify-Event-Id"] for each in got}) == 1
    assert len({each.webhook_id for each in got}) == 2


async def test_a_cancellation_tells_the_refund_too(shop_server: ShopServer, receiver: Receiver) -> None:
    subscribe(shop_server, receiver, topics=("orders/cancelled", "refunds/create"))
    order = shop_server.shop.create(PAID)
    shop_server.shop.cancel(order["order_id"], CancelOptions())
    got = {each.topic: each.document for each in await receiver.next(2)}
    assert got["orders/cancelled"]["cancelled_at"]
    assert got["refunds/create"]["order_id"] == order["order_id"]


async def test_an_update_can_arrive_before_its_create(shop_server: ShopServer, receiver: Receiver) -> None:
    receiver.script = [503, 503]
    subscribe(shop_server, receiver)
    shop_server.shop.create(CreateOptions(update_first=True))
    got = await receiver.next(4)
    assert [each.topic for each in got] == ["orders/updated"] * 3 + ["orders/create"]
    assert got[2].document["updated_at"] > got[3].document["updated_at"]
    assert got[2].document["total_price"] != got[3].document["total_price"]


async def test_a_duplicate_is_the_same_delivery_twice(shop_server: ShopServer, receiver: Receiver) -> None:
    subscribe(shop_server, receiver)
    shop_server.shop.create(CreateOptions(duplicate=True))
    first, second = await receiver.next(2)
    assert (first.webhook_id, first.body) == (second.webhook_id, second.body)


async def test_a_payload_is_sent_as_it_stands(shop_server: ShopServer, receiver: Receiver) -> None:
    subscribe(shop_server, receiver)
    body = '{ "id":1,  "id":2, "note":"\\u0000" }'
    shop_server.shop.send_raw(RawOptions(topic="orders/create", body=body, event_id="e-1", secret="another", test=True))
    (got,) = await receiver.next()
    assert got.body == body.encode()
    assert (got.headers["X-Shopify-Event-Id"], got.headers["X-Shopify-Test"]) == ("e-1", "true")
    assert base64.b64decode(got.headers["X-Shopify-Hmac-Sha256"]) == hmac.digest(b"another", got.body, "sha256")


async def test_a_bad_signature_can_be_asked_for_once(shop_server: ShopServer, receiver: Receiver) -> None:
    receiver.script = [401]
    subscribe(shop_server, receiver)
    shop_server.shop.set_fault(Fault(kind="bad_signature", count=1))
    shop_server.shop.create(CreateOptions())
    forged, honest = await receiver.next(2)
    assert forged.webhook_id == honest.webhook_id
    assert forged.headers["X-Shopify-Hmac-Sha256"] != honest.headers["X-Shopify-Hmac-Sha256"]


async def test_what_is_held_goes_when_the_fault_is_cleared(shop_server: ShopServer, receiver: Receiver) -> None:
    subscribe(shop_server, receiver)
    shop_server.shop.set_fault(Fault(kind="hold"))
    for _ in range(3):
        shop_server.shop.create(CreateOptions())
    for _ in range(10):  # round trips on the same loop: time enough for a sender that would not wait
        await shop_server.api("shop.json")
    assert receiver.arrived.empty()
    shop_server.shop.clear_faults()
    assert len(await receiver.next(3)) == 3


async def test_what_is_lost_is_journaled_as_untold(shop_server: ShopServer, receiver: Receiver) -> None:
    subscribe(shop_server, receiver)
    shop_server.shop.set_fault(Fault(kind="lose", count=1))
    lost = shop_server.shop.create(CreateOptions())
    shop_server.shop.create(CreateOptions())
    (got,) = await receiver.next()
    assert got.document["id"] != lost["order_id"]
    first, second = journal.events(shop_server.folder)
    assert (first.order_id, first.webhook_ids, first.flags) == (lost["order_id"], (), ("untold",))
    assert len(second.webhook_ids) == 1


async def test_the_vendors_retries_end_and_take_the_subscription_with_them(
    start_shop: Callable[..., Any], receiver: Receiver
) -> None:
    receiver.script = [500] * 20
    server = await start_shop(Config(retry=Retry(first=0.001, cap=0.01, tries=8)))
    subscribe(server, receiver, topics=("orders/create",))
    server.shop.create(CreateOptions())
    got = await receiver.next(9)
    assert len({each.webhook_id for each in got}) == 1
    while server.shop.outbox.subscriptions():
        await asyncio.sleep(0.01)
    assert server.shop.outbox.count() == {"given_up": 1}
    assert receiver.arrived.empty()


async def test_what_waits_for_an_address_that_is_gone_goes_to_the_next(
    shop_server: ShopServer, receiver: Receiver
) -> None:
    shop = shop_server.shop
    (old,) = shop.subscribe(
        SubscriptionOptions(address=f"http://127.0.0.1:{free_port()}/in/x", topics=("orders/create",))
    )
    order = shop.create(CreateOptions())
    shop.unsubscribe(old.id)
    subscribe(shop_server, receiver)
    (got,) = await receiver.next()
    assert (got.document["id"], got.webhook_id) == (order["order_id"], order["webhooks"][0]["webhook_id"])


async def test_every_try_is_journaled_with_its_answer(shop_server: ShopServer, receiver: Receiver) -> None:
    receiver.script = [500]
    subscribe(shop_server, receiver)
    shop_server.shop.create(CreateOptions())
    (got, _) = await receiver.next(2)
    while len(list(journal.attempts(shop_server.folder))) < 2:
        await asyncio.sleep(0.01)
    tries = list(journal.attempts(shop_server.folder))
    assert [(each.webhook_id, each.attempt, each.status) for each in tries] == [
        (got.webhook_id, 1, 500),
        (got.webhook_id, 2, 202),
    ]
    assert journal.acknowledged(shop_server.folder)[got.webhook_id].attempt == 2


async def test_the_journal_knows_the_final_state_and_the_bytes(shop_server: ShopServer, receiver: Receiver) -> None:
    subscribe(shop_server, receiver)
    shop = shop_server.shop
    kept = shop.create(CreateOptions(authorized=False, quantities=(2, 1)))
    gone = shop.create(PAID)
    shop.edit(kept["order_id"], EditOptions(line=0, quantity=3))
    refund = shop.refund(kept["order_id"], RefundOptions(lines=((0, 1),)))
    shop.cancel(gone["order_id"], CancelOptions())
    found = journal.expected_orders(shop_server.folder)
    now = shop.sale(kept["order_id"])
    assert int(found[kept["order_id"]].total * 100) == now.total
    assert {number: int(cents * 100) for number, cents in found[kept["order_id"]].refunds.items()} == {
        refund["refund_id"]: now.refunded
    }
    assert (found[gone["order_id"]].cancelled, found[gone["order_id"]].current_total) == (True, 0)
    digests = {event.sha256 for event in journal.events(shop_server.folder)}
    got = await receiver.next(8)
    assert {hashlib.sha256(each.body).hexdigest() for each in got} == digests


async def test_a_killed_shop_sends_after_its_restart_what_it_owed(
    shop_process: ShopProcess, receiver: Receiver
) -> None:
    control = shop_process.start()
    port = free_port()
    control.subscribe(address=f"http://northgate.localhost:{port}/in/token", topics=["orders/create"])
    owed = [control.create()["webhooks"][0]["webhook_id"] for _ in range(20)]
    assert shop_process.end(signal.SIGKILL) == -signal.SIGKILL
    late = Receiver()
    await late.start(port)
    control = await asyncio.to_thread(shop_process.start)
    got = await late.next(20)
    assert {each.webhook_id for each in got} == set(owed)
    assert {each.document["id"] for each in got} == set(journal.expected_orders(shop_process.folder))
    assert late.server is not None
    await late.server.close()


async def test_orders_placed_while_it_is_killed_again_and_again_are_all_told_once_or_more(
    shop_process: ShopProcess, receiver: Receiver
) -> None:
    def live_shortly() -> None:
        control = shop_process.start()
        control.subscribe(address=receiver.address, topics=["orders/create"])
        for _ in range(10):
            control.create()
        shop_process.end(signal.SIGKILL)

    for _ in range(3):
        await asyncio.to_thread(live_shortly)
    await asyncio.to_thread(shop_process.start)
    told: set[int] = set()
    while len(told) < 30:
        told |= {each.document["id"] for each in await receiver.next()}
    numbers = [event.raw["number"] for event in journal.events(shop_process.folder)]
    assert numbers == list(range(1, 31))


def free_port() -> int:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return int(place.getsockname()[1])
