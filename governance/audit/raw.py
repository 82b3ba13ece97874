"""Events of processes that write by raw asynchronous connections, in the transaction of what they tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import AsyncConnection

from governance.audit.models import AuditEvent


async def insert_events(connection: AsyncConnection, events: Sequence[Mapping[str, Any]]) -> None:
    """Column values as `governance.audit.events.event_values` makes them. `connection` is in the partner's scope."""
    if not events:
        return
    columns = ", ".join(events[0])
    marks = ", ".join(["%s"] * len(events[0]))
    statement = f"INSERT INTO {AuditEvent._meta.db_table} ({columns}) VALUES ({marks})"  # noqa: S608 - names are ours
    async with connection.cursor() as cursor:
        await cursor.executemany(statement, [list(values.values()) for values in events])
