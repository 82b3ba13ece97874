"""Latest-wins: what a newer message of the same lane makes pointless ends as superseded.

The router ends what waits (`supersede_waiting`). What is at the target right now, or was when its worker died, is left
alone until it has an outcome: if that is a failure, and by then a newer one waits, it ends here too
(`supersede_failed`) and neither waits for its next try nor for a person. Both write in their caller's transaction,
under the lanes' locks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from psycopg import AsyncConnection

from connectors.engine.drain.policy import SETTLE_SECONDS
from connectors.engine.drain.work import End, Result
from monitoring.exceptions import sets as exceptions
from monitoring.ledger.models import Attempt, Delivery
from monitoring.rollups.writer import Counted

# A call that was cut may still take effect at the target: the newer one goes after it, not beside it.
SETTLE: Final = timedelta(seconds=SETTLE_SECONDS)
# An entry with an intent is at its target, or was when its worker died.
_WAITING = """
WITH newest AS (
    SELECT DISTINCT ON (lane_id) lane_id, position, message_id FROM engine_entry WHERE lane_id = ANY(%(lanes)s)
    ORDER BY lane_id, position DESC
), older AS (
    DELETE FROM engine_entry e USING newest n, engine_lane l
    WHERE e.lane_id = n.lane_id AND e.position < n.position AND l.id = n.lane_id
    AND NOT EXISTS (SELECT FROM engine_intent i WHERE i.lane_id = e.lane_id AND i.delivery_id = e.delivery_id)
    AND (l.holder IS NULL OR e.position > (SELECT min(first.position) FROM engine_entry first
                                           WHERE first.lane_id = l.id))
    RETURNING e.lane_id, e.delivery_id, n.message_id AS newer
)
UPDATE ledger_delivery d SET state = 'superseded', due_at = NULL, finished_at = %(now)s,
    rule = 'A newer ' || replace(d.object_type, '_', ' ') || ' came before this one was sent: ' || older.newer
FROM older WHERE d.id = older.delivery_id
RETURNING older.lane_id, d.id, d.message_id, d.retailer_id, d.connection_key, d.flow_key, d.rule, d.attempts > 0
"""
_FREE = """
UPDATE engine_lane l SET parked = false, crashes = 0, share = 0,
    due_at = CASE WHEN l.parked THEN now() + t.wait ELSE least(l.due_at, now() + t.wait) END
FROM unnest(%s::bigint[], %s::interval[]) AS t (id, wait) WHERE l.id = t.id AND l.holder IS NULL
AND NOT EXISTS (SELECT FROM engine_intent i WHERE i.lane_id = l.id)
"""
_LAST_OUTCOME = """
SELECT DISTINCT ON (delivery_id) delivery_id, outcome FROM ledger_attempt
WHERE message_id = ANY(%s) AND delivery_id = ANY(%s) ORDER BY delivery_id, id DESC
"""
_NEWER = """
SELECT DISTINCT ON (e.lane_id) e.lane_id, e.message_id
FROM unnest(%s::bigint[], %s::bigint[]) AS t (lane_id, entry_id)
JOIN engine_lane l ON l.id = t.lane_id JOIN registry_flow f ON f.id = l.flow_id AND f.mode = 'latest-wins'
JOIN engine_entry own ON own.id = t.entry_id
JOIN engine_entry e ON e.lane_id = t.lane_id AND e.position > own.position
ORDER BY e.lane_id, e.position DESC
"""
_RULE = """
UPDATE ledger_delivery d SET rule = t.rule FROM unnest(%s::uuid[], %s::text[]) AS t (id, rule) WHERE d.id = t.id
"""


@dataclass(frozen=True, slots=True)
class Superseded:
    """A delivery that ended because a newer one came."""

    lane_id: int
    delivery_id: UUID
    message_id: UUID
    retailer_id: int
    connection_key: str
    flow_key: str
    rule: str
    was_tried: bool

    def counted(self, at: datetime) -> Counted:
        return Counted(
            minute=at,
            retailer_id=self.retailer_id,
            kind="delivery",
            outcome=Delivery.State.SUPERSEDED,
            connection_key=self.connection_key,
            flow_key=self.flow_key,
        )


async def supersede_waiting(connection: AsyncConnection, lanes: Sequence[int], now: datetime) -> list[Superseded]:
    """Only the newest entry of each lane stays, and the one a drain holds; the newest is due at once.

    The caller has locked the lanes, and counts what is returned. Cost: one statement, two to five more when
    something ended.
    """
    cursor = await connection.execute(_WAITING, {"lanes": list(lanes), "now": now})
    ended = [Superseded(*row) for row in await cursor.fetchall()]
    if not ended:
        return []
    tried = [one for one in ended if one.was_tried]
    if tried:
        await exceptions.resolve(connection, [(one.delivery_id, one.rule) for one in tried], at=now)
    await _free(connection, ended, await _uncertain(connection, tried))
    return ended


async def _free(connection: AsyncConnection, ended: Sequence[Superseded], uncertain: set[UUID]) -> None:
    """The new value deserves a try of its own: a lane that was parked or backing off behind the old one is due."""
    waits = dict.fromkeys((one.lane_id for one in ended), timedelta())
    waits |= {one.lane_id: SETTLE for one in ended if one.delivery_id in uncertain}
    await connection.execute(_FREE, [list(waits), list(waits.values())])


async def _uncertain(connection: AsyncConnection, tried: Sequence[Superseded]) -> set[UUID]:
    if not tried:
        return set()
    ids = [[one.message_id for one in tried], [one.delivery_id for one in tried]]
    cursor = await connection.execute(_LAST_OUTCOME, ids)
    return {delivery for delivery, outcome in await cursor.fetchall() if outcome == Attempt.Outcome.UNCERTAIN}


async def supersede_failed(connection: AsyncConnection, results: Sequence[Result]) -> None:
    """Turn failures whose lane holds a newer entry into `End.SUPERSEDED`, before the results are written.

    The caller has locked the lanes. Cost: nothing where all succeeded, else one statement.
    """
    failed = {result.work.lane_id: result for result in results if result.end is not End.DELIVERED}
    if not failed:
        return
    entries = [result.work.entry_id for result in failed.values()]
    cursor = await connection.execute(_NEWER, [list(failed), entries])
    rules = {}
    for lane_id, newer in await cursor.fetchall():
        result = failed[lane_id]
        kind = result.work.object_type.replace("_", " ")
        result.rule = f"A newer {kind} came before this one was accepted: {newer}"
        result.end, result.retry_in = End.SUPERSEDED, SETTLE if result.problem.uncertain else None
        rules[result.work.delivery_id] = result.rule
    if rules:
        await connection.execute(_RULE, [list(rules), list(rules.values())])
