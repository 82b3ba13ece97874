"""What webhooks missed is found by asking; what they brought, or bring later, is not taken twice."""

from __future__ import annotations

from datetime import timedelta

from connectors.engine.polling.selectors import readings_of
from connectors.sandbox.shopify.options import EditOptions, RefundOptions, SubscriptionOptions
from governance.registry.models import RetailConnection
from monitoring.exceptions.models import ExceptionItem
from monitoring.ledger.models import Delivery, Message
from monitoring.rollups.equation import equation
from tests.connectors.engine.polling.conftest import Polling


def open_exceptions() -> list[tuple[str, str, int]]:
    rows = ExceptionItem.objects.filter(state="open").order_by("id")
    return list(rows.values_list("error_class", "connection_key", "failures"))


def dispositions() -> list[str]:
    return list(Message.objects.order_by("position").values_list("disposition", flat=True))


async def repaired(polling: Polling) -> int | None:
    shop = await polling.world.ask(lambda: RetailConnection.objects.get(key="shop"))
    return (await polling.world.ask(readings_of, shop)).repaired


async def test_an_order_no_webhook_brought_is_found_marked_counted_and_told(polling: Polling):
    polling.sold()
    done = await polling.poll()
    assert (done.accepted, done.failed) == (1, 0)
    assert await polling.doors() == [("poll", "orders/updated")]
    assert await repaired(polling) == 1
    assert await polling.world.ask(open_exceptions) == [("missing_events", "shop", 1)]
    await polling.world.settle()
    assert await polling.delivered() == 1


async def test_what_webhooks_brought_is_not_taken_again_and_nobody_is_alarmed(polling: Polling):
    order = polling.sold()
    await polling.webhook(order)
    assert (await polling.poll()).accepted == 0  # not even routed yet
    await polling.world.settle()
    assert (await polling.poll()).accepted == 0
    assert await polling.doors() == [("webhook", "orders/create")]
    assert await repaired(polling) == 0
    assert await polling.world.ask(open_exceptions) == []


async def test_a_webhook_that_comes_after_the_poll_is_the_same_version_and_one_delivery(polling: Polling):
    order = polling.sold()
    await polling.poll()
    await polling.webhook(order)
    await polling.webhook(order, "orders/updated")
    await polling.world.settle()
    assert await polling.world.ask(dispositions) == ["", "deduplicated", "deduplicated"]
    assert await polling.world.ask(lambda: Delivery.objects.count()) == 1
    assert (await polling.poll()).accepted == 0


async def test_the_second_change_of_one_second_is_found_although_its_version_is_known(polling: Polling):
    order = polling.sold()
    await polling.webhook(order)
    await polling.world.settle()
    polling.shop.edit(order, EditOptions(line=0, quantity=9, same_second=True))
    assert (await polling.poll()).accepted == 1
    assert (await polling.poll()).accepted == 0
    await polling.world.settle()
    assert await polling.delivered() == 2


async def test_a_lost_refund_is_found_with_its_order(polling: Polling):
    order = polling.sold(ago=timedelta(hours=1))
    await polling.webhook(order)
    polling.shop.refund(order, RefundOptions(at=polling.shop.sale(order).created_at + timedelta(minutes=5)))
    await polling.webhook(order, "orders/updated")
    assert (await polling.poll()).accepted == 1
    assert (await polling.doors())[-1] == ("poll", "refunds/create")
    await polling.refund_webhook(order)
    await polling.world.settle()
    assert await polling.world.ask(lambda: Delivery.objects.filter(object_type="refund").count()) == 1


async def test_a_deleted_subscription_loses_nothing_and_one_exception_says_so(polling: Polling):
    made = polling.shop.subscribe(SubscriptionOptions(address="http://127.0.0.1:9/in/x"))
    for subscription in made:
        assert polling.shop.unsubscribe(subscription.id)
    orders = [polling.sold(ago=timedelta(minutes=40 - n)) for n in range(3)]
    await polling.poll()
    polling.shop.refund(orders[0], RefundOptions(at=polling.shop.sale(orders[2]).created_at + timedelta(minutes=5)))
    await polling.poll()
    await polling.world.settle()
    assert await polling.delivered() == 5  # three orders, the refund, and its order's new state
    assert await repaired(polling) == 5
    assert await polling.world.ask(open_exceptions) == [("missing_events", "shop", 5)]


async def test_what_a_poll_brought_is_in_the_equation_of_the_day(polling: Polling):
    polling.sold()
    await polling.poll()
    await polling.world.settle()
    message = await polling.world.ask(Message.objects.get)
    found = await polling.world.ask(
        lambda: equation(message.received_at - timedelta(minutes=5), message.received_at + timedelta(minutes=2))
    )
    assert (found.received, found.holds) == (1, True)


async def test_what_has_just_changed_is_left_to_its_webhook_for_a_minute(polling: Polling):
    polling.sold(ago=timedelta(seconds=5))
    assert (await polling.poll()).accepted == 0
    cursor = await polling.cursor()
    assert cursor.last_success_at is not None
    assert (await repaired(polling)) == 0
