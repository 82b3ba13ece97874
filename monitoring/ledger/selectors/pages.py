"""The list of messages: one page by keyset, or all of a filter in pages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import Count, QuerySet

from governance.registry.models import RetailConnection
from monitoring.exceptions.models import ExceptionItem
from monitoring.ledger.models import Attempt, BusinessKey, Delivery, Disposition, Fact, LedgerRow, Message, Repeat
from monitoring.ledger.selectors.filters import WORST_FIRST, MessageFilter, branches, by_rare_delivery
from tenants.retailers.selectors import store_names

PAGE_SIZE: Final = 50
COLUMNS: Final = (
    "retailer_id",
    "received_at",
    "topic",
    "object_type",
    "connection_key",
    "connector",
    "door",
    "api_version",
    "disposition",
    "rule",
)
DELIVERY: Final = (
    "id",
    "message_id",
    "flow_id",
    "connection_key",
    "state",
    "document_id",
    "error_message",
    "received_at",
    "accepted_at",
    "confirmed_at",
)
FACT: Final = ("message_id", "retailer_id", "number", "store_key", "channel", "value", "currency")
VERSIONS: Final = ("version_requested", "version_served")


class KnownFact(NamedTuple):
    message_id: UUID | None
    retailer_id: int
    number: str
    store_key: str
    channel: str
    value: Decimal | None
    currency: str


NO_FACT: Final = KnownFact(None, 0, "", "", "", None, "")


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

    `store` is its name, its key where nobody named it, or the channel of what no store sold. `version` is what the
    source stated ("" if it stated none); the targets' versions are in `ways`.
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
    """The page older than `before`, or newer than `after`, or the newest. Cost: eleven queries, however many rows."""
    if after is not None:
        found = _ids(wanted, size + 1, newest_first=False, id__gt=after)
        more, found = len(found) > size, found[:size][::-1]
        return MessagePage(_read(found), found[-1] if found else None, found[0] if more else None)
    found = _ids(wanted, size + 1, newest_first=True, **({"id__lt": before} if before is not None else {}))
    more, found = len(found) > size, found[:size]
    newer = found[0] if found and before is not None else None
    return MessagePage(_read(found), found[-1] if more else None, newer)


def newer_count(wanted: MessageFilter, *, than: UUID, limit: int = 99) -> int:
    """How many matching messages came after one, counted up to `limit`. One query, two for some outcomes."""
    return len(_ids(wanted, limit, newest_first=True, id__gt=than))


def _ids(wanted: MessageFilter, size: int, *, newest_first: bool, **bounds: UUID) -> list[UUID]:
    order = "-id" if newest_first else "id"
    nearest = by_rare_delivery(wanted, newest_first=newest_first, most=4 * size, **bounds)
    if nearest is not None:
        ids = list(nearest.rows.order_by(order).values_list("id", flat=True)[:size])
        if nearest.complete or len(ids) == size:
            return ids
    found: set[UUID] = set()
    for rows in branches(wanted, **bounds):
        found.update(rows.order_by(order).values_list("id", flat=True)[:size])
    return sorted(found, reverse=newest_first)[:size]


def _read(ids: Sequence[UUID]) -> list[MessageRow]:
    if not ids:
        return []
    return described(list(Message.objects.scoped().filter(id__in=ids).only(*COLUMNS).order_by("-id")))


def described(messages: Sequence[Message]) -> list[MessageRow]:
    """Messages with everything a line shows, in the same order. Cost: eight queries."""
    ids = [message.id for message in messages]
    if not ids:
        return []
    deliveries = _deliveries(ids)
    attempts = _versions(ids)
    facts = {row.message_id: row for row in _rows(Fact, FACT, ids)}
    repeats = _repeats(ids)
    exceptions = _open_exceptions(ids)
    labels = _connection_labels(messages, deliveries)
    numbers = _numbers([key for key in ids if key not in facts])
    stores = store_names((fact.retailer_id, fact.store_key) for fact in facts.values())
    rows = []
    for message in messages:
        mine = deliveries[message.id]
        ways = tuple(_way(delivery, attempts.get(delivery.id, ("", "")), labels) for delivery in mine)
        fact = facts.get(message.id, NO_FACT)
        rows.append(
            MessageRow(
                id=message.id,
                retailer_id=message.retailer_id,
                received_at=message.received_at,
                topic=message.topic,
                object_type=message.object_type,
                number=fact.number or numbers.get(message.id, ""),
                store_key=fact.store_key,
                store=stores.get((message.retailer_id, fact.store_key), fact.store_key) or fact.channel,
                value=fact.value,
                currency=fact.currency,
                source_key=message.connection_key,
                source=labels.get(message.connection_key, message.connection_key),
                connector=message.connector,
                door=message.door,
                version=message.api_version,
                status=status_of(message.disposition, mine),
                why=message.rule or next((way.error for way in ways if way.error), ""),
                latency=latency_of(mine),
                repeats=repeats.get(message.id, 0),
                exception_id=exceptions.get(message.id),
                ways=ways,
            )
        )
    return rows


def _numbers(ids: Sequence[UUID]) -> dict[UUID, str]:
    """Order numbers of messages that were not mapped, as the intake read them."""
    if not ids:
        return {}
    keys = BusinessKey.objects.scoped().filter(message_id__in=ids, type="order")
    return dict(keys.values_list("message_id", "value"))


def status_of(disposition: str, deliveries: Sequence[Any]) -> str:
    """One word for a message: its disposition, or the worst of its deliveries; "confirmed" when all are proven.

    `deliveries` are rows of Delivery, or what has its columns, in the order they were made.
    """
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


def latency_of(deliveries: Iterable[Any]) -> timedelta | None:
    """From the door to the last target's acceptance; None while one of them has not accepted."""
    waits = [d.accepted_at - d.received_at if d.accepted_at else None for d in deliveries if d.state != "superseded"]
    if not waits or None in waits:
        return None
    return max(waits)


