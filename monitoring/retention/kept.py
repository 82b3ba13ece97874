"""What must stay, as SQL: rows of held retailers, and all of a message that is not finished.

Not finished is a message with a delivery that waits, is tried again or needs a decision, one with an open exception,
and one that was not routed yet. Its body, attempts and calls stay with it.
"""

from __future__ import annotations

from typing import Any, Final

from monitoring.retention.due import Month, Shape
from monitoring.retention.holds import HELD

_OPEN_DELIVERIES: Final = """
SELECT message_id FROM {deliveries} AS d WHERE state IN ('waiting', 'retrying', 'exception') AND message_id < %(high)s
"""
_OPEN_EXCEPTIONS: Final = """
SELECT message_id FROM exceptions_exceptionitem WHERE state IN ('open', 'retrying') AND message_id < %(high)s
"""
_NOT_ROUTED: Final = """
SELECT id FROM ledger_message m WHERE id >= %(low)s AND id < %(high)s AND disposition = ''
    AND NOT EXISTS (SELECT FROM ledger_delivery d WHERE d.message_id = m.id)
    AND NOT EXISTS (SELECT FROM retention_period p WHERE p.kind = 'records' AND p.state = 'dropping'
        AND m.id >= p.low AND m.id < p.high)
"""
# Each table's way to its message.
_MESSAGE: Final = {
    "ledger_message": "t.id IN (SELECT message_id FROM unfinished)",
    "ledger_step": "t.attempt_id IN (SELECT a.id FROM {attempts} AS a"
    " WHERE a.message_id IN (SELECT message_id FROM unfinished))",
    "ledger_payload": "(t.id IN (SELECT message_id FROM unfinished) OR t.id IN ("
    "SELECT s.response_id FROM ledger_step s JOIN ledger_attempt a ON a.id = s.attempt_id"
    " WHERE a.message_id IN (SELECT message_id FROM unfinished) AND s.response_id IS NOT NULL"
    " UNION SELECT s.request_id FROM ledger_step s JOIN ledger_attempt a ON a.id = s.attempt_id"
    " WHERE a.message_id IN (SELECT message_id FROM unfinished) AND s.request_id IS NOT NULL))",
}
_OTHERS: Final = "t.message_id IN (SELECT message_id FROM unfinished)"


def unfinished(month: Month) -> str:
    """`unfinished AS (…)` for a WITH clause, over attached and detached tables. Takes `low` and `high`."""
    parts = [_OPEN_DELIVERIES.format(deliveries=_with_detached(month, "ledger_delivery")), _OPEN_EXCEPTIONS]
    # What is detached was routed: a month with anything else is not detached.
    if month.all_in(Shape.ATTACHED):
        parts.append(_NOT_ROUTED)
    return f"unfinished AS MATERIALIZED ({' UNION '.join(parts)})"


def is_kept(month: Month, parent: str) -> str:
    """A condition on `t`, a table of `parent`, under `unfinished`."""
    rule = _MESSAGE.get(parent, _OTHERS).format(attempts=_with_detached(month, "ledger_attempt"))
    return f"(t.retailer_id IN ({HELD}) OR {rule})"


def count(cursor: Any, month: Month) -> dict[str, tuple[int, int, int]]:
    """By table: (rows, of them held, of them not finished). Reads the month."""
    found: dict[str, tuple[int, int, int]] = {}
    for parent, part in month.parts.items():
        query = (
            f"WITH {unfinished(month)} SELECT count(*), count(*) FILTER (WHERE t.retailer_id IN ({HELD})),"  # noqa: S608
            f" count(*) FILTER (WHERE t.retailer_id NOT IN ({HELD}) AND {is_kept(month, parent)}) FROM {part.name} AS t"
        )
        cursor.execute(query, month.range)
        found[parent] = cursor.fetchone()
    return found


def anything_kept(cursor: Any, month: Month) -> bool:
    return any(held or open_ for _, held, open_ in count(cursor, month).values())


def key_of(parent: str) -> str:
    return "message_id" if parent == "ledger_fact" else "id"


def _with_detached(month: Month, parent: str) -> str:
    part = month.parts.get(parent)
    if part is None or part.shape == Shape.ATTACHED:
        return parent
    return f"(SELECT * FROM {parent} UNION ALL SELECT * FROM {part.name})"  # noqa: S608 - names are ours
