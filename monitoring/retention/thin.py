"""A month with rows that must stay: everything else goes in small batches, and the month's tables stay.

Rows that stay are never moved, so there is no moment in which a drain or a page does not find them, and no lock.
"""

from __future__ import annotations

from typing import Any, Final

import psycopg

from monitoring.retention import kept, settle
from monitoring.retention.due import Month, Shape
from monitoring.retention.holds import LOCK

BATCH: Final = 2000
# Arrivals first: their classes are read from the deliveries. Calls before the attempts that lead to them.
ORDER: Final = (
    "ledger_message",
    "ledger_repeat",
    "ledger_payload",
    "ledger_step",
    "ledger_attempt",
    "ledger_delivery",
    "ledger_fact",
)
_SETTLED: Final = ("ledger_message", "ledger_repeat")


def thin(connection: psycopg.Connection[Any], month: Month) -> dict[str, int]:
    """Rows removed by table. Killed half way, the next pass goes on with what is left."""
    return {
        parent: _empty(connection, month, parent)
        for parent in ORDER
        if parent in month.parts and month.parts[parent].shape == Shape.ATTACHED
    }


def _empty(connection: psycopg.Connection[Any], month: Month, parent: str) -> int:
    """In the order of keys, so no batch looks at what an earlier one left. Each takes the lock of placing a hold."""
    removed, after = 0, month.low
    while True:
        with connection.transaction():
            connection.execute(LOCK)
            ids = _next_ids(connection, month, parent, after)
            if not ids:
                return removed
            _delete(connection, month, parent, ids)
        removed += len(ids)
        after = ids[-1]


def _next_ids(connection: psycopg.Connection[Any], month: Month, parent: str, after: Any) -> list[Any]:
    key = kept.key_of(parent)
    query = (
        f"WITH {kept.unfinished(month)} SELECT t.{key} FROM {parent} AS t WHERE t.{key} >= %(after)s"  # noqa: S608
        f" AND t.{key} < %(high)s AND NOT {kept.is_kept(month, parent)} ORDER BY t.{key} LIMIT {BATCH}"
    )
    cursor = connection.execute(query, month.range | {"after": after})
    return [key for (key,) in cursor.fetchall()]


def _delete(connection: psycopg.Connection[Any], month: Month, parent: str, ids: list[Any]) -> None:
    gone = f"DELETE FROM {parent} WHERE {kept.key_of(parent)} = ANY(%(ids)s)"  # noqa: S608 - names are ours
    given: dict[str, Any] = {"ids": ids}
    if parent in _SETTLED:
        statement, more = settle.deletion(month, parent, f"{gone} RETURNING *")
        connection.execute(f"WITH {statement}", given | more)
    else:
        connection.execute(gone, given)
