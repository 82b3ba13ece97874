"""T3: what a batch of attempts came to, in one set-based transaction, for lanes whose lease is still ours."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from psycopg import AsyncConnection

from connectors.engine.drain import rows
from connectors.engine.drain.supersede import supersede_failed
from connectors.engine.drain.work import AUTO, ENDED, End, Result
from connectors.engine.needs import waiting
from connectors.engine.trail import blocked_calls
from governance.audit.raw import insert_events
from monitoring.exceptions import sets as exceptions
from monitoring.ledger import bulk
from monitoring.ledger.hints import Hint, notify_soon
from monitoring.ledger.identities.writes import learn
from monitoring.rollups.writer import upsert
from tenants.arrays import array, arrays
from tenants.context import Scope

# Locked in the router's order, or the two could wait for each other.
_MINE = """
SELECT l.id, l.token FROM engine_lane l JOIN unnest(%s::bigint[], %s::bigint[]) AS t (id, token)
ON l.id = t.id AND l.token = t.token AND l.holder = %s ORDER BY l.flow_id, l.key COLLATE "C" FOR UPDATE OF l
"""
_DELIVERIES = """
UPDATE ledger_delivery d SET state = t.state, attempts = d.attempts + t.tries, due_at = t.due_at,
    map_version = t.map_version, document_id = t.document_id, document_type = t.document_type, effect = t.effect,
    ran_at = coalesce(d.ran_at, t.ran_at), accepted_at = t.accepted_at, error_class = t.error_class,
    error_message = t.error_message, finished_at = t.finished_at
FROM unnest(%s::uuid[], %s::text[], %s::int[], %s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::text[],
    %s::timestamptz[], %s::timestamptz[], %s::text[], %s::text[], %s::timestamptz[])
    AS t (id, state, tries, due_at, map_version, document_id, document_type, effect, ran_at, accepted_at, error_class,
        error_message, finished_at)
WHERE d.id = t.id
"""
_DELIVERY_TYPES = (
    *("uuid", "text", "integer", "timestamptz", "text", "text", "text", "text", "timestamptz", "timestamptz"),
    *("text", "text", "timestamptz"),
)
_DONE = "DELETE FROM engine_entry WHERE id = ANY(%s)"
_TRIED = """
UPDATE engine_entry e SET attempts = e.attempts + t.tries FROM unnest(%s::bigint[], %s::int[]) AS t (id, tries)
WHERE e.id = t.id
"""
_LANES = """
UPDATE engine_lane l SET holder = NULL, leased_until = NULL, crashes = 0, due_at = now() + t.wait, parked = t.parked,
    share = t.share, early = t.early
FROM unnest(%s::bigint[], %s::interval[], %s::boolean[], %s::smallint[], %s::boolean[])
    AS t (id, wait, parked, share, early)
