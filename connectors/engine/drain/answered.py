"""What the targets' answers change about how they are called: beside T3, in a transaction of its own.

So nothing waits for an endpoint's row while it holds lanes. Refusals and failures are told before T3 frees their lanes,
or another drain would call in between; the rest after it. A crash in between loses or doubles a count and no message.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from psycopg import AsyncConnection

from connectors.engine.drain.pacing import Change, State, after, answers
from connectors.engine.drain.rooms import LIMITS
from connectors.engine.drain.work import Result
from tenants.arrays import array, arrays

_READ = """
SELECT connection_id, :limits, tokens, extract(epoch FROM now() - counted_at)::float, pace, pace_gain,
    extract(epoch FROM now() - paced_at)::float, breaker,
    extract(epoch FROM now() - window_at)::float, window_calls, window_failures, failures
FROM engine_endpoint e WHERE connection_id = ANY(%s) ORDER BY connection_id FOR UPDATE
""".replace(":limits", LIMITS)
_WRITE = """
UPDATE engine_endpoint e SET tokens = t.tokens, counted_at = now(), pace = t.pace,
    pace_gain = t.pace_gain, paced_at = now() - t.paced_ago, window_at = now() - t.window_ago,
    window_calls = t.window_calls, window_failures = t.window_failures, failures = t.failures, breaker = t.breaker,
    breaker_reason = CASE WHEN t.turned OR t.reason <> '' THEN t.reason ELSE e.breaker_reason END,
    breaker_at = CASE WHEN t.turned THEN now() ELSE e.breaker_at END,
    probe_at = CASE WHEN t.breaker = 'closed' THEN NULL ELSE coalesce(now() + t.probe_in, e.probe_at) END,
    not_before = greatest(e.not_before, now() + t.not_before)
FROM unnest(%s::bigint[], %s::float[], %s::float[], %s::float[], %s::interval[], %s::interval[], %s::integer[],
    %s::integer[], %s::integer[], %s::text[], %s::text[], %s::boolean[], %s::interval[], %s::interval[])
    AS t (id, tokens, pace, pace_gain, paced_ago, window_ago, window_calls, window_failures, failures, breaker, reason,
        turned, probe_in, not_before)
WHERE e.connection_id = t.id
"""
_TYPES = (
    *("bigint", "double", "double", "double", "interval", "interval", "integer", "integer", "integer", "text", "text"),
    *("boolean", "interval", "interval"),
)


async def note_answers(connection: AsyncConnection, results: Sequence[Result], rng: random.Random) -> None:
    mine: dict[int, list[Result]] = {}
    for result in results:
        mine.setdefault(result.work.connection_id, []).append(result)
    async with connection.transaction():
        await connection.execute("SET LOCAL synchronous_commit = off")
        cursor = await connection.execute(_READ, [array("bigint", sorted(mine))])
        rows = [
            _row(connection_id, after(State(*fields), answers(mine[connection_id]), rng))
            for connection_id, *fields in await cursor.fetchall()
        ]
        await connection.execute(_WRITE, arrays(_TYPES, rows))


def _row(connection_id: int, change: Change) -> tuple[Any, ...]:
    state = change.state
    return (
        connection_id,
        state.tokens,
        state.pace,
        state.pace_gain,
        timedelta(seconds=state.paced_ago),
        timedelta(seconds=state.window_ago),
        state.window_calls,
        state.window_failures,
        state.failures,
        state.breaker,
        change.reason,
        change.opened or change.closed,
        change.probe_in,
        change.not_before,
    )
