"""The comparison itself: each kind of loss and doubling is seen, in accounts of one order spoilt one way at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from connectors.sandbox.shopify.journal import Attempt, Event, ExpectedOrder
from tests.e2e import compare
from tests.e2e.accounts import Accounts, Erp, Ledger, Shop

ID = 6500000001024
MESSAGE, DELIVERY = UUID(int=1), UUID(int=2)
AT = datetime(2026, 11, 23, 12, tzinfo=UTC)


def event(number: int = 1, topic: str = "orders/create") -> Event:
    return Event(
        seq=number,
        topic=topic,
        event_id=f"act-{number}",
        order_id=ID,
        name="#1001",
        updated_at="2026-11-23T12:00:00Z",
        total=Decimal("20.00"),
        current_total=Decimal("20.00"),
        refunded=Decimal(0),
        cancelled=False,
        refund_id=None,
        refund_total=None,
        sha256="ab" * 32,
        webhook_ids=(f"webhook-{number}",),
        flags=(),
        raw={},
    )


def attempt(number: int = 1, status: int | None = 202) -> Attempt:
    return Attempt(number, f"webhook-{number}", "orders/create", 1, status, "", {"answer": f'{{"id":"{MESSAGE}"}}'})


def message(**other: Any) -> dict[str, Any]:
    made = {"id": MESSAGE, "position": 1, "topic": "orders/create", "event_id": "webhook-1", "disposition": ""}
    made |= {"object_type": "order", "object_id": str(ID), "order_key": str(ID), "rule": ""}
    return made | {"source_version": "1", "body_hash": bytes.fromhex("ab" * 32)} | other


def delivery(**other: Any) -> dict[str, Any]:
    made = {"id": DELIVERY, "message_id": MESSAGE, "event_id": "webhook-1", "state": "delivered", "position": 1}
    made |= {"object_type": "order", "object_id": str(ID), "document_id": "7", "document_type": "sale"}
    return made | {"lane_key": str(ID), "reference": f"shopify/{ID}", "accepted_at": AT} | other


def exception(error_class: str) -> dict[str, Any]:
    return {"message_id": MESSAGE, "delivery_id": DELIVERY, "error_class": error_class, "title": "It failed."}


def sale(**other: Any) -> dict[str, Any]:
    made = {"number": "7", "reference": f"shopify/{ID}", "state": "processing", "total_amount": Decimal("20.00")}
    return made | {"origin": None, "invoices": [3]} | other


def order(**other: Any) -> ExpectedOrder:
    made = ExpectedOrder(
        id=ID,
        name="#1001",
        currency="USD",
        source="web",
        location_id=None,
        total=Decimal("20.00"),
        current_total=Decimal("20.00"),
        cancelled=False,
        unknown_sku=False,
        updated_at="",
        lines=[],
    )
    for name, value in other.items():
        setattr(made, name, value)
    return made


def told() -> Accounts:
    """All three say the same."""
    return Accounts(
        Shop([event()], [attempt()], {"webhook-1": attempt()}, {ID: order()}),
        Ledger([message()], [delivery()], [], {}, 0, {"ok": 1}, set()),
        Erp({f"shopify/{ID}": [sale()]}),
    )


def shop(**other: Any) -> Callable[[Accounts], Accounts]:
    return lambda right: replace(right, shop=replace(right.shop, **other))


def ledger(**other: Any) -> Callable[[Accounts], Accounts]:
    return lambda right: replace(right, ledger=replace(right.ledger, **other))


def erp(*documents: dict[str, Any]) -> Callable[[Accounts], Accounts]:
    found: dict[str, list[dict[str, Any]]] = {}
    for one in documents:
        found.setdefault(one["reference"], []).append(one)
    return lambda right: replace(right, erp=Erp(found))


CHECKS = (
    compare.lost_or_doubled_events,
    compare.wrong_answers,
    compare.unaccounted_messages,
    compare.unexplained_exceptions,
    compare.orders_out_of_order,
    compare.wrong_documents,
)
LATER = delivery(id=UUID(int=3), position=2, accepted_at=AT - timedelta(seconds=1))
SPOILT = {
    "an acknowledged event is no message": (compare.lost_or_doubled_events, ledger(messages=[])),
    "an event is two messages": (compare.lost_or_doubled_events, ledger(messages=[message(), message(id=UUID(int=9))])),
    "a body was changed": (compare.lost_or_doubled_events, ledger(messages=[message(body_hash=b"x" * 32)])),
    "the answer named another message": (compare.lost_or_doubled_events, ledger(messages=[message(id=UUID(int=9))])),
    "nobody sent it": (compare.lost_or_doubled_events, ledger(messages=[message(), message(event_id="else")])),
    "an event was never acknowledged": (compare.lost_or_doubled_events, shop(acknowledged={})),
    "the shop heard a 500": (compare.wrong_answers, shop(attempts=[attempt(status=500)])),
    "the shop heard a 401": (compare.wrong_answers, shop(attempts=[attempt(status=401)])),
    "a message has no delivery": (compare.unaccounted_messages, ledger(deliveries=[])),
    "a message has two": (compare.unaccounted_messages, ledger(deliveries=[delivery(), delivery()])),
    "an order was ignored": (
        compare.unaccounted_messages,
        ledger(messages=[message(disposition="ignored", rule="No flow")], deliveries=[]),
    ),
    "it was superseded by nothing newer": (
        compare.unaccounted_messages,
        ledger(messages=[message(disposition="superseded", rule="Older")], deliveries=[]),
    ),
    "it waits in no lane": (compare.unaccounted_messages, ledger(deliveries=[delivery(state="retrying")])),
    "it failed and nobody is told": (compare.unaccounted_messages, ledger(deliveries=[delivery(state="exception")])),
    "it was delivered as nothing": (compare.unaccounted_messages, ledger(deliveries=[delivery(document_id="")])),
    "a kill left work for a person": (compare.unexplained_exceptions, ledger(exceptions=[exception("poison")])),
    "a conflict came of nothing": (compare.unexplained_exceptions, ledger(exceptions=[exception("conflict")])),
    "what came later went first": (compare.orders_out_of_order, ledger(deliveries=[delivery(), LATER])),
    "an order is two sales": (compare.wrong_documents, erp(sale(), sale(number="8"))),
    "a sale is invoiced twice": (compare.wrong_documents, erp(sale(invoices=[3, 4]))),
    "a delivered order is no sale": (compare.wrong_documents, erp()),
    "the totals differ": (compare.wrong_documents, erp(sale(total_amount=Decimal("20.01")))),
    "the sale is still a draft": (compare.wrong_documents, erp(sale(state="draft"))),
    "another number was recorded": (compare.wrong_documents, erp(sale(number="8"))),
    "the ERP has what nobody ordered": (compare.wrong_documents, erp(sale(), sale(reference="shopify/1"))),
    "a refund is no return": (compare.wrong_documents, shop(orders={ID: order(refunds={99: Decimal("5.00")})})),
    "less is left in the shop": (compare.wrong_documents, shop(orders={ID: order(current_total=Decimal("15.00"))})),
    "an undelivered order is a sale": (compare.wrong_documents, ledger(deliveries=[delivery(state="exception")])),
}


def test_nothing_is_found_where_all_say_the_same() -> None:
    assert [check(told()) for check in CHECKS] == [[]] * len(CHECKS)
    assert compare.missing_orders(told()) == (set(), set())


@pytest.mark.parametrize("what", SPOILT)
def test_it_is_seen_when(what: str) -> None:
    check, spoil = SPOILT[what]
    assert len(check(spoil(told()))) >= 1


def test_an_order_that_is_nowhere_is_not_taken_for_one_that_waits() -> None:
    lacking, waiting = compare.missing_orders(ledger(deliveries=[])(erp()(told())))
    assert (lacking, waiting) == ({"#1001"}, set())
