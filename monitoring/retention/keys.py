"""Keys by which a repeat, an older version or a searched number is known. They outlive everything they point at."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import psycopg

from monitoring.retention.holds import HELD, LOCK
from tenants.ids import first_id

TABLES: Final = ("ledger_eventkey", "ledger_objectversion", "ledger_businesskey")
BLOCKS: Final = 500
# A key whose message is still there may go only with it.
_GOES: Final = (
    f"message_id < %(before)s AND retailer_id NOT IN ({HELD})"
    " AND NOT EXISTS (SELECT FROM ledger_message m WHERE m.id = k.message_id)"
)


def count_keys(cursor: Any, *, days: int, at: datetime) -> dict[str, int]:
    """How many keys would go, by table. Reads them all."""
    found = {}
    for table in TABLES:
        cursor.execute(f"SELECT count(*) FROM {table} AS k WHERE {_GOES}", _given(days, at))  # noqa: S608 - ours
        found[table] = cursor.fetchone()[0]
    return found


def prune_keys(connection: psycopg.Connection[Any], *, days: int, at: datetime) -> dict[str, int]:
    """Block by block, each in a transaction of its own. Once through each table, whatever goes."""
    return {table: _prune(connection, table, _given(days, at)) for table in TABLES}


def _prune(connection: psycopg.Connection[Any], table: str, given: dict[str, Any]) -> int:
    blocks = connection.execute(
        "SELECT pg_relation_size(%s::regclass) / current_setting('block_size')::bigint", [table]
    ).fetchone()[0]
    removed = 0
    for first in range(0, blocks, BLOCKS):
        with connection.transaction():
            connection.execute(LOCK)
            removed += connection.execute(
                f"DELETE FROM {table} AS k WHERE k.ctid >= %(first)s::tid AND k.ctid < %(end)s::tid AND {_GOES}",  # noqa: S608
                given | {"first": f"({first},0)", "end": f"({first + BLOCKS},0)"},
            ).rowcount
    return removed


def _given(days: int, at: datetime) -> dict[str, Any]:
    return {"before": first_id(at - timedelta(days=days))}
