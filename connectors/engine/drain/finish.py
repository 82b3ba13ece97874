"""T3: what a batch of attempts came to, in one set-based transaction, for lanes whose lease is still ours."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from psycopg import AsyncConnection

from connectors.engine.drain import rows
from connectors.engine.drain.policy import BREAKER_OPENS_AFTER, probe_delay
from connectors.engine.drain.supersede import supersede_failed
from connectors.engine.drain.work import ENDED, End, Result
from connectors.engine.models import Endpoint
from connectors.engine.trail import blocked_calls
from governance.audit.raw import insert_events
from monitoring.exceptions import sets as exceptions
from monitoring.ledger import bulk
from monitoring.ledger.hints import Hint, notify_sql
from monitoring.rollups.writer import upsert
from tenants.context import Scope

_MINE = """
SELECT l.id, l.token FROM engine_lane l JOIN unnest(%s::bigint[], %s::bigint[]) AS t (id, token)
ON l.id = t.id AND l.token = t.token AND l.holder = %s ORDER BY l.id FOR UPDATE OF l
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
_DONE = "DELETE FROM engine_entry WHERE id = ANY(%s)"
_TRIED = """
UPDATE engine_entry e SET attempts = e.attempts + t.tries FROM unnest(%s::bigint[], %s::int[]) AS t (id, tries)
WHERE e.id = t.id
"""
_LANES = """
UPDATE engine_lane l SET holder = NULL, leased_until = NULL, crashes = 0, due_at = now() + t.wait, parked = t.parked
FROM unnest(%s::bigint[], %s::interval[], %s::boolean[]) AS t (id, wait, parked) WHERE l.id = t.id
"""
_EMPTY = """
DELETE FROM engine_lane l WHERE id = ANY(%s) AND NOT EXISTS (SELECT FROM engine_entry e WHERE e.lane_id = l.id)
"""
_ENDPOINT = """
UPDATE engine_endpoint SET failures = %(failures)s, breaker = %(breaker)s, breaker_reason = %(reason)s,
    probe_at = now() + %(probe)s::interval,
    not_before = greatest(not_before, now() + %(not_before)s::interval)
WHERE connection_id = %(id)s
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
                await self._write(connection, kept, datetime.now(UTC))
        hints = notify_sql(self._scope.schema, _hints(kept))
        if hints is not None:
            await connection.execute(*hints)
        return [(result.work.lane_id, result.work.token) in mine for result in results]

    async def _still_mine(self, connection: AsyncConnection, results: Sequence[Result]) -> set[tuple[int, int]]:
        lanes = [result.work.lane_id for result in results]
        tokens = [result.work.token for result in results]
        cursor = await connection.execute(_MINE, [lanes, tokens, self._holder])
        return {(lane, token) for lane, token in await cursor.fetchall()}

    async def _write(self, connection: AsyncConnection, results: Sequence[Result], now: datetime) -> None:
        await bulk.insert(connection, bulk.ATTEMPTS, rows.attempts(results, self._worker))
        steps, bodies = rows.steps(results)
        await bulk.insert(connection, bulk.PAYLOADS, bodies)
        await bulk.insert(connection, bulk.STEPS, steps)
        await bulk.insert(connection, bulk.FACTS, rows.facts(results), "ON CONFLICT DO NOTHING")
        await bulk.insert(connection, bulk.BUSINESS_KEYS, rows.document_keys(results), "ON CONFLICT DO NOTHING")
        await connection.execute(_DELIVERIES, rows.columns(rows.deliveries(results, now)))
        await self._lanes(connection, results)
        await exceptions.resolve(connection, rows.resolved(results), at=now)
        await exceptions.open_or_reopen(connection, rows.exceptions(results, now), at=now)
        await self._endpoints(connection, results)
        await insert_events(connection, blocked_calls(self._scope, results))
        counted = upsert(rows.counted(results, now), self._slot)
        if counted is not None:
            await connection.execute(*counted)

    async def _lanes(self, connection: AsyncConnection, results: Sequence[Result]) -> None:
        lanes = [result.work.lane_id for result in results]
        done = [result.work.entry_id for result in results if result.end in ENDED]
        tried = [(r.work.entry_id, rows.tries(r)) for r in results if r.end not in ENDED]
        await connection.execute("DELETE FROM engine_intent WHERE lane_id = ANY(%s)", [lanes])
        await connection.execute(_DONE, [done])
        if tried:
            await connection.execute(_TRIED, rows.columns(tried))
        lane_rows = [(r.work.lane_id, r.retry_in or timedelta(), r.end is End.PARK) for r in results]
        await connection.execute(_LANES, rows.columns(lane_rows))
        await connection.execute(_EMPTY, [lanes])

    async def _endpoints(self, connection: AsyncConnection, results: Sequence[Result]) -> None:
        """The breaker's view of this batch: a success closes it, failures to connect open it."""
        for connection_id in sorted({result.work.connection_id for result in results}):
            mine = [result for result in results if result.work.connection_id == connection_id]
            change = await self._breaker(connection, connection_id, mine)
            if change is not None:
                await connection.execute(_ENDPOINT, change)

    async def _breaker(
        self, connection: AsyncConnection, connection_id: int, results: Sequence[Result]
    ) -> dict[str, object] | None:
        cursor = await connection.execute(
            "SELECT failures, breaker FROM engine_endpoint WHERE connection_id = %s FOR UPDATE", [connection_id]
        )
        failures, breaker = await cursor.fetchone()
        problems = [result.problem for result in results if result.problem is not None]
        unreachable = sum(problem.unreachable for problem in problems)
        rejected = next((problem for problem in problems if problem.credential), None)
        waits = [problem.retry_after for problem in problems if problem.retry_after is not None]
        # What was refused before any call says nothing about the target.
        reached = any(step.status is not None for result in results for step in result.attempt.steps)
        news = unreachable or rejected or waits or (reached and (failures or breaker != Endpoint.Breaker.CLOSED))
        if not news:
            return None
        failures = 0 if reached else failures + unreachable
        opened = rejected is not None or failures >= BREAKER_OPENS_AFTER
        reason = (rejected or (problems[-1] if problems else None)) if opened else None
        return {
            "id": connection_id,
            "failures": failures,
            "breaker": Endpoint.Breaker.OPEN if opened else Endpoint.Breaker.CLOSED,
            "reason": reason.message if reason else "",
            "probe": probe_delay(failures, self._rng) if opened else None,
            "not_before": min(max(waits), timedelta(minutes=15)) if waits else None,
        }


def _hints(results: Sequence[Result]) -> list[Hint]:
    hints = [Hint(result.work.retailer_id, "messages", str(result.work.message_id)) for result in results]
    return hints + [
        Hint(result.work.retailer_id, "exceptions", "")
        for result in results
        if result.end is End.PARK or result.work.trigger != "auto"
    ]
