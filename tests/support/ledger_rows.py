"""Realistic ledger rows without the engine: one message by outcome, or a whole day of a retailer by seed.

    shop = connect(retailer)                       # connections, flow and stores of one retailer
    message = add(shop, outcome="exception")       # with its deliveries, attempts, steps, facts, keys, bodies
    add_day(shop, messages=4000, seed=7, at=now)   # a mixture, in the shape of a trading day

Outcomes: delivered, confirmed, waiting, retrying, exception, resolved, ignored, filtered, deduplicated, older,
superseded, unreadable, repeated.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from uuid import UUID, uuid5

from django.db import connection

from connectors.engine.models import Endpoint, Entry, Lane
from governance.registry.models import Flow, RetailConnection
from monitoring.exceptions.models import ExceptionItem, Transition
from monitoring.ledger import payloads
from monitoring.ledger.models import Attempt, BusinessKey, Delivery, Disposition, Fact, Message, Repeat, Step
from tenants.ids import uuid7
from tenants.retailers.models import Retailer, Store

NAMESPACE = UUID("5a9d8c1e-0000-4000-8000-000000000000")
MIXTURE = {
    "confirmed": 780,
    "delivered": 120,
    "ignored": 30,
    "filtered": 8,
    "deduplicated": 14,
    "older": 6,
    "repeated": 14,
    "superseded": 6,
    "exception": 9,
    "resolved": 6,
    "retrying": 4,
    "waiting": 6,
    "unreadable": 1,
}
TOPICS = ["orders/create"] * 12 + ["orders/updated"] * 5 + ["refunds/create", "orders/cancelled"]
GOODS = [
    ("HP-JKT-0412", "Harbour waxed jacket, navy, M", "189.00"),
    ("HP-SWT-0088", "Merino crew jumper, oat, L", "94.50"),
    ("HP-TRS-0231", "Corduroy trousers, moss, 34", "79.00"),
    ("HP-SHR-0117", "Oxford shirt, white, 16", "54.95"),
    ("HP-SCF-0009", "Lambswool scarf, heather", "32.00"),
    ("HP-BTS-0540", "Chelsea boots, tan, 43", "164.00"),
]
PEOPLE = [("Maren", "Ostberg"), ("Idris", "Kellaway"), ("Noor", "Haddad"), ("Tomasz", "Wilk"), ("Aoife", "Brannigan")]
# title, error class, message, http status
FAILURES = [
    ("Tryton has no product HP-JKT-0412", "unmapped value", "The ERP has no product with this code.", 200),
    (
        "Tryton refused the sale: the tax amount differs by 0.01",
        "validation",
        "Lines, tax and shipping make 243.46; the order says 243.45.",
        200,
    ),
    (
        "The order was processed in Tryton before this update arrived",
        "conflict",
        "SO-2261 is already processed; its quantity would change from 2 to 1.",
        200,
    ),
    ("Tryton rejected our credential", "credential", "Session invalid: the user may not log in.", 401),
]
DISPOSED = {
    "ignored": (Disposition.NO_FLOW, "No flow takes products/update"),
    "filtered": (Disposition.FILTERED, "Test orders stay out (rule 1 of Orders to ERP, revision 3)"),
    "deduplicated": (Disposition.SAME_VERSION, "Version 2026-11-23T08:11:42Z of this order came before"),
    "older": (Disposition.OLDER_VERSION, "Older than version 2026-11-23T09:40:05Z, which came before"),
    "unreadable": (Disposition.UNREADABLE, "The body ends in the middle of a string (byte 4,096)"),
}


@dataclass(frozen=True)
class Shop:
    """One retailer's shop, ERP, flow and stores."""

    retailer: Retailer
    source: RetailConnection
    target: RetailConnection
    flow: Flow
    stores: tuple[str, ...]


@dataclass
class Rows:
    """Everything one or many messages need, saved at once."""

    models: dict[type, list] = field(default_factory=dict)
    bodies: list[tuple[UUID, int, bytes]] = field(default_factory=list)

    def add(self, row: object) -> object:
        self.models.setdefault(type(row), []).append(row)
        return row

    def body(self, payload_id: UUID, retailer_id: int, body: bytes | str | dict) -> UUID:
        if isinstance(body, dict):
            body = json.dumps(body, indent=None, separators=(",", ":"))
        self.bodies.append((payload_id, retailer_id, body if isinstance(body, bytes) else body.encode()))
        return payload_id

    def save(self) -> None:
        moments = [message.received_at for message in self.models.get(Message, ())]
        ensure_partitions(min(moments), max(moments))
        order = [Message, Repeat, Delivery, Attempt, Step, Fact, BusinessKey, ExceptionItem, Transition]
        for model in order:
            model.objects.bulk_create(self.models.get(model, ()), batch_size=1000)
        rows = [payloads.row(*body) for body in self.bodies]
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO ledger_payload (id, retailer_id, format, key_id, body) VALUES (%s, %s, %s, %s, %s)", rows
            )


