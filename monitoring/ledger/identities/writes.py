"""The cross-reference as the engine writes and asks it: in sets, on the drain's own connections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from psycopg import AsyncConnection

from tenants.arrays import arrays

CREATED = "created"
FOUND = "found"
_TYPES = ("bigint", "text", "bigint", "text", "text", "bigint", "text", "text", "text", "uuid")
# What is known here by an id of another system is put under that one's master. In one order, so that two writers of
# the same things do not wait for each other; a thing that kept its id keeps since when it is known.
_LEARN = """
INSERT INTO ledger_identity AS i (retailer_id, object_type, master_connection_id, master_connection_key, master_id,
    connection_id, connection_key, external_id, how, since, message_id)
SELECT DISTINCT ON (coalesce(m.master_connection_id, t.from_id), t.object_type, coalesce(m.master_id, t.from_name),
    t.to_id)
    t.retailer_id, t.object_type, coalesce(m.master_connection_id, t.from_id),
    coalesce(m.master_connection_key, t.from_key), coalesce(m.master_id, t.from_name),
    t.to_id, t.to_key, t.to_name, t.how, clock_timestamp(), t.message_id
FROM unnest(%s::bigint[], %s::text[], %s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::text[],
    %s::text[], %s::uuid[])
    AS t (retailer_id, object_type, from_id, from_key, from_name, to_id, to_key, to_name, how, message_id)
LEFT JOIN LATERAL (SELECT * FROM ledger_identity k WHERE k.connection_id = t.from_id AND k.object_type = t.object_type
    AND k.external_id = t.from_name AND k.retailer_id = t.retailer_id ORDER BY k.id LIMIT 1) m ON true
WHERE coalesce(m.master_connection_id, t.from_id) <> t.to_id
ORDER BY coalesce(m.master_connection_id, t.from_id), t.object_type, coalesce(m.master_id, t.from_name), t.to_id
ON CONFLICT (master_connection_id, object_type, master_id, connection_id) DO UPDATE
    SET external_id = excluded.external_id, how = excluded.how, since = excluded.since, message_id = excluded.message_id
    WHERE i.external_id <> excluded.external_id
"""
_KNOWN = """
WITH thing AS (
    SELECT master_connection_id, master_id FROM ledger_identity
    WHERE retailer_id = %(retailer)s AND connection_id = %(from)s AND object_type = %(type)s AND external_id = %(id)s
    UNION ALL SELECT %(from)s, %(id)s
)
SELECT i.external_id FROM thing t JOIN ledger_identity i ON i.master_connection_id = t.master_connection_id
    AND i.object_type = %(type)s AND i.master_id = t.master_id AND i.connection_id = %(to)s
    AND i.retailer_id = %(retailer)s
UNION ALL SELECT master_id FROM thing WHERE master_connection_id = %(to)s
LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A connection: its id, and its key as a fact."""

    id: int
    key: str


@dataclass(frozen=True, slots=True)
class Learned:
    """What `at` calls the thing that `source` calls `source_id`; `source` is its master, or knows it from there."""

    retailer_id: int
    object_type: str
    source: Place
    source_id: str
    at: Place
    external_id: str
    how: str
    message_id: UUID


async def learn(connection: AsyncConnection, things: Sequence[Learned]) -> None:
    """Within the caller's transaction."""
    if not things:
        return
    rows = [
        (
            one.retailer_id,
            one.object_type,
            one.source.id,
            one.source.key,
            one.source_id,
            one.at.id,
            one.at.key,
            one.external_id,
            one.how,
            one.message_id,
        )
        for one in things
    ]
    await connection.execute(_LEARN, arrays(_TYPES, rows))


async def known(
    connection: AsyncConnection, retailer_id: int, object_type: str, *, source: int, source_id: str, at: int
) -> str | None:
    """What connection `at` calls the thing that connection `source` calls `source_id`; None: not known."""
    asked = {"retailer": retailer_id, "type": object_type, "from": source, "id": source_id, "to": at}
    found = await (await connection.execute(_KNOWN, asked)).fetchone()
    return found[0] if found else None
