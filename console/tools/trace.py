"""Everything about one order number, as lines in the order in which it happened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from console.render.problem import problem
from console.render.text import duration, money
from monitoring.exceptions.models import ExceptionItem, Transition
from monitoring.ledger.models import BusinessKey, Repeat, Step
from monitoring.ledger.selectors.detail import AttemptDetail, DeliveryDetail, MessageDetail, message_detail
from monitoring.ledger.selectors.filters import spellings

# Keys that name one document: whatever shares one of them belongs to the same order.
JOINING = ("order", "order_id", "document")
INDENT = "    "
NOT_STATED = "not stated"


@dataclass(frozen=True, slots=True)
class Event:
    """`lines` after the first are shown below it, indented."""

    at: datetime
    lines: tuple[str, ...]


def messages_of(number: str) -> list[MessageDetail]:
    """Every message that shares a document with this number, oldest first. Empty when it is unknown."""
    first = BusinessKey.objects.scoped().filter(value__in=spellings(number)).values_list("message_id", flat=True)
    ids = set(first)
    pairs = set(BusinessKey.objects.scoped().filter(message_id__in=ids, type__in=JOINING).values_list("type", "value"))
    for type_, value in pairs:
        ids |= set(_with_key(type_, value))
    return [message_detail(message_id) for message_id in sorted(ids)]


def summary(details: Sequence[MessageDetail]) -> list[str]:
    """What the order is and where it ended, before how it got there."""
    lines = [f"{details[0].retailer.name}: {_about(details)}"]
    for detail in details:
        for way in detail.deliveries:
            where = f"{way.delivery.document_type} {way.delivery.document_id}".strip() or way.delivery.error_message
            parts = (f"{detail.message.topic} → {way.target}", way.delivery.get_state_display(), where)
            lines.append(f"  {': '.join(part for part in parts if part)}")
        if detail.message.disposition:
            lines.append(f"  {detail.message.topic}: {detail.message.get_disposition_display()}")
    return lines


def timeline(details: Iterable[MessageDetail]) -> list[Event]:
    found = [event for detail in details for event in _events(detail)]
    return sorted(found, key=lambda event: event.at)


def printed(events: Iterable[Event]) -> Iterator[str]:
    for event in events:
        first, *rest = event.lines
        yield f"{event.at:%Y-%m-%d %H:%M:%S.%f}"[:-3] + f"Z  {first}"
        yield from (f"{INDENT * 7}{line}" for line in rest)


def _with_key(type_: str, value: str) -> Iterator[UUID]:
    yield from BusinessKey.objects.scoped().filter(type=type_, value=value).values_list("message_id", flat=True)


def _about(details: Sequence[MessageDetail]) -> str:
    number = next((detail.number for detail in details if detail.number), "")
    fact = next((detail.fact for detail in details if detail.fact and detail.fact.value is not None), None)
    store = next((detail.store for detail in details if detail.store), "")
    parts = (f"order {number}".strip(), money(fact.value, fact.currency) if fact else "", store)
    return ", ".join(part for part in parts if part)


def _events(detail: MessageDetail) -> Iterator[Event]:
    yield _received(detail)
    yield from (_repeated(detail, repeat) for repeat in detail.repeats)
    for way in detail.deliveries:
        yield from (_tried(way, tried) for tried in way.attempts)
        if way.delivery.finished_at:
            yield _finished(way)
    yield from (_opened(item) for item in detail.exceptions)
    yield from (_moved(change) for change in detail.transitions if change.from_state)


def _received(detail: MessageDetail) -> Event:
    message = detail.message
    lines = [
        f"received {message.topic} from {detail.source} by {message.door}, {message.size:,} bytes, "
        f"API version {message.api_version or NOT_STATED}",
        f"message {message.id}, event {message.event_id}",
    ]
    if message.disposition:
        lines.append(f"{message.get_disposition_display()}: {message.rule}".rstrip(": "))
    elif not detail.deliveries:
        lines.append("not routed yet")
    return Event(message.received_at, tuple(lines))


def _repeated(detail: MessageDetail, repeat: Repeat) -> Event:
    body = "the same body" if repeat.same_body else "ANOTHER BODY"
    return Event(repeat.received_at, (f"{detail.source} sent the same event again, with {body}",))


def _tried(way: DeliveryDetail, tried: AttemptDetail) -> Event:
    attempt = tried.attempt
    versions = f"API version {attempt.version_requested or NOT_STATED}, served {attempt.version_served or NOT_STATED}"
    head = (
        f"attempt {attempt.number} ({attempt.trigger}): {attempt.operation} at {way.target} "
        f"{attempt.get_outcome_display()} in {duration(attempt.duration_us)}, {versions}"
    )
    error = [f"{attempt.error_class}: {attempt.error_message}"] if attempt.error_class else []
    return Event(attempt.started_at, (head, *error, *(_step(step) for step in tried.steps)))


def _step(step: Step) -> str:
    answer = str(step.status) if step.status is not None else "no answer"
    error = f" {step.error}" if step.error else ""
    return f"{step.number}. {step.name}: {step.method} {step.target} {answer} {duration(step.duration_us)}{error}"


def _finished(way: DeliveryDetail) -> Event:
    delivery = way.delivery
    took = duration((delivery.finished_at - delivery.received_at) // timedelta(microseconds=1))
    if delivery.document_id:
        document = f"{delivery.document_type} {delivery.document_id}".strip()
        text = f"{delivery.get_state_display()}: {document} {delivery.effect} in {way.target}, {took} after arrival"
    else:
        text = f"{delivery.get_state_display()} at {way.target}"
    return Event(delivery.finished_at, (text, f"our reference there: {delivery.reference}"))


def _opened(item: ExceptionItem) -> Event:
    more = problem(item.title, item.detail).text
    detail = (more,) if more else ()
    return Event(item.opened_at, (f"exception: {item.title} ({item.error_class})", *detail, f"exception {item.id}"))


def _moved(change: Transition) -> Event:
    reason = f": {change.reason}" if change.reason else ""
    return Event(change.at, (f"exception {change.from_state} → {change.to_state} by {change.by}{reason}",))
