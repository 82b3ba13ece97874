"""Wherever an attempt is cut off, the next one goes on: nothing twice, nothing half."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from connectors.canonical.order import Order
from connectors.sdk.connector import Delivered
from connectors.sdk.errors import Unavailable, Uncertain
from connectors.sdk.testing import Fault, Killed
from tests.connectors.tryton.attempts import NOON, Shop, line, money, refunded, tax

pytestmark = pytest.mark.tryton

# Cut off after a step and cut off before the next leave Tryton alike.
NEW_SALE = ["search", "create", "quote", "confirm", "read back"]
AMENDMENT = ["search", "reopen", "amend", "quote", "confirm", "read back"]
REVERSAL = ["search", "find returns", "create", "quote", "confirm", "read back"]
CANCELLED = ["search", "create", "quote", "cancel"]


def after_each(steps: list[str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("step", range(1, len(steps)), ids=steps[:-1])


@pytest.fixture(scope="module", autouse=True)
def taxes(erp) -> None:
    erp.catalogue.ensure_taxes([("State Tax", money("0.06"))])


@pytest.fixture
async def warm(shop: Shop) -> Shop:
    """Products, taxes and parties are known, so that step k is always the same step."""
    other = shop.another()
    await other.sell(other.order(line(taxes=(tax("0.06", "0.60"),))))
    await other.give_back(other.refund(refunded(tax="0.60"), total=money("10.60")))
    return shop


@pytest.fixture
async def warm_for_refunds(warm: Shop) -> Shop:
    """And what refunds are made of."""
    other = warm.another()
    await other.give_back(other.refund(refunded(tax="0.60"), total=money("10.60")))
    return warm


async def settled(shop: Shop, order: Order) -> Delivered:
    """As the engine does: ask again for as long as nobody knows, here while Tryton still works on the lost call."""
    for _ in range(30):
        try:
            return await shop.sell(order)
        except Uncertain:
            continue
    raise AssertionError("still uncertain")


def cut(step: int) -> Fault:
    return Fault(step, "after", Killed())


@after_each(NEW_SALE)
async def test_a_new_sale_cut_off_anywhere_is_finished_once(warm: Shop, step: int) -> None:
    order = warm.order(line(quantity="2", taxes=(tax("0.06", "1.20"),)))
    with pytest.raises(Killed):
        await warm.sell(order, fault=cut(step))
    assert warm.steps == NEW_SALE[:step]
    await warm.sell(order)
    (sale,) = warm.sales()
    assert (sale["state"], sale["total_amount"]) == ("processing", order.total)
    assert len(sale["shipments"]) == 1


@after_each(NEW_SALE)
async def test_a_refund_cut_off_anywhere_is_finished_once(warm_for_refunds: Shop, step: int) -> None:
    warm = warm_for_refunds
    await warm.sell(warm.order(line(quantity="2", taxes=(tax("0.06", "1.20"),))))
    refund = warm.refund(refunded(tax="0.60"), total=money("10.60"))
    with pytest.raises(Killed):
        await warm.give_back(refund, fault=cut(step))
    assert warm.steps == NEW_SALE[:step]
    await warm.give_back(refund)
    sold, returned = warm.sales()
    assert (returned["state"], returned["total_amount"]) == ("processing", money("-10.60"))
    assert (sold["state"], len(returned["shipment_returns"])) == ("processing", 1)


@after_each(AMENDMENT)
async def test_an_amendment_cut_off_anywhere_is_finished(warm: Shop, step: int) -> None:
    await warm.sell(warm.order(line(quantity="2")), config={"finish_at": "quotation"})
    changed = warm.order(line(quantity="5"))
    with pytest.raises(Killed):
        await warm.sell(changed, fault=cut(step))
    assert warm.steps == AMENDMENT[:step]
    await warm.sell(changed)
    (sale,) = warm.sales()
    assert (sale["state"], sale["total_amount"]) == ("processing", changed.total)


@after_each(REVERSAL)
async def test_a_return_of_a_cancelled_order_cut_off_anywhere_is_finished_once(warm: Shop, step: int) -> None:
    order = warm.order(line(quantity="2"))
    await warm.sell(order)
    cancelled = replace(order, cancelled_at=NOON)
    with pytest.raises(Killed):
        await warm.sell(cancelled, fault=cut(step))
    assert warm.steps == REVERSAL[:step]
    await warm.sell(cancelled)
    assert [document["total_amount"] for document in warm.sales()] == [order.total, -order.total]


@after_each(CANCELLED)
async def test_an_order_that_arrives_cancelled_and_is_cut_off_is_cancelled_once(warm: Shop, step: int) -> None:
    order = replace(warm.order(line(quantity="2")), cancelled_at=NOON)
    with pytest.raises(Killed):
        await warm.sell(order, fault=cut(step))
    assert warm.steps == CANCELLED[:step]
    await warm.sell(order)
    assert [document["state"] for document in warm.sales()] == ["cancelled"]


@pytest.mark.parametrize("step", [2, 4], ids=["create", "confirm"])
async def test_an_answer_that_never_came_is_resolved_by_searching(warm: Shop, step: int) -> None:
    """The change took effect, its answer was lost: the same reference finds it."""
    order = warm.order(line(quantity="2"))
    with pytest.raises(Uncertain):
        await warm.sell(order, fault=Fault(step, "after", Uncertain("No complete answer came.")))
    delivered = await warm.sell(order)
    (sale,) = warm.sales()
    assert (sale["state"], delivered.document_id) == ("processing", sale["number"])


async def test_a_deadline_that_ends_in_the_middle_of_a_change_is_uncertain(warm: Shop) -> None:
    order = warm.order(line(quantity="2"))
    await warm.sell(order, config={"finish_at": "quotation"})
    with pytest.raises((Uncertain, Unavailable)):
        await warm.sell(order, deadline=0.03)
    await settled(warm, order)
    (sale,) = warm.sales()
    assert (sale["state"], len(sale["shipments"])) == ("processing", 1)


async def test_a_late_attempt_and_its_successor_do_not_process_twice(warm: Shop) -> None:
    """An attempt that was given up may still run: Tryton locks the sale, and whoever comes second finds it done.

    Or does not get the lock in time: then it does not know, and the next attempt looks.
    """
    order = warm.order(line(quantity="2"))
    await warm.sell(order, config={"finish_at": "quotation"})
    ended = await asyncio.gather(warm.sell(order), warm.sell(order), return_exceptions=True)
    assert all(isinstance(end, Delivered | Uncertain) for end in ended), ended
    await warm.sell(order)
    (sale,) = warm.sales()
    assert (sale["state"], len(sale["shipments"])) == ("processing", 1)
