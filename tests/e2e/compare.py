"""Pure: what the three accounts contradict each other in, one sentence a contradiction. Empty lists are the proof."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from connectors.sandbox.shopify.journal import ExpectedOrder
from tests.e2e.accounts import SHOP_KEY, Accounts, net

BOOKED = ("processing", "done")
REVERSAL = "-cancelled"


def lost_or_doubled_events(told: Accounts) -> list[str]:
    """Each webhook that got a 2xx is exactly one message: that id, that body, that answer."""
    return list(_lost_or_doubled(told))


def _lost_or_doubled(told: Accounts) -> Iterator[str]:
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in told.ledger.messages:
        rows[row["event_id"]].append(row)
    for webhook_id, event in told.shop.by_webhook.items():
        attempt, found = told.shop.acknowledged.get(webhook_id), rows.get(webhook_id, [])
        if attempt is None:
            yield f"{event.topic} of {event.name} ({webhook_id}) was never acknowledged"
        elif len(found) != 1:
            yield f"{event.topic} of {event.name} ({webhook_id}) was acknowledged and is {len(found)} messages"
        elif found[0]["topic"] != event.topic or bytes(found[0]["body_hash"]).hex() != event.sha256:
            yield f"{event.topic} of {event.name} ({webhook_id}) is stored as something else"
        elif str(found[0]["id"]) not in attempt.raw["answer"]:
            yield f"{event.topic} of {event.name} was answered {attempt.raw['answer']}, it is {found[0]['id']}"
    for event_id in rows.keys() - told.shop.by_webhook.keys():
        yield f"message {rows[event_id][0]['id']} is an event that the shop never sent: {event_id}"


def wrong_answers(told: Accounts) -> list[str]:
    """To the shop: yes, yes-I-know, come-again, or nothing at all. Never "it is broken", never "you are wrong"."""
    allowed = (200, 202, 503, None)
    return [
        f"{one.topic} got {one.status} {one.raw['answer']}" for one in told.shop.attempts if one.status not in allowed
    ]


def unaccounted_messages(told: Accounts) -> list[str]:
    """Each message is delivered, disposed of by a rule, waits for a person, or waits behind one that does."""
    found = []
    for message in told.ledger.messages:
        deliveries = told.ledger.deliveries_of(message["id"])
        if message["disposition"]:
            # The one flow takes all that this shop tells: nothing of it may be ignored.
            if deliveries or not message["rule"] or not _rightly_disposed(told, message):
                found.append(f"{message['topic']} {message['object_id']} {message['disposition']}: {message['rule']}")
        elif len(deliveries) != 1:
            found.append(f"{message['topic']} {message['object_id']} has {len(deliveries)} deliveries for one flow")
        else:
            found += _unaccounted(told, message, deliveries[0])
    return found


def _rightly_disposed(told: Accounts, message: dict[str, Any]) -> bool:
    """The same body of the same version came before, or a newer version did."""
    earlier = [
        row
        for row in told.ledger.messages
        if (row["object_type"], row["object_id"]) == (message["object_type"], message["object_id"])
        and row["position"] < message["position"]
        and not row["disposition"]
    ]
    if message["disposition"] == "superseded":
        return any(row["source_version"] > message["source_version"] for row in earlier)
    same = (message["source_version"], message["body_hash"])
    return message["disposition"] == "deduplicated" and same in [
        (row["source_version"], row["body_hash"]) for row in earlier
    ]


def _unaccounted(told: Accounts, message: dict[str, Any], delivery: dict[str, Any]) -> Iterator[str]:
    name = f"{message['topic']} {message['object_id']}, {delivery['state']},"
    place = told.ledger.parked.get(delivery["id"])
    exceptions = [one for one in told.ledger.exceptions if one["delivery_id"] == delivery["id"]]
    if delivery["state"] == "delivered":
        if not delivery["document_id"] or delivery["accepted_at"] is None:
            yield f"{name} names no document"
        if exceptions or place:
            yield f"{name} still waits for somebody"
    elif delivery["state"] == "exception":
        if len(exceptions) != 1 or not place or not place["parked"] or place["place"] != 1:
            yield f"{name} has {len(exceptions)} open exceptions and the place {place}"
    elif delivery["state"] in ("waiting", "retrying"):
        if not place or not place["parked"] or place["place"] == 1:
            yield f"{name} waits for nothing stated: {place}"
    else:
        yield f"{name} was ended by nobody"


def unexplained_exceptions(told: Accounts) -> list[str]:
    """A person has to decide what the shop did, and nothing that a kill did: an SKU too early, a change too late."""
    orders = {row["id"]: row["order_key"] for row in told.ledger.messages}
    return [
        f"{one['error_class']}: {one['title']}"
        for one in told.ledger.exceptions
        if not _explained(told, one["error_class"], int(orders[one["message_id"]]))
    ]


def _explained(told: Accounts, error_class: str, order_id: int) -> bool:
    if error_class == "unmapped_value":
        return told.shop.orders[order_id].unknown_sku
    totals = {event.total for event in told.shop.events if event.order_id == order_id}
    return error_class == "conflict" and len(totals) > 1


def orders_out_of_order(told: Accounts) -> list[str]:
    """Of one order, what came later was never accepted before what came earlier, unless that had come too early."""
    latest: dict[str, dict[str, Any]] = {}
    found = []
    for delivery in told.ledger.deliveries:
        if delivery["state"] != "delivered" or delivery["id"] in told.ledger.early:
            continue
        before = latest.get(delivery["lane_key"])
        if before and before["accepted_at"] > delivery["accepted_at"]:
            found.append(f"{delivery['lane_key']}: {delivery['reference']} was accepted before what it follows")
        latest[delivery["lane_key"]] = delivery
    return found


def wrong_documents(told: Accounts) -> list[str]:
    """Each delivered order is exactly one sale, each delivered refund one return, and the ERP holds nothing else."""
    found = list(_doubled(told))
    if found:
        return found
    for order in told.shop.orders.values():
        found += _wrong_sale(told, order)
        found += _wrong_returns(told, order)
        found += _wrong_net(told, order)
    return found + list(_uncalled_for(told))


def _doubled(told: Accounts) -> Iterator[str]:
    for reference, documents in told.erp.documents.items():
        if len(documents) > 1:
            yield f"{reference} is {len(documents)} documents: {[one['number'] for one in documents]}"
        for one in documents:
            if len(one["invoices"]) > 1:
                yield f"{reference} has {len(one['invoices'])} invoices"


def _delivered(told: Accounts, object_type: str, object_id: int) -> list[dict[str, Any]]:
    """In the order in which they came."""
    return [
        row
        for row in told.ledger.deliveries
        if (row["object_type"], row["object_id"], row["state"]) == (object_type, str(object_id), "delivered")
    ]


def _wrong_sale(told: Accounts, order: ExpectedOrder) -> Iterator[str]:
    reference = f"{SHOP_KEY}/{order.id}"
    delivered = _delivered(told, "order", order.id)
    if not delivered:
        if reference in told.erp.documents:
            yield f"{order.name} was not delivered, and the ERP has a sale of it"
        if str(order.id) not in told.ledger.waiting_orders:
            yield f"{order.name} was not delivered, and waits for nobody"
        return
    if reference not in told.erp.documents:
        yield f"{order.name} was delivered as {delivered[-1]['document_id']}, and the ERP has no sale of it"
        return
    sale, event = told.erp.only(reference), told.shop.by_webhook[delivered[-1]["event_id"]]
    if sale["total_amount"] != event.total:
        yield f"{order.name} is {event.total} in the shop and {sale['total_amount']} in the ERP"
    if sale["state"] not in (*BOOKED, "cancelled") or (sale["state"] == "cancelled" and not order.cancelled):
        yield f"{order.name} is {sale['state']} in the ERP"
    for row in delivered:
        if row["document_type"] == "sale" and row["document_id"] != sale["number"]:
            yield f"{order.name} was recorded as {row['document_id']}, the sale is {sale['number']}"


def _wrong_returns(told: Accounts, order: ExpectedOrder) -> Iterator[str]:
    for refund_id, amount in order.refunds.items():
        reference = f"{SHOP_KEY}/{refund_id}"
        delivered = _delivered(told, "refund", refund_id)
        if not delivered:
            if reference in told.erp.documents:
                yield f"refund {refund_id} of {order.name} was not delivered, and the ERP has a return of it"
            if str(order.id) not in told.ledger.waiting_orders:
                yield f"refund {refund_id} of {order.name} was not delivered, and waits for nobody"
        elif reference not in told.erp.documents:
            yield f"refund {refund_id} of {order.name} was delivered, and the ERP has no return of it"
        elif told.erp.only(reference)["total_amount"] != -amount:
            given = told.erp.only(reference)["total_amount"]
            yield f"refund {refund_id} of {order.name} gave back {amount}, the ERP's return is {given}"


def _wrong_net(told: Accounts, order: ExpectedOrder) -> Iterator[str]:
    """Where nothing waits any more, shop and ERP agree on what is left of the order."""
    if str(order.id) in told.ledger.waiting_orders:
        return
    references = [f"{SHOP_KEY}/{order.id}", f"{SHOP_KEY}/{order.id}{REVERSAL}"]
    references += [f"{SHOP_KEY}/{refund_id}" for refund_id in order.refunds]
    documents = [one for reference in references for one in told.erp.documents.get(reference, [])]
    if net(documents) != order.current_total:
        yield f"of {order.name} is left {order.current_total} in the shop and {net(documents)} in the ERP"


def _uncalled_for(told: Accounts) -> Iterator[str]:
    known = {f"{SHOP_KEY}/{order.id}" for order in told.shop.orders.values()}
    known |= {f"{SHOP_KEY}/{refund}" for order in told.shop.orders.values() for refund in order.refunds}
    known |= {f"{SHOP_KEY}/{order.id}{REVERSAL}" for order in told.shop.orders.values() if order.cancelled}
    for reference in told.erp.documents.keys() - known:
        yield f"the ERP holds {reference}, which nobody ordered"


def missing_orders(told: Accounts) -> tuple[set[str], set[str]]:
    """(orders that the ERP lacks, orders whose first delivery waits for a person): the same, or something is lost."""
    lacking = {order.name for order in told.shop.orders.values() if f"{SHOP_KEY}/{order.id}" not in told.erp.documents}
    open_ids = {row["order_key"] for row in told.ledger.messages if row["id"] in told.ledger.open_messages}
    undelivered = {
        order.name
        for order in told.shop.orders.values()
        if str(order.id) in open_ids and not _delivered(told, "order", order.id)
    }
    return lacking, undelivered


def figures(told: Accounts) -> dict[str, Any]:
    """For whoever reads the run's output."""
    states = Counter(row["state"] for row in told.ledger.deliveries)
    dispositions = Counter(row["disposition"] for row in told.ledger.messages if row["disposition"])
    sold = [one for documents in told.erp.documents.values() for one in documents]
    return {
        "orders in the shop": len(told.shop.orders),
        "events told": len(told.shop.by_webhook),
        "posts": len(told.shop.attempts),
        "posts without an answer": sum(one.status is None for one in told.shop.attempts),
        "posts answered 503": sum(one.status == 503 for one in told.shop.attempts),
        "messages": len(told.ledger.messages),
        "repeats": told.ledger.repeats,
        "disposed": dict(dispositions),
        "deliveries": dict(states),
        "attempts": told.ledger.attempts,
        "open exceptions": dict(Counter(row["error_class"] for row in told.ledger.exceptions)),
        "documents in the ERP": len(sold),
        "of these returns": sum(one["total_amount"] < 0 for one in sold),
        "booked in the ERP": str(net(sold)),
        "left in the shop": str(sum((order.current_total for order in told.shop.orders.values()), Decimal(0))),
    }
