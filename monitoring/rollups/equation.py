"""What became of everything that came in: one class for each arrival, shown as an equation (`product.md` O1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from typing import Final

from monitoring.rollups.classes import MESSAGE_CLASS, REPEAT_CLASS
from monitoring.rollups.reading import ANY_STEP, Retailers, counted, rows_of, visible
from monitoring.rollups.selectors import window
from tenants.ids import first_id

# Order is that of the page. `open` needs a person, `closed` was settled by one.
TERMS: Final = ("delivered", "open", "waiting", "filtered", "ignored", "deduplicated", "superseded", "closed")
_LEEWAY: Final = timedelta(seconds=5)

# What retention removed was counted by class in the transaction that removed it. A month that is being dropped is read
# from those counts alone, so it does not matter which of its tables are still there.
_NOT_SETTLED: Final = """AND NOT EXISTS (
            SELECT FROM retention_period p WHERE p.kind = 'records' AND p.state IN ('dropping', 'dropped')
                AND arrival.id >= p.low AND arrival.id < p.high)"""

# One statement, so one snapshot: what was counted at the door beside where each arrival is now. A message with
# several deliveries has the class of the one that needs most attention; of a flow's deliveries the last one counts.
# Messages and deliveries are put under each other and grouped, not joined: no plan can be a slow one. A delivery
# carries its message's id, which is the message's time, so both are read by the same range.
_TEMPLATE: Final = """
WITH arrived AS (
    SELECT id AS message_id, disposition, NULL AS state FROM ledger_message AS arrival
    WHERE id >= %(low)s AND id < %(high)s AND received_at >= %(since)s AND received_at < %(until)s
        :not_settled
        AND (%(retailers)s::bigint[] IS NULL OR retailer_id = ANY(%(retailers)s::bigint[]))
), latest AS (
    SELECT DISTINCT ON (message_id, flow_id) message_id, NULL, state FROM ledger_delivery
    WHERE message_id >= %(low)s AND message_id < %(high)s
        AND (%(retailers)s::bigint[] IS NULL OR retailer_id = ANY(%(retailers)s::bigint[]))
    ORDER BY message_id, flow_id, id DESC
), ended AS (
    SELECT message_id, max(disposition) AS disposition, array_remove(array_agg(state), NULL) AS states
    FROM (SELECT * FROM arrived UNION ALL SELECT * FROM latest) AS rows
    GROUP BY message_id HAVING count(disposition) > 0
), repeats AS (
    SELECT message_id, same_body FROM ledger_repeat AS arrival
    WHERE id >= %(low)s AND id < %(high)s AND received_at >= %(since)s AND received_at < %(until)s
        :not_settled
        AND (%(retailers)s::bigint[] IS NULL OR retailer_id = ANY(%(retailers)s::bigint[]))
), classed AS (
    SELECT :message_class AS class
    FROM ended
    UNION ALL
    SELECT :repeat_class FROM repeats
)
SELECT 'received', coalesce(sum(count), 0)::bigint FROM {counted} WHERE kind IN ('received', 'repeated')
UNION ALL SELECT class, sum(n)::bigint FROM (
    SELECT class, 1 AS n FROM classed
    UNION ALL
    SELECT term, count FROM retention_settled
    WHERE minute >= %(since)s AND minute < %(until)s
        AND (%(retailers)s::bigint[] IS NULL OR retailer_id = ANY(%(retailers)s::bigint[]))
) AS all_classed GROUP BY class
"""
_PARTS: Final = {":not_settled": _NOT_SETTLED, ":message_class": MESSAGE_CLASS, ":repeat_class": REPEAT_CLASS}
_EQUATION: Final = reduce(lambda query, part: query.replace(*part), _PARTS.items(), _TEMPLATE)


@dataclass(frozen=True, slots=True)
class Equation:
    """`received` was counted at the door, repeats included; `terms` is where each of them is now, by the ledger."""

    since: datetime
    until: datetime
    received: int
    terms: dict[str, int]

    @property
    def holds(self) -> bool:
        return self.received == sum(self.terms.values())

    @property
    def difference(self) -> int:
        return self.received - sum(self.terms.values())


def equation(since: datetime, until: datetime, *, retailers: Retailers = None) -> Equation:
    """Cost: two queries over the arrivals of the range; ask for hours, not for years."""
    span = window(since, until)
    end = until if until == until.replace(second=0, microsecond=0) else until + timedelta(minutes=1)
    end = end.replace(second=0, microsecond=0)
    given = {
        "since": span.since,
        "until": end,
        "low": first_id(span.since - _LEEWAY),
        "high": first_id(end + _LEEWAY),
        "retailers": visible(retailers),
    }
    source = counted(span.since, end, step=ANY_STEP, retailers=retailers)
    found: dict[str, int] = dict(rows_of(source, _EQUATION, **given))
    received = found.pop("received")
    return Equation(span.since, end, received, {term: found.pop(term, 0) for term in TERMS} | found)