def ensure_partitions(first: datetime, last: datetime) -> None:
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_ensure_partitions(%s, %s)", [first, months])


def connect(retailer: Retailer, *, stores: int = 60, live: bool = True) -> Shop:
    """Storefront, ERP and the flow between them; again the same for the same retailer."""
    source, _ = RetailConnection.objects.get_or_create(
        key=f"{retailer.key}-shop",
        defaults={
            "retailer": retailer,
            "label": "Storefront",
            "connector": "shopify",
            "api_version": "2026-10",
            "live": live,
        },
    )
    target, _ = RetailConnection.objects.get_or_create(
        key=f"{retailer.key}-erp",
        defaults={"retailer": retailer, "label": "ERP", "connector": "tryton", "api_version": "8.2", "live": live},
    )
    flow, _ = Flow.objects.get_or_create(
        key=f"{retailer.key}-orders",
        defaults={"retailer": retailer, "label": "Orders to ERP", "source": source, "target": target},
    )
    keys = tuple(str(101 + n) for n in range(stores))
    known = set(Store.objects.filter(retailer=retailer).values_list("key", flat=True))
    Store.objects.bulk_create(
        Store(retailer=retailer, key=key, name=f"{retailer.name} {key}") for key in keys if key not in known
    )
    return Shop(retailer, source, target, flow, keys)


def add(
    shop: Shop, *, outcome: str = "confirmed", at: datetime | None = None, seed: int = 1, **facts: object
) -> Message:
    """One message, 20 minutes old unless told, with all its outcome leaves behind. `facts` override the order."""
    rows = Rows()
    message = build(rows, shop, outcome, at or datetime.now(UTC) - timedelta(minutes=20), random.Random(seed), **facts)
    rows.save()
    return message


def park(shop: Shop, item: ExceptionItem) -> Lane:
    """The lane an exception's delivery stands in, as the engine leaves it: parked behind it."""
    delivery = Delivery.objects.get(pk=item.delivery_id)
    lane = Lane.objects.create(
        retailer_id=item.retailer_id,
        flow_id=shop.flow.id,
        key=delivery.lane_key,
        endpoint_id=shop.target.id,
        due_at=item.opened_at,
        parked=True,
    )
    Entry.objects.create(
        retailer_id=item.retailer_id, lane=lane, position=1, delivery_id=delivery.id, message_id=item.message_id
    )
    return lane


def call(shop: Shop, **changes: object) -> Endpoint:
    """The target's endpoint, as the engine makes it for its first flow; `changes` are what became of it."""
    limits = {"retailer_id": shop.retailer.id, "concurrency": 2, "per_second": 8, "burst": 4, "tokens": 4}
    return Endpoint.objects.update_or_create(connection_id=shop.target.id, defaults=limits | changes)[0]


def wait_behind(lane: Lane, message: Message) -> None:
    """A later message of the same lane."""
    delivery = Delivery.objects.get(message_id=message.id)
    last = lane.entries.order_by("position").last()
    Entry.objects.create(
        retailer_id=lane.retailer_id,
        lane=lane,
        position=last.position + 1,
        delivery_id=delivery.id,
        message_id=message.id,
    )


def back_off(shop: Shop, message: Message) -> Delivery:
    """The delivery of a "retrying" message, in its lane until its next try in an hour; its last outcome is certain."""
    delivery = Delivery.objects.get(message_id=message.id)
    Attempt.objects.filter(delivery_id=delivery.id).update(outcome=Attempt.Outcome.FAILED)
    lane = Lane.objects.create(
        retailer_id=delivery.retailer_id,
        flow_id=shop.flow.id,
        key=delivery.lane_key,
        endpoint_id=shop.target.id,
        due_at=datetime.now(UTC) + timedelta(hours=1),
    )
    Entry.objects.create(
        retailer_id=delivery.retailer_id, lane=lane, position=1, delivery_id=delivery.id, message_id=message.id
    )
    return delivery


