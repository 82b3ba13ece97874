"""One message with everything that happened to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from governance.registry.models import Flow, RetailConnection
from monitoring.exceptions.models import ExceptionItem, Transition
from monitoring.exceptions.selectors import exceptions_of, transitions_of
from monitoring.ledger.models import Attempt, BusinessKey, Delivery, Fact, Message, Repeat, Step
from monitoring.ledger.selectors.pages import MessageRow, described, latency_of, status_of
from tenants.retailers.models import Retailer, Store

RELATED_LIMIT = 50


@dataclass(frozen=True, slots=True)
class AttemptDetail:
    """`wait` is from the message's arrival (or the attempt before) to this attempt's start."""

    attempt: Attempt
    steps: list[Step]
    wait: timedelta

    @property
    def wait_us(self) -> int:
        return max(0, int(self.wait / timedelta(microseconds=1)))

    @property
    def other_us(self) -> int:
        """What neither the transform nor the target took: ours."""
        return max(0, self.attempt.duration_us - self.attempt.transform_us - self.attempt.target_us)


@dataclass(frozen=True, slots=True)
class DeliveryDetail:
    delivery: Delivery
    target: str
    connector: str
    flow: str
    attempts: list[AttemptDetail]


@dataclass(frozen=True, slots=True)
class MessageDetail:
    """Everything the page of one message shows, bodies aside."""

    message: Message
    retailer: Retailer
    fact: Fact | None
    store: str
    source: str
    keys: list[BusinessKey]
    deliveries: list[DeliveryDetail]
    repeats: list[Repeat]
    exceptions: list[ExceptionItem]
    transitions: list[Transition]
    status: str
    latency: timedelta | None

    @property
    def number(self) -> str:
        if self.fact and self.fact.number:
            return self.fact.number
        orders = [key.value for key in self.keys if key.type == "order"]
        return orders[0] if orders else ""

    @property
    def open_exception(self) -> ExceptionItem | None:
        return next((item for item in self.exceptions if item.state in ExceptionItem.OPEN_STATES), None)


def message_detail(message_id: UUID) -> MessageDetail:
    """Cost: twelve queries at most. Raises Message.DoesNotExist for another's as for none."""
    message = Message.objects.scoped().get(pk=message_id)
    deliveries = list(Delivery.objects.scoped().filter(message_id=message_id).order_by("id"))
    fact = Fact.objects.scoped().filter(message_id=message_id).first()
    labels, connectors = _connections({message.connection_key, *(d.connection_key for d in deliveries)})
    exceptions = exceptions_of(message_id)
    return MessageDetail(
        message=message,
        retailer=Retailer.objects.scoped().get(pk=message.retailer_id),
        fact=fact,
        store=_store_name(message.retailer_id, fact.store_key if fact else ""),
        source=labels.get(message.connection_key, message.connection_key),
        keys=list(BusinessKey.objects.scoped().filter(message_id=message_id).order_by("type", "value")),
        deliveries=_with_attempts(message, deliveries, labels, connectors),
        repeats=list(Repeat.objects.scoped().filter(message_id=message_id).order_by("id")),
        exceptions=exceptions,
        transitions=transitions_of([item.id for item in exceptions]) if exceptions else [],
        status=status_of(message.disposition, deliveries),
        latency=latency_of(deliveries),
    )


def delivery_by_id(delivery_id: UUID) -> Delivery:
    """Raises Delivery.DoesNotExist for another's as for none."""
    return Delivery.objects.scoped().get(pk=delivery_id)


def related_messages(message: Message) -> list[MessageRow]:
    """Other messages of the same order, newest first: those that share a business key that names one document.

    Cost: two queries and those of `described`.
    """
    own = BusinessKey.objects.scoped().filter(message_id=message.id, type__in=("order", "order_id", "document"))
    pairs = list(own.values_list("type", "value"))
    if not pairs:
        return []
    shared = BusinessKey.objects.scoped().filter(
        retailer_id=message.retailer_id, type__in={t for t, _ in pairs}, value__in={v for _, v in pairs}
    )
    ids = shared.exclude(message_id=message.id).order_by("-message_id").values_list("message_id", flat=True)
    found = Message.objects.scoped().filter(id__in=list(ids.distinct()[:RELATED_LIMIT])).order_by("-id")
    return described(list(found))


def step_of_payload(message_id: UUID, payload_id: UUID) -> Step:
    """The step that sent or received a body, if it belongs to this message. Raises Step.DoesNotExist."""
    attempts = Attempt.objects.scoped().filter(message_id=message_id).values("id")
    steps = Step.objects.scoped().filter(attempt_id__in=attempts)
    return (steps.filter(request_id=payload_id) | steps.filter(response_id=payload_id)).get()


def _with_attempts(
    message: Message, deliveries: list[Delivery], labels: dict[str, str], connectors: dict[str, str]
) -> list[DeliveryDetail]:
    if not deliveries:
        return []
    attempts = list(Attempt.objects.scoped().filter(message_id=message.id).order_by("id"))
    steps = list(Step.objects.scoped().filter(attempt_id__in=[a.id for a in attempts]).order_by("attempt_id", "number"))
    flows = dict(Flow.objects.scoped().filter(key__in={d.flow_key for d in deliveries}).values_list("key", "label"))
    return [
        DeliveryDetail(
            delivery=delivery,
            target=labels.get(delivery.connection_key, delivery.connection_key),
            connector=connectors.get(delivery.connection_key, ""),
            flow=flows.get(delivery.flow_key, delivery.flow_key),
            attempts=_tries([a for a in attempts if a.delivery_id == delivery.id], steps, message),
        )
        for delivery in deliveries
    ]


def _tries(attempts: list[Attempt], steps: list[Step], message: Message) -> list[AttemptDetail]:
    ended = message.received_at
    found = []
    for attempt in attempts:
        found.append(
            AttemptDetail(attempt, [s for s in steps if s.attempt_id == attempt.id], attempt.started_at - ended)
        )
        ended = attempt.started_at + timedelta(microseconds=attempt.duration_us)
    return found


def _connections(keys: set[str]) -> tuple[dict[str, str], dict[str, str]]:
    rows = list(RetailConnection.objects.scoped().filter(key__in=keys).values_list("key", "label", "connector"))
    return {key: label for key, label, _ in rows}, {key: name for key, _, name in rows}


def _store_name(retailer_id: int, key: str) -> str:
    if not key:
        return ""
    return Store.objects.scoped().filter(retailer_id=retailer_id, key=key).values_list("name", flat=True).first() or ""
