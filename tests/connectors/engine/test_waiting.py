"""A delivery that waits says for what."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors.engine.selectors import waiting_reason
from governance.registry.models import RetailConnection
from monitoring.ledger.models import Delivery
from tests.support.engine import World
from tests.support.orders import order


def reasons() -> list[str]:
    now = datetime.now(UTC)
    return [waiting_reason(pk, at=now) for pk in Delivery.objects.order_by("id").values_list("id", flat=True)]


async def test_what_follows_an_exception_says_that_it_waits_behind_it(world: World):
    world.erp.modes.append("refuse")
    await world.post(order(1001))
    await world.post(order(1001, updated="2026-11-20T11:00:00Z"), "orders/updated")
    await world.settle()
    first, second = await world.ask(reasons)
    assert first == "It waits for a person's decision."
    assert second == "It waits behind an exception about the same document, so that both arrive in order."


async def test_a_disconnected_target_is_named(world: World):
    await world.ask(lambda: RetailConnection.objects.filter(key="erp").update(state="disconnected"))
    await world.post(order(1001))
    with pytest.raises(TimeoutError):
        await world.settle(within_seconds=1)
    assert await world.ask(reasons) == ["ERP is disconnected; it goes when the connection is active again."]


async def test_what_was_delivered_waits_for_nothing(world: World):
    await world.post(order(1001))
    await world.settle()
    assert await world.ask(reasons) == [""]