def add_day(shop: Shop, *, messages: int, at: datetime, seed: int = 7, hours: float = 24) -> list[Message]:
    """Messages over the `hours` before `at`, busier towards the middle, in the usual mixture of outcomes."""
    rng = random.Random(seed)
    moments = sorted(at - timedelta(hours=hours) * _part_of_day(rng) for _ in range(messages))
    names, weights = zip(*MIXTURE.items(), strict=True)
    made = []
    for chunk in _chunks(list(enumerate(moments)), 2000):
        rows = Rows()
        for number, moment in chunk:
            outcome = rng.choices(names, weights)[0]
            if outcome in {"waiting", "retrying"} and at - moment > timedelta(hours=1):
                outcome = "confirmed"
            made.append(build(rows, shop, outcome, moment, rng, number=f"#{10_001 + number}"))
        rows.save()
    return made


def build(rows: Rows, shop: Shop, outcome: str, at: datetime, rng: random.Random, **facts: object) -> Message:
    order = _order(shop, rng, at, **facts)
    message = rows.add(_message(shop, outcome, at, order, rng))
    rows.body(message.id, shop.retailer.id, _body(outcome, order))
    if outcome != "unreadable":
        _describe(rows, shop, message, order)
    if outcome == "repeated":
        _repeat(rows, message, at + timedelta(seconds=rng.randint(5, 600)))
    if outcome == "unreadable":
        _exception(rows, message, None, order, ("Unreadable body", "mapping", message.rule, 200), at)
    if outcome not in DISPOSED:
        _delivery(rows, shop, message, order, outcome, rng)
    return message


def _order(shop: Shop, rng: random.Random, at: datetime, **facts: object) -> dict:
    lines = [(*rng.choice(GOODS), rng.choice([1, 1, 1, 2])) for _ in range(rng.choice([1, 1, 2, 3]))]
    value = sum(Decimal(price) * count for _, _, price, count in lines)
    first, last = rng.choice(PEOPLE)
    known = {
        "object_id": str(rng.randint(5_000_000_000_000, 5_999_999_999_999)),
        "number": f"#{rng.randint(10_000, 99_999)}",
        "value": value,
        "store": rng.choice(shop.stores) if shop.stores and rng.random() < 0.8 else "",
        "topic": rng.choice(TOPICS),
        "api_version": rng.choices(["2026-10", "2026-07", ""], [88, 10, 2])[0],
        "door": rng.choices(["webhook", "poll"], [95, 5])[0],
        "currency": shop.retailer.currency,
        "customer": {"first_name": first, "last_name": last, "email": f"{first}.{last}@shopper.example".lower()},
        "lines": lines,
        "at": at,
    }
    return known | facts


