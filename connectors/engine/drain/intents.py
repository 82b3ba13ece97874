"""T2: what is about to be done, committed before it is done, fenced by the lease.

One row when an attempt begins (step "", written with its lease), and one before each call that changes a target which
cannot tell a repeat by itself (`call.EngineCall`). Rows left by a dead holder are what makes its outcome uncertain;
they are read and removed when the lane's next attempt finishes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from connectors.engine.batch import Batcher
from connectors.engine.drain.work import Work
from tenants.arrays import array, arrays
from tenants.asyncdb import scoped
from tenants.context import Scope

MAX_BATCH = 256
MAX_WAITING = 10_000
# The lanes are locked, in the router's order: until the announcement is durable nobody takes one over, and of one that
# was taken over meanwhile the token is looked at again.
_INSERT = """
WITH announced AS (
    SELECT * FROM unnest(%s::uuid[], %s::bigint[], %s::uuid[], %s::bigint[], %s::bigint[], %s::text[])
        AS i (attempt_id, retailer_id, delivery_id, lane_id, token, step)
), held AS (
    SELECT l.id, l.token FROM engine_lane l JOIN announced i ON l.id = i.lane_id AND l.token = i.token
    ORDER BY l.flow_id, l.key COLLATE "C" FOR SHARE OF l
)
INSERT INTO engine_intent (attempt_id, retailer_id, delivery_id, lane_id, token, step, at)
SELECT i.*, clock_timestamp() FROM announced i JOIN held ON held.id = i.lane_id AND held.token = i.token
RETURNING attempt_id
"""
_TYPES = ("uuid", "bigint", "uuid", "bigint", "bigint", "text")
_LEFT_BEHIND = """
SELECT lane_id, attempt_id, min(at), extract(epoch FROM clock_timestamp() - max(at) FILTER (WHERE step <> ''))::float
FROM engine_intent
WHERE lane_id = ANY(%s) AND delivery_id = ANY(%s) AND NOT attempt_id = ANY(%s)
GROUP BY lane_id, attempt_id ORDER BY min(at)
"""


class LeaseLost(RuntimeError):
    """The lane is another drain's by now. Nothing more may be done for it here."""


@dataclass(frozen=True, slots=True)
class Intent:
    """A call that changes the target, announced under its work's attempt."""

    work: Work
    step: str


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """An attempt whose holder died: when it began, and how many seconds ago it announced a change, if it did."""

    attempt_id: UUID
    began_at: datetime
    announced_ago: float | None

    @property
    def may_have_changed(self) -> bool:
        return self.announced_ago is not None


async def write(connection: AsyncConnection, intents: Sequence[Intent]) -> list[bool]:
    """One answer an intent: False where the lease is lost."""
    rows = [
        (work.attempt_id, work.retailer_id, work.delivery_id, work.lane_id, work.token, step)
        for work, step in ((intent.work, intent.step) for intent in intents)
    ]
    cursor = await connection.execute(_INSERT, arrays(_TYPES, rows))
    written = {row[0] for row in await cursor.fetchall()}
    return [intent.work.attempt_id in written for intent in intents]


def intent_log(pool: AsyncConnectionPool, scope: Scope) -> Batcher[Intent, None]:
    """`submit` returns once the intent is durable; raises LeaseLost."""

    async def flush(intents: Sequence[Intent]) -> list[None | Exception]:
        async with scoped(pool, scope) as connection:
            return [None if ok else LeaseLost() for ok in await write(connection, intents)]

    return Batcher(flush, max_batch=MAX_BATCH, max_waiting=MAX_WAITING)


async def forget(connection: AsyncConnection, works: Sequence[Work]) -> None:
    """Of attempts that were leased and never began: they are nobody's interrupted work."""
    await connection.execute(
        "DELETE FROM engine_intent WHERE attempt_id = ANY(%s)", [array("uuid", [work.attempt_id for work in works])]
    )


async def left_behind(connection: AsyncConnection, works: Sequence[Work]) -> dict[int, list[LeftBehind]]:
    """What dead holders left, by lane."""
    works = [work for work in works if work.interrupted]
    if not works:
        return {}
    rows = [(work.lane_id, work.delivery_id, work.attempt_id) for work in works]
    parameters = arrays(("bigint", "uuid", "uuid"), rows)
    cursor = await connection.execute(_LEFT_BEHIND, parameters)
    found: dict[int, list[LeftBehind]] = {}
    for lane_id, *rest in await cursor.fetchall():
        found.setdefault(lane_id, []).append(LeftBehind(*rest))
    return found
