"""What became of the messages that go, counted by minute, retailer and class of the equation before they go."""

from __future__ import annotations

from typing import Any, Final

from monitoring.retention.due import Month
from monitoring.rollups.classes import MESSAGE_CLASS, REPEAT_CLASS

_CLASSED: Final = """
latest AS (
    SELECT DISTINCT ON (message_id, flow_id) message_id, state FROM ledger_delivery
    WHERE message_id >= %(low)s AND message_id < %(high)s ORDER BY message_id, flow_id, id DESC
), states AS (
    SELECT message_id, array_agg(state) AS states FROM latest GROUP BY message_id
), ended AS (
    SELECT m.id AS message_id, m.retailer_id, m.received_at, m.disposition, coalesce(s.states, '{{}}') AS states
    FROM {messages} AS m LEFT JOIN states s ON s.message_id = m.id
), repeats AS (SELECT * FROM {repeats} AS r)
INSERT INTO retention_settled AS known (month, whole, minute, retailer_id, term, count)
SELECT %(month)s, %(whole)s, minute, retailer_id, term, count(*) FROM (
    SELECT date_trunc('minute', received_at) AS minute, retailer_id, {message_class} AS term FROM ended
    UNION ALL
    SELECT date_trunc('minute', received_at), retailer_id, {repeat_class} FROM repeats
) AS classed GROUP BY minute, retailer_id, term
ON CONFLICT (minute, retailer_id, term, month, whole) DO UPDATE SET count = known.count + excluded.count
"""
_OF_MONTH: Final = "(SELECT * FROM {table} WHERE id >= %(low)s AND id < %(high)s)"


def settle_month(cursor: Any, month: Month) -> None:
    """All of it, in the caller's transaction."""
    messages, repeats = _OF_MONTH.format(table="ledger_message"), _OF_MONTH.format(table="ledger_repeat")
    cursor.execute(f"WITH {_classed(messages, repeats)}", _given(month, whole=True))


def unsettle_month(cursor: Any, month: Month) -> None:
    cursor.execute("DELETE FROM retention_settled WHERE whole AND month = %s", [month.first])


def deletion(month: Month, parent: str, gone: str) -> tuple[str, dict[str, Any]]:
    """A statement that settles what the deletion `gone` (a DELETE … RETURNING of messages or repeats) takes away."""
    messages = "gone" if parent == "ledger_message" else "(SELECT * FROM ledger_message WHERE false)"
    repeats = "gone" if parent == "ledger_repeat" else "(SELECT * FROM ledger_repeat WHERE false)"
    inner = _classed(messages, repeats)
    return f"gone AS ({gone}), {inner}", _given(month, whole=False)


def _classed(messages: str, repeats: str) -> str:
    return _CLASSED.format(messages=messages, repeats=repeats, message_class=MESSAGE_CLASS, repeat_class=REPEAT_CLASS)


def _given(month: Month, *, whole: bool) -> dict[str, Any]:
    return {**month.range, "month": month.first, "whole": whole}