def _message(shop: Shop, outcome: str, at: datetime, order: dict, rng: random.Random) -> Message:
    disposition, rule = DISPOSED.get(outcome, (Disposition.ROUTED, ""))
    refund = order["topic"].startswith("refunds")
    return Message(
        id=uuid7(at=at),
        position=int(at.timestamp() * 1000),
        retailer_id=shop.retailer.id,
        connection_id=shop.source.id,
        connection_key=shop.source.key,
        connector=shop.source.connector,
        door=order["door"],
        topic="products/update" if outcome == "ignored" else order["topic"],
        event_id=str(uuid7(at=at)),
        object_type="" if outcome == "unreadable" else "refund" if refund else "order",
        object_id="" if outcome == "unreadable" else order["object_id"],
        source_version=(at - timedelta(seconds=2)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        order_key=order["object_id"],
        api_version=order["api_version"],
        received_at=at,
        occurred_at=at - timedelta(milliseconds=rng.randint(300, 4000)),
        body_hash=sha256(order["object_id"].encode()).digest(),
        size=rng.randint(2_800, 9_400),
        masked=1 if rng.random() < 0.01 else 0,
        trace_id=f"{rng.getrandbits(128):032x}",
        disposition=disposition,
        rule=rule,
    )


def _body(outcome: str, order: dict) -> bytes | dict:
    if outcome == "unreadable":
        return b'{"id": 5234, "note": "gift for'
    return {
        "id": int(order["object_id"]),
        "name": order["number"],
        "created_at": order["at"].isoformat(timespec="seconds"),
        "currency": order["currency"],
        "total_price": str(order["value"]),
        "location_id": order["store"] or None,
        "test": False,
        "customer": order["customer"],
        "email": order["customer"]["email"],
        "line_items": [
            {"sku": sku, "title": title, "price": price, "quantity": count}
            for sku, title, price, count in order["lines"]
        ],
    }


def _describe(rows: Rows, shop: Shop, message: Message, order: dict) -> None:
    rows.add(
        Fact(
            message_id=message.id,
            retailer_id=shop.retailer.id,
            object_type=message.object_type,
            number=order["number"],
            value=order["value"],
            currency=order["currency"] if order["value"] is not None else "",
            store_key=order["store"],
            channel="pos" if order["store"] else "web",
            occurred_at=message.occurred_at,
        )
    )
    keys = {"order": order["number"], "order_id": order["object_id"]}
    for type_, value in keys.items():
        key = uuid7(at=message.received_at)
        rows.add(BusinessKey(id=key, retailer_id=shop.retailer.id, type=type_, value=value, message_id=message.id))


def _repeat(rows: Rows, message: Message, at: datetime) -> None:
    rows.add(
        Repeat(
            id=uuid7(at=at),
            message_id=message.id,
            retailer_id=message.retailer_id,
            connection_id=message.connection_id,
            connection_key=message.connection_key,
            topic=message.topic,
            event_id=message.event_id,
            received_at=at,
            same_body=True,
        )
    )


STATES = {
    "waiting": Delivery.State.WAITING,
    "retrying": Delivery.State.RETRYING,
    "exception": Delivery.State.EXCEPTION,
    "superseded": Delivery.State.SUPERSEDED,
}


def _delivery(rows: Rows, shop: Shop, message: Message, order: dict, outcome: str, rng: random.Random) -> None:
    state = STATES.get(outcome, Delivery.State.DELIVERED)
    failed = outcome in {"exception", "retrying", "resolved"}
    tries = {"waiting": 0, "superseded": 0, "retrying": 2, "exception": 1, "resolved": 2}.get(outcome, 1)
    failure = ("Tryton does not answer", "transport", "The connection was refused.", None)
    if outcome in {"exception", "resolved"}:
        failure = rng.choice(FAILURES)
    done = message.received_at + timedelta(milliseconds=rng.randint(240, 2400) * max(tries, 1))
    accepted = state == Delivery.State.DELIVERED
    delivery = rows.add(
        Delivery(
            id=uuid7(at=message.received_at + timedelta(milliseconds=40)),
            message_id=message.id,
            retailer_id=message.retailer_id,
            flow_id=shop.flow.id,
            flow_key=shop.flow.key,
            connection_id=shop.target.id,
            connection_key=shop.target.key,
            operation="refund.create" if message.object_type == "refund" else "order.upsert",
            object_type=message.object_type,
            object_id=message.object_id,
            source_version=message.source_version,
            lane_key=message.order_key,
            kind="live",
            state=state,
            idempotency_key=uuid5(NAMESPACE, message.object_id),
            reference=f"{shop.source.key}/{message.object_id}",
            attempts=tries,
            due_at=message.received_at + timedelta(minutes=4) if outcome == "retrying" else None,
            map_version="shopify-order 3",
            document_id=f"SO-{rng.randint(1000, 9999)}" if accepted else "",
            document_type="sale" if accepted else "",
            effect="created" if accepted else "",
            ran_at=done if tries else None,
            accepted_at=done if accepted else None,
            confirmed_at=done + timedelta(seconds=2) if outcome in {"confirmed", "repeated", "resolved"} else None,
            error_class=failure[1] if failed and not accepted else "",
            error_message=failure[2] if failed and not accepted else "",
            trace_id=message.trace_id,
            received_at=message.received_at,
            created_at=message.received_at + timedelta(milliseconds=40),
            finished_at=done if accepted or outcome == "exception" else None,
        )
    )
    for number in range(1, tries + 1):
        ok = accepted and number == tries
        _attempt(rows, shop, message, delivery, order, number, None if ok else failure, rng)
    if outcome in {"exception", "resolved"}:
        _exception(rows, message, delivery, order, failure, done, resolved=outcome == "resolved")


def _attempt(
    rows: Rows,
    shop: Shop,
    message: Message,
    delivery: Delivery,
    order: dict,
    number: int,
    failure: tuple | None,
    rng: random.Random,
) -> None:
    started = delivery.created_at + timedelta(milliseconds=60, minutes=(number - 1) * 2)
    attempt_id = uuid7(at=started)
    names = [("find the sale by our reference", False), ("create the sale", True), ("quote, confirm, process", True)]
    if failure:
        names = names[:1] if failure[3] is None else names[:2]
    spent = [rng.randint(40_000, 420_000) for _ in names]
    rows.add(
        Attempt(
            id=attempt_id,
            delivery_id=delivery.id,
            message_id=message.id,
            retailer_id=message.retailer_id,
            flow_key=delivery.flow_key,
            connection_key=delivery.connection_key,
            operation=delivery.operation,
            number=number,
            trigger="manual" if number > 1 and not failure else "auto",
            started_at=started,
            duration_us=sum(spent) + 2_400,
            transform_us=rng.randint(180, 900),
            target_us=sum(spent),
            outcome=Attempt.Outcome.FAILED if failure else Attempt.Outcome.OK,
            error_class=failure[1] if failure else "",
            error_message=failure[2] if failure else "",
            version_requested="8.2",
            version_served="" if failure and failure[3] is None else "8.2.1",
            worker="drain-1",
        )
    )
    for step, ((name, changes), took) in enumerate(zip(names, spent, strict=True), 1):
        last = failure is not None and step == len(names)
        _step(rows, message, attempt_id, order, step, name, changes, took, started, failure if last else None)
        started += timedelta(microseconds=took)


def _step(
    rows: Rows,
    message: Message,
    attempt_id: UUID,
    order: dict,
    number: int,
    name: str,
    changes: bool,
    took: int,
    started: datetime,
    failure: tuple | None,
) -> None:
    status = failure[3] if failure else 200
    request = rows.body(
        uuid7(at=started),
        message.retailer_id,
        {
            "method": "model.sale.sale.create" if changes else "model.sale.sale.search_read",
            "params": [
                {"reference": message.object_id, "party": order["customer"]["email"], "number": order["number"]}
            ],
            "session": "•••",
        },
    )
    answer = {"error": ["UserError", [failure[2], ""]]} if failure else {"result": [] if not changes else [4711]}
    rows.add(
        Step(
            id=uuid7(at=started),
            attempt_id=attempt_id,
            retailer_id=message.retailer_id,
            number=number,
            name=name,
            changes=changes,
            method="POST",
            target="http://127.0.0.1:8069/erp/rpc/",
            status=status,
            started_at=started,
            duration_us=took,
            version_requested="8.2",
            version_served="8.2.1" if status else "",
            request_id=request,
            response_id=rows.body(uuid7(at=started), message.retailer_id, answer) if status else None,
            error="" if status else "The connection was refused.",
        )
    )


def _exception(
    rows: Rows,
    message: Message,
    delivery: Delivery | None,
    order: dict,
    failure: tuple,
    at: datetime,
    *,
    resolved: bool = False,
) -> ExceptionItem:
    title, error_class, detail, _ = failure
    item = rows.add(
        ExceptionItem(
            id=uuid7(at=at),
            retailer_id=message.retailer_id,
            message_id=message.id,
            delivery_id=delivery.id if delivery else None,
            flow_key=delivery.flow_key if delivery else "",
            connection_key=delivery.connection_key if delivery else message.connection_key,
            error_class=error_class,
            title=title,
            detail=detail,
            fingerprint=sha256(f"{title}{error_class}".encode()).hexdigest()[:32],
            state=ExceptionItem.State.RESOLVED if resolved else ExceptionItem.State.OPEN,
            resolution="A retry was accepted by the target." if resolved else "",
            order_number=order["number"] if delivery else "",
            store_key=order["store"],
            value=order["value"] if delivery else None,
            currency=order["currency"] if delivery and order["value"] is not None else "",
            opened_at=at,
            last_seen_at=at,
            resolved_at=at + timedelta(minutes=11) if resolved else None,
        )
    )
    changes = [("", "open", at, "Signalbox worker", "")]
    if resolved:
        changes += [
            ("open", "retrying", at + timedelta(minutes=10), "Ada Ohm <ada@northgate.example>", "SKU was added"),
            ("retrying", "resolved", at + timedelta(minutes=11), "Signalbox worker", ""),
        ]
    for before, after, moment, by, reason in changes:
        rows.add(
            Transition(
                id=uuid7(at=moment),
                retailer_id=message.retailer_id,
                exception=item,
                at=moment,
                from_state=before,
                to_state=after,
                by=by,
                reason=reason,
            )
        )
    return item


def _part_of_day(rng: random.Random) -> float:
    """0 is now, 1 the beginning."""
    part = rng.gauss(0.45, 0.24)
    return part if 0.0002 < part < 0.9995 else rng.uniform(0.0002, 0.9995)


def _chunks(items: list, size: int) -> Iterable[list]:
    return (items[start : start + size] for start in range(0, len(items), size))
