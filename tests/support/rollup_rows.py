"""Rollups of ledger rows that were written without the engine: counts what the engine would have counted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.db import connection

from monitoring.ledger.models import Attempt, Delivery, Disposition, Fact, Message, Repeat
from monitoring.rollups.writer import Counted, upsert, versions

FINAL = {"delivered", "exception", "superseded", "closed"}


def count_ledger(slot: int = 1) -> None:
    """Count every row in scope once."""
    events = [*_messages(), *_repeats(), *_attempts(), *_deliveries()]
    with connection.cursor() as cursor:
        for start in range(0, len(events), 2000):
            cursor.execute(*upsert(events[start : start + 2000], slot))


def _messages() -> Iterator[Counted]:
    for m in Message.objects.scoped().iterator():
        source_us = _us(m.received_at - m.occurred_at) if m.occurred_at else None
        base = {"retailer_id": m.retailer_id, "connection_key": m.connection_key, "minute": m.received_at}
        yield Counted(kind="received", api_version=m.api_version, duration_us=source_us, **base)
        if m.disposition != Disposition.ROUTED:
            yield Counted(kind="disposed", outcome=m.disposition, api_version=m.api_version, **base)


def _repeats() -> Iterator[Counted]:
    for r in Repeat.objects.scoped().iterator():
        yield Counted(
            minute=r.received_at,
            retailer_id=r.retailer_id,
            kind="repeated",
            outcome="" if r.same_body else "conflict",
            connection_key=r.connection_key,
        )


def _attempts() -> Iterator[Counted]:
    received = dict(Message.objects.scoped().values_list("id", "received_at"))
    for a in Attempt.objects.scoped().iterator():
        yield Counted(
            minute=a.started_at,
            retailer_id=a.retailer_id,
            kind="attempt",
            outcome=a.outcome,
            connection_key=a.connection_key,
            flow_key=a.flow_key,
            api_version=versions(a.version_requested, a.version_served),
            duration_us=a.target_us,
            error_class=a.error_class,
            queue_us=_us(a.started_at - received[a.message_id]) if a.number == 1 else None,
            transform_us=a.transform_us,
        )


def _deliveries() -> Iterator[Counted]:
    facts = {fact.message_id: fact for fact in Fact.objects.scoped()}
    for d in Delivery.objects.scoped().filter(state__in=FINAL).iterator():
        fact, finished = facts.get(d.message_id), d.finished_at or d.created_at
        yield Counted(
            minute=finished,
            retailer_id=d.retailer_id,
            kind="delivery",
            outcome=d.state,
            connection_key=d.connection_key,
            flow_key=d.flow_key,
            store_key=fact.store_key if fact else "",
            currency=fact.currency if fact else "",
            value=fact.value if fact else None,
            duration_us=_us(finished - d.received_at),
        )


def _us(length: timedelta) -> int:
    return length // timedelta(microseconds=1)
