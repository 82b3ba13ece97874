"""The list of messages: one page by keyset, or all of a filter in pages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, Max

from governance.registry.models import RetailConnection
from monitoring.exceptions.models import ExceptionItem
from monitoring.ledger.models import Attempt, Delivery, Disposition, Fact, Message, Repeat
from monitoring.ledger.selectors.filters import WORST_FIRST, MessageFilter, matching
from tenants.retailers.models import Store

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Way:
    """A message's way to one target, as the list shows it."""

    target_key: str
    target: str
    state: str
    document: str
    confirmed: bool
    error: str
    version_requested: str
    version_served: str


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One line of the list. `status` is a key of OUTCOMES or "confirmed"; None is unknown, never 0.

    `version` is what the source stated ("" if it stated none); the targets' versions are in `ways`.
    """

    id: UUID
    retailer_id: int
    received_at: datetime
    topic: str
    object_type: str
    number: str
    store_key: str
    store: str
    value: Decimal | None
    currency: str
    source_key: str
    source: str
    connector: str
    door: str
    version: str
    status: str
    why: str
    latency: timedelta | None
    repeats: int
    repeated_at: datetime | None
    exception_id: UUID | None
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Newest first. `older` and `newer` are the cursors to the neighbouring pages, None at an end."""

    rows: list[MessageRow]
    older: UUID | None
    newer: UUID | None


def message_page(
    wanted: MessageFilter, *, before: UUID | None = None, after: UUID | None = None, size: int = PAGE_SIZE
) -> MessagePage:
    """The page older than `before`, or newer than `after`, or the newest. Cost: eight queries, however many rows."""
    rows = matching(wanted)
    if after is not None:
        found = list(rows.filter(id__gt=after).order_by("id")[: size + 1])
        more, found = len(found) > size, found[:size][::-1]
        return MessagePage(described(found), found[-1].id if found else None, found[0].id if more else None)
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = list(rows.order_by("-id")[: size + 1])
    more, found = len(found) > size, found[:size]
    newer = found[0].id if found and before is not None else None
    return MessagePage(described(found), found[-1].id if more else None, newer)


def newer_count(wanted: MessageFilter, *, than: UUID, limit: int = 99) -> int:
    """How many matching messages came after one, counted up to `limit`. One query."""
    return matching(wanted).filter(id__gt=than).order_by()[:limit].count()


def described(messages: Sequence[Message]) -> list[MessageRow]:
    """Messages with everything a line shows, in the same order. Cost: seven queries."""
    ids = [message.id for message in messages]
    if not ids:
        return []
    deliveries = _by_message(Delivery.objects.scoped().filter(message_id__in=ids).order_by("id"))
    attempts = {a.delivery_id: a for a in Attempt.objects.scoped().filter(message_id__in=ids).order_by("id")}
    facts = {fact.message_id: fact for fact in Fact.objects.scoped().filter(message_id__in=ids)}
    repeats = _repeats(ids)
    exceptions = _open_exceptions(ids)
    labels = _connection_labels(messages, deliveries)
    stores = _store_names(facts.values())
    rows = []
    for message in messages:
        ways = tuple(_way(d, attempts.get(d.id), labels) for d in deliveries[message.id])
        fact = facts.get(message.id)
        count, last = repeats.get(message.id, (0, None))
        rows.append(
            MessageRow(
                id=message.id,
                retailer_id=message.retailer_id,
                received_at=message.received_at,
                topic=message.topic,
                object_type=message.object_type,
                number=fact.number if fact else "",
                store_key=fact.store_key if fact else "",
                store=stores.get((message.retailer_id, fact.store_key), "") if fact else "",
                value=fact.value if fact else None,
                currency=fact.currency if fact else "",
                source_key=message.connection_key,
                source=labels.get(message.connection_key, message.connection_key),
                connector=message.connector,
                door=message.door,
                version=message.api_version,
                status=status_of(message.disposition, deliveries[message.id]),
                why=message.rule or next((way.error for way in ways if way.error), ""),
                latency=latency_of(deliveries[message.id]),
                repeats=count,
                repeated_at=last,
                exception_id=exceptions.get(message.id),
                ways=ways,
            )
        )
    return rows


def status_of(disposition: str, deliveries: Sequence[Delivery]) -> str:
    """One word for a message: its disposition, or the worst of its deliveries; "confirmed" when all are proven."""
    if disposition == Disposition.OLDER_VERSION:
        return "superseded"
    if disposition:
        return disposition
    current = {delivery.flow_id: delivery for delivery in deliveries}.values()  # of a flow's deliveries the last counts
    if not current:
        return "waiting"
    worst = min((delivery.state for delivery in current), key=WORST_FIRST.index)
    if worst == "delivered" and all(d.confirmed_at for d in current if d.state == "delivered"):
        return "confirmed"
    return worst


def latency_of(deliveries: Iterable[Delivery]) -> timedelta | None:
    """From the door to the last target's acceptance; None while one of them has not accepted."""
    waits = [d.accepted_at - d.received_at if d.accepted_at else None for d in deliveries if d.state != "superseded"]
    if not waits or None in waits:
        return None
    return max(waits)


def _way(delivery: Delivery, attempt: Attempt | None, labels: dict[str, str]) -> Way:
    return Way(
        target_key=delivery.connection_key,
        target=labels.get(delivery.connection_key, delivery.connection_key),
        state=delivery.state,
        document=delivery.document_id,
        confirmed=delivery.confirmed_at is not None,
        error=delivery.error_message,
        version_requested=attempt.version_requested if attempt else "",
        version_served=attempt.version_served if attempt else "",
    )


def _by_message(deliveries: Iterable[Delivery]) -> dict[UUID, list[Delivery]]:
    grouped: dict[UUID, list[Delivery]] = defaultdict(list)
    for delivery in deliveries:
        grouped[delivery.message_id].append(delivery)
    return grouped


def _repeats(ids: Sequence[UUID]) -> dict[UUID, tuple[int, datetime]]:
    rows = Repeat.objects.scoped().filter(message_id__in=ids).values_list("message_id")
    return {key: (count, last) for key, count, last in rows.annotate(count=Count("id"), last=Max("received_at"))}


def _open_exceptions(ids: Sequence[UUID]) -> dict[UUID, UUID]:
    rows = ExceptionItem.objects.scoped().filter(message_id__in=ids, state__in=ExceptionItem.OPEN_STATES)
    return dict(rows.order_by("id").values_list("message_id", "id"))


def _connection_labels(messages: Iterable[Message], deliveries: dict[UUID, list[Delivery]]) -> dict[str, str]:
    keys = {message.connection_key for message in messages}
    keys |= {delivery.connection_key for group in deliveries.values() for delivery in group}
    return dict(RetailConnection.objects.scoped().filter(key__in=keys).values_list("key", "label"))


def _store_names(facts: Iterable[Fact]) -> dict[tuple[int, str], str]:
    keys = {fact.store_key for fact in facts if fact.store_key}
    rows = Store.objects.scoped().filter(key__in=keys).values_list("retailer_id", "key", "name")
    return {(retailer, key): name for retailer, key, name in rows}
