"""Time in a run: what is due in minutes is due in seconds, and whether everything is quiet.

Only what lies far ahead is moved, by the harness as superuser; what is locked is left to the next time.
"""

from __future__ import annotations

from collections.abc import Iterable

import psycopg
from psycopg import sql

# Longer than any effect can be late (modes.LATE_SECONDS), so that a pause that lets it arrive stays one.
AHEAD_SECONDS = 8.0
OLDER_SECONDS = 30.0
_LANES = """
WITH far AS (SELECT id FROM {schema}.engine_lane WHERE due_at > now() + make_interval(secs => %(ahead)s)
    FOR UPDATE SKIP LOCKED)
UPDATE {schema}.engine_lane l SET due_at = now() + make_interval(secs => %(ahead)s) FROM far WHERE far.id = l.id
"""
_ENDPOINTS = """
WITH far AS (SELECT connection_id FROM {schema}.engine_endpoint
    WHERE greatest(not_before, probe_at) > now() + make_interval(secs => %(ahead)s) FOR UPDATE SKIP LOCKED)
UPDATE {schema}.engine_endpoint e SET
    not_before = CASE WHEN not_before > now() THEN least(not_before, now() + make_interval(secs => %(ahead)s)) END,
    probe_at = CASE WHEN probe_at IS NOT NULL THEN least(probe_at, now() + make_interval(secs => %(ahead)s)) END
FROM far WHERE far.connection_id = e.connection_id
"""
# An endpoint's pace gains by the minute: for it every second is half a minute.
_PACES = """
WITH slow AS (SELECT connection_id FROM {schema}.engine_endpoint WHERE pace < 1 FOR UPDATE SKIP LOCKED)
UPDATE {schema}.engine_endpoint e SET paced_at = e.paced_at - make_interval(secs => %(older)s)
FROM slow WHERE slow.connection_id = e.connection_id
"""
_BUSY = """
SELECT (SELECT count(*) FROM {schema}.ledger_message
        WHERE position > (SELECT position FROM {schema}.engine_head WHERE id = 2))
     + (SELECT count(*) FROM {schema}.engine_behind)
     + (SELECT count(*) FROM {schema}.engine_entry e JOIN {schema}.engine_lane l ON l.id = e.lane_id
        WHERE NOT l.parked)
"""


def hurry(connection: psycopg.Connection, schemas: Iterable[str]) -> None:
    """Once a second."""
    for schema in schemas:
        for statement in (_LANES, _ENDPOINTS, _PACES):
            connection.execute(_in(schema, statement), {"ahead": AHEAD_SECONDS, "older": OLDER_SECONDS})


def busy(connection: psycopg.Connection, schemas: Iterable[str]) -> int:
    """Messages not routed, and deliveries that could go."""
    return sum(connection.execute(_in(schema, _BUSY)).fetchone()[0] for schema in schemas)


def _in(schema: str, statement: str) -> sql.Composed:
    return sql.SQL(statement).format(schema=sql.Identifier(schema))
