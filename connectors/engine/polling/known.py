"""Which of the documents that were read are not here yet, by whatever door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from psycopg import AsyncConnection

from connectors.canonical.encode import canonical_bytes
from connectors.engine.drain.routing import object_key
from connectors.engine.intake.arrival import Arrival
from connectors.engine.models import Head
from connectors.sdk.connector import Connector
from connectors.sdk.errors import ConnectorError
from connectors.sdk.safe_json import reread
from monitoring.ledger import payloads

# What was routed, and what came since. The newest of an object is the one with the highest version, then the last.
_NEWEST = """
SELECT DISTINCT ON (object_type, object_id) object_type, object_id, source_version, message_id, topic, door FROM (
    SELECT m.object_type, m.object_id, m.source_version, m.id AS message_id, m.topic, m.door, 0 AS position
    FROM ledger_objectversion v JOIN ledger_message m ON m.id = v.message_id WHERE v.key = ANY(%(keys)s)
    UNION ALL
    SELECT object_type, object_id, source_version, id, topic, door, position FROM ledger_message
    WHERE position > (SELECT position FROM engine_head WHERE id = %(routed)s) AND connection_id = %(connection)s
    AND object_id = ANY(%(ids)s)
) AS every WHERE source_version <> ''
ORDER BY object_type, object_id, source_version DESC, position DESC
"""
_EVENTS = "SELECT key FROM ledger_eventkey WHERE key = ANY(%s)"
_BODIES = "SELECT id, format, key_id, body FROM ledger_payload WHERE id = ANY(%s)"


@dataclass(frozen=True, slots=True)
class Newest:
    version: str
    message_id: UUID
    topic: str
    door: str


async def unseen(connection: AsyncConnection, connector: Connector, arrivals: Sequence[Arrival]) -> list[Arrival]:
    """Those that say something no message says: another object, a newer version, other content of the same version.

    Sources state versions by the second, so of two changes within one the second may be what no webhook brought.
    Cost: three queries; the mapping of each document whose version is known, twice.
    """
    if not arrivals:
        return []
    newest = await _newest(connection, arrivals)
    events = await connection.execute(_EVENTS, [[arrival.key for arrival in arrivals]])
    stored = {bytes(key) for (key,) in await events.fetchall()}
    left = [one for one in arrivals if one.key not in stored and not _older(one, newest)]
    bodies = await _bodies(connection, [newest[_name(one)].message_id for one in left if _same(one, newest)])
    return [one for one in left if not (_same(one, newest) and _says(connector, one, newest[_name(one)], bodies))]


async def _newest(connection: AsyncConnection, arrivals: Sequence[Arrival]) -> dict[tuple[str, str], Newest]:
    connection_id = arrivals[0].source.connection_id
    names = {_name(one) for one in arrivals if one.subject.object_id}
    given = {
        "keys": [object_key(connection_id, *name) for name in sorted(names)],
        "ids": [object_id for _, object_id in sorted(names)],
        "routed": Head.ROUTED,
        "connection": connection_id,
    }
    cursor = await connection.execute(_NEWEST, given)
    return {(kind, object_id): Newest(*rest) for kind, object_id, *rest in await cursor.fetchall()}


def _name(arrival: Arrival) -> tuple[str, str]:
    return arrival.subject.object_type, arrival.subject.object_id


def _older(arrival: Arrival, newest: Mapping[tuple[str, str], Newest]) -> bool:
    known, version = newest.get(_name(arrival)), arrival.subject.source_version
    return known is not None and bool(version) and version < known.version


def _same(arrival: Arrival, newest: Mapping[tuple[str, str], Newest]) -> bool:
    known = newest.get(_name(arrival))
    return known is not None and arrival.subject.source_version == known.version


async def _bodies(connection: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, bytes]:
    if not ids:
        return {}
    cursor = await connection.execute(_BODIES, [list(ids)])
    return {key: payloads.decode(format_, key_id, body) for key, format_, key_id, body in await cursor.fetchall()}


def _says(connector: Connector, arrival: Arrival, known: Newest, bodies: Mapping[UUID, bytes]) -> bool:
    """Whether what is known says the same. What cannot be read any more is believed by its version."""
    body = bodies.get(known.message_id)
    if body is None or connector.reader is None:
        return True
    try:
        return _content(connector, known.topic, body) == _content(connector, arrival.topic, arrival.body)
    except ConnectorError:
        return True


def _content(connector: Connector, topic: str, body: bytes) -> list[bytes]:
    return [canonical_bytes(one) for one in connector.reader.canonical(topic, reread(body))]
