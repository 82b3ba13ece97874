"""Reads of the cross-reference for the pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from monitoring.ledger.identities.models import Identity

MOST = 50


@dataclass(frozen=True, slots=True)
class KnownAs:
    """One id of a thing. `since` and `message_id` are None for its master's own id."""

    connection_key: str
    external_id: str
    is_master: bool
    how: str = ""
    since: datetime | None = None
    message_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Thing:
    object_type: str
    ids: tuple[KnownAs, ...]


def ids_of(object_type: str, connection_id: int, object_id: str) -> tuple[KnownAs, ...]:
    """The ids of one thing, its master's first; empty when only one system knows it. Cost: two queries."""
    mine = Identity.objects.scoped().filter(object_type=object_type)
    row = mine.filter(
        Q(connection_id=connection_id, external_id=object_id)
        | Q(master_connection_id=connection_id, master_id=object_id)
    ).first()
    if row is None:
        return ()
    same = mine.filter(master_connection_id=row.master_connection_id, master_id=row.master_id).order_by("id")
    return _ids(list(same[:MOST]))


def told_by(message_id: UUID) -> list[Thing]:
    """What else the deliveries of one message made known, e.g. its customer and products. Cost: one query."""
    rows = Identity.objects.scoped().filter(message_id=message_id).order_by("object_type", "id")[:MOST]
    return [Thing(row.object_type, _ids([row])) for row in rows]


def _ids(rows: list[Identity]) -> tuple[KnownAs, ...]:
    master = KnownAs(rows[0].master_connection_key, rows[0].master_id, True)
    return master, *(
        KnownAs(row.connection_key, row.external_id, False, row.how, row.since, row.message_id) for row in rows
    )