def _way(delivery: Any, versions: tuple[str, str], labels: dict[str, str]) -> Way:
    return Way(
        target_key=delivery.connection_key,
        target=labels.get(delivery.connection_key, delivery.connection_key),
        state=delivery.state,
        document=delivery.document_id,
        confirmed=delivery.confirmed_at is not None,
        error=delivery.error_message,
        version_requested=versions[0],
        version_served=versions[1],
    )


def _rows(model: type[LedgerRow], columns: Sequence[str], ids: Sequence[UUID]) -> QuerySet:
    """Only what a line needs, as named tuples: whole objects would cost more than the query."""
    return model.objects.scoped().filter(message_id__in=ids).values_list(*columns, named=True)


def _deliveries(ids: Sequence[UUID]) -> dict[UUID, list[Any]]:
    grouped: dict[UUID, list[Any]] = defaultdict(list)
    for delivery in _rows(Delivery, DELIVERY, ids).order_by("id"):
        grouped[delivery.message_id].append(delivery)
    return grouped


def _versions(ids: Sequence[UUID]) -> dict[UUID, tuple[str, str]]:
    """(requested, served) of each delivery's last attempt."""
    rows = Attempt.objects.scoped().filter(message_id__in=ids).order_by("id")
    return {key: (asked, got) for key, asked, got in rows.values_list("delivery_id", *VERSIONS)}


def _repeats(ids: Sequence[UUID]) -> dict[UUID, int]:
    rows = Repeat.objects.scoped().filter(message_id__in=ids).values_list("message_id")
    return dict(rows.annotate(count=Count("id")))


def _open_exceptions(ids: Sequence[UUID]) -> dict[UUID, UUID]:
    rows = ExceptionItem.objects.scoped().filter(message_id__in=ids, state__in=ExceptionItem.OPEN_STATES)
    return dict(rows.order_by("id").values_list("message_id", "id"))


def _connection_labels(messages: Iterable[Message], deliveries: dict[UUID, list[Any]]) -> dict[str, str]:
    keys = {message.connection_key for message in messages}
    keys |= {delivery.connection_key for group in deliveries.values() for delivery in group}
    return dict(RetailConnection.objects.scoped().filter(key__in=keys).values_list("key", "label"))
