"""Small hints to open pages, sent between processes by PostgreSQL: "something about messages changed at this retailer".

A hint carries no data, so nothing leaks and a lost one costs a refetch. Send it after the commit, once a batch.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection
from psycopg import AsyncConnection

CHANNEL: Final = "signalbox_hints"
TOPICS: Final = frozenset({"messages", "exceptions", "overview"})
NOTIFY: Final = "SELECT pg_notify(%s, payload) FROM unnest(%s::text[]) AS payload"


# A hint that a crash takes back is no loss, so nobody waits for the disk.
NOTIFY_SOON: Final = """
WITH soon AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
SELECT pg_notify(%s, payload) FROM soon, unnest(%s::text[]) AS payload
"""


@dataclass(frozen=True, slots=True)
class Hint:
    """`id` is the message's or exception's; empty when there are several."""

    retailer_id: int
    topic: str
    id: str = ""


def messages_changed(retailer_id: int, message_id: UUID | None = None) -> Hint:
    return Hint(retailer_id, "messages", str(message_id or ""))


def exception_changed(retailer_id: int, exception_id: UUID | None = None) -> Hint:
    return Hint(retailer_id, "exceptions", str(exception_id or ""))


def notify_sql(schema: str, hints: Iterable[Hint]) -> tuple[str, list[object]] | None:
    """One statement for a batch, at most one hint a retailer and topic; None if there is nothing to say.

    What changes messages or exceptions changes the overview too, so that hint is added here.
    """
    ids: dict[tuple[int, str], set[str]] = {}
    for hint in hints:
        if hint.topic not in TOPICS:
            raise ValueError(f"{hint.topic!r} is not a topic")
        ids.setdefault((hint.retailer_id, hint.topic), set()).add(hint.id)
        ids.setdefault((hint.retailer_id, "overview"), set()).add("")
    if not ids:
        return None
    payloads = [f"{schema}|{retailer}|{topic}|{_one(found)}" for (retailer, topic), found in sorted(ids.items())]
    return NOTIFY, [CHANNEL, payloads]


def notify(schema: str, hints: Iterable[Hint]) -> None:
    """For synchronous callers. Inside a transaction PostgreSQL holds the hint back until the commit."""
    statement = notify_sql(schema, hints)
    if statement is not None:
        with connection.cursor() as cursor:
            cursor.execute(*statement)


async def notify_soon(connection: AsyncConnection, schema: str, hints: Iterable[Hint]) -> None:
    """For a connection in autocommit, after the commit of what is hinted at."""
    statement = notify_sql(schema, hints)
    if statement is not None:
        await connection.execute(NOTIFY_SOON, statement[1])


def read_payload(payload: str) -> tuple[str, Hint] | None:
    """(schema, hint) of what was sent; None for anything else, which any session of the database could send."""
    schema, *rest = payload.split("|")
    if len(rest) != 3 or not rest[0].isdigit() or rest[1] not in TOPICS or len(rest[2]) > 40:
        return None
    return schema, Hint(int(rest[0]), rest[1], rest[2])


def _one(ids: set[str]) -> str:
    return next(iter(ids)) if len(ids) == 1 else ""