WHERE l.id = t.id
"""
_LANE_TYPES = ("bigint", "interval", "boolean", "smallint", "boolean")
# What has come too early changes places with the next of its lane that was never tried.
_STEP_BACK = """
WITH changed AS (
    SELECT e.id, e.position, later.id AS later_id, later.position AS later_position
    FROM engine_entry e CROSS JOIN LATERAL (
        SELECT id, position FROM engine_entry l
        WHERE l.lane_id = e.lane_id AND l.position > e.position AND l.attempts = 0 ORDER BY l.position LIMIT 1
    ) later
    WHERE e.id = ANY(%s)
)
UPDATE engine_entry e SET position = CASE WHEN e.id = c.id THEN c.later_position ELSE c.position END
FROM changed c WHERE e.id IN (c.id, c.later_id)
RETURNING e.lane_id
"""
_EMPTY = """
DELETE FROM engine_lane l WHERE id = ANY(%s) AND NOT EXISTS (SELECT FROM engine_entry e WHERE e.lane_id = l.id)
RETURNING id
"""


class Finisher:
    """Writes results of one partner."""

    def __init__(self, scope: Scope, *, holder: int, slot: int, worker: str, rng: random.Random) -> None:
        self._scope = scope
        self._holder = holder
        self._slot = slot
        self._worker = worker
        self._rng = rng

    async def finish(self, connection: AsyncConnection, results: Sequence[Result]) -> list[bool]:
        """One answer a result: False where another drain has the lane by now and nothing was written."""
        async with connection.transaction():
            mine = await self._still_mine(connection, results)
            kept = [result for result in results if (result.work.lane_id, result.work.token) in mine]
            if kept:
                await supersede_failed(connection, kept)
                async with connection.pipeline():  # nothing waits for an answer that is not needed
                    await self._write(connection, kept, datetime.now(UTC))
            if len(kept) < len(results):
                await self._late(connection, [r for r in results if (r.work.lane_id, r.work.token) not in mine])
        await notify_soon(connection, self._scope.schema, _hints(kept))
        return [(result.work.lane_id, result.work.token) in mine for result in results]

    async def _still_mine(self, connection: AsyncConnection, results: Sequence[Result]) -> set[tuple[int, int]]:
        lanes = array("bigint", [result.work.lane_id for result in results])
        tokens = array("bigint", [result.work.token for result in results])
        cursor = await connection.execute(_MINE, [lanes, tokens, self._holder])
        return {(lane, token) for lane, token in await cursor.fetchall()}

    async def _write(self, connection: AsyncConnection, results: Sequence[Result], now: datetime) -> None:
        await bulk.insert(connection, bulk.ATTEMPTS, rows.attempts(results, self._worker))
        await self._steps(connection, results)
        await bulk.insert(connection, bulk.FACTS, rows.facts(results), "ON CONFLICT DO NOTHING")
        await bulk.insert(connection, bulk.BUSINESS_KEYS, rows.document_keys(results), "ON CONFLICT DO NOTHING")
        await connection.execute(_DELIVERIES, arrays(_DELIVERY_TYPES, rows.deliveries(results, now)))
        await self._lanes(connection, results)
        await learn(connection, rows.learned(results))
        await waiting.note(connection, rows.needs(results), _no_longer(results))
        await exceptions.resolve(connection, rows.resolved(results), at=now)
        await exceptions.open_or_reopen(connection, rows.exceptions(results, now), at=now)
        await insert_events(connection, blocked_calls(self._scope, results))
        counted = upsert(rows.counted(results, now), self._slot)
        if counted is not None:
            await connection.execute(*counted)

    async def _late(self, connection: AsyncConnection, results: Sequence[Result]) -> None:
        """Their calls were made all the same. Whoever took over tells the attempt as interrupted; what the target
        answered stands under it and may spare a person the question."""
        ids = array("uuid", [result.attempt.id for result in results])
        cursor = await connection.execute("SELECT attempt_id FROM ledger_step WHERE attempt_id = ANY(%s)", [ids])
        known = {row[0] for row in await cursor.fetchall()}  # written before a commit whose answer was lost
        await self._steps(connection, [result for result in results if result.attempt.id not in known])

    async def _steps(self, connection: AsyncConnection, results: Sequence[Result]) -> None:
        steps, bodies = rows.steps(results)
        await bulk.insert(connection, bulk.PAYLOADS, bodies)
        await bulk.insert(connection, bulk.STEPS, steps)

    async def _lanes(self, connection: AsyncConnection, results: Sequence[Result]) -> None:
        lanes = array("bigint", [result.work.lane_id for result in results])
        done = [result.work.entry_id for result in results if result.end in ENDED]
        tried = [(r.work.entry_id, rows.tries(r)) for r in results if r.end not in ENDED]
        await connection.execute("DELETE FROM engine_intent WHERE lane_id = ANY(%s)", [lanes])
        await connection.execute(_DONE, [array("bigint", done)])
        if tried:
            await connection.execute(_TRIED, arrays(("bigint", "integer"), tried))
        cursor = await connection.execute(_EMPTY, [lanes])
        gone = {row[0] for row in await cursor.fetchall()}
        passed = await self._passed(connection, results)
        left = [
            rows.lane(result, passed=result.work.lane_id in passed)
            for result in results
            if result.work.lane_id not in gone
        ]
        if left:
            await connection.execute(_LANES, arrays(_LANE_TYPES, left))

    async def _passed(self, connection: AsyncConnection, results: Sequence[Result]) -> set[int]:
        """Lanes whose head has come too early, and in which a later one goes first now."""
        early = [result.work.entry_id for result in results if result.problem and result.problem.early]
        if not early:
            return set()
        cursor = await connection.execute(_STEP_BACK, [array("bigint", early)])
        return {row[0] for row in await cursor.fetchall()}


def _no_longer(results: Sequence[Result]) -> list[UUID]:
    """Those that waited for something, and do not any more."""
    return [r.work.delivery_id for r in results if r.work.attempts and (r.problem is None or not r.problem.needed)]


def _hints(results: Sequence[Result]) -> list[Hint]:
    hints = [Hint(result.work.retailer_id, "messages", str(result.work.message_id)) for result in results]
    return hints + [
        Hint(result.work.retailer_id, "exceptions", "")
        for result in results
        if result.end is End.PARK or result.work.trigger != AUTO
    ]
