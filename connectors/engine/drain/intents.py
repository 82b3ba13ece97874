"""T2: what is about to be done, committed before it is done, fenced by the lease.

One row when an attempt begins (step ""), one before each call that changes the target. Rows left by a dead holder
are what makes its outcome uncertain; they are read and removed when the lane's next attempt finishes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from connectors.engine.batch import Batcher
from connectors.engine.drain.work import Work
from tenants.asyncdb import scoped
from tenants.context import Scope

MAX_BATCH = 256
MAX_WAITING = 10_000
_INSERT = """
WITH mine AS (SELECT id FROM engine_lane l JOIN unnest(%s::bigint[], %s::bigint[]) AS t (lane, token)
    ON l.id = t.lane AND l.token = t.token)
INSERT INTO engine_intent (attempt_id, retailer_id, delivery_id, lane_id, token, step, at)
SELECT i.* FROM unnest(%s::uuid[], %s::bigint[], %s::uuid[], %s::bigint[], %s::bigint[], %s::text[], %s::timestamptz[])
    AS i (attempt_id, retailer_id, delivery_id, lane_id, token, step, at)
JOIN mine ON mine.id = i.lane_id
RETURNING attempt_id
"""
_LEFT_BEHIND = """
SELECT lane_id, attempt_id, min(at), bool_or(step <> '') FROM engine_intent
WHERE lane_id = ANY(%s) AND delivery_id = ANY(%s) GROUP BY lane_id, attempt_id ORDER BY min(at)
"""


class LeaseLost(RuntimeError):
    """The lane is another drain's by now. Nothing more may be done for it here."""


@dataclass(frozen=True, slots=True)
class Intent:
    work: Work
    attempt_id: UUID
    step: str


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """An attempt whose holder died: when it began, and whether it had announced a change."""

    attempt_id: UUID
    began_at: datetime
    may_have_changed: bool


async def write(connection: AsyncConnection, intents: Sequence[Intent]) -> list[bool]:
    """One answer an intent: False where the lease is lost."""
    now = datetime.now(UTC)
    lanes = [intent.work.lane_id for intent in intents]
    tokens = [intent.work.token for intent in intents]
    cursor = await connection.execute(
        _INSERT,
        [
            lanes,
            tokens,
            [intent.attempt_id for intent in intents],
            [intent.work.retailer_id for intent in intents],
            [intent.work.delivery_id for intent in intents],
            lanes,
            tokens,
            [intent.step for intent in intents],
            [now] * len(intents),
        ],
    )
    written = {row[0] for row in await cursor.fetchall()}
    return [intent.attempt_id in written for intent in intents]


def intent_log(pool: AsyncConnectionPool, scope: Scope) -> Batcher[Intent, None]:
    """`submit` returns once the intent is durable; raises LeaseLost."""

    async def flush(intents: Sequence[Intent]) -> list[None | Exception]:
        async with scoped(pool, scope) as connection:
            return [None if ok else LeaseLost() for ok in await write(connection, intents)]

    return Batcher(flush, max_batch=MAX_BATCH, max_waiting=MAX_WAITING)


async def left_behind(connection: AsyncConnection, works: Sequence[Work]) -> dict[int, list[LeftBehind]]:
    """What dead holders left, by lane."""
    parameters = [[work.lane_id for work in works], [work.delivery_id for work in works]]
    cursor = await connection.execute(_LEFT_BEHIND, parameters)
    found: dict[int, list[LeftBehind]] = {}
    for lane_id, *rest in await cursor.fetchall():
        found.setdefault(lane_id, []).append(LeftBehind(*rest))
    return found
