"""How many runs may begin at which endpoint now: rows locked, so that it is exact however many drains ask."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from psycopg import AsyncConnection, AsyncCursor

from connectors.engine.drain.pacing import State, room
from connectors.engine.models import Endpoint
from tenants.arrays import array

# The limits in force: a person's own before the manifest's, the burst in the measure of the rate (`pacing.burst_at`).
LIMITS = """coalesce(e.own_concurrency, e.concurrency), coalesce(e.own_per_second, e.per_second),
    greatest(1, ceil(e.burst * coalesce(e.own_per_second / nullif(e.per_second, 0), 1)))::integer"""
# What may be called of what has something due. The database's clock decides, as it does for every age here.
_ENDPOINTS = """
SELECT e.connection_id, e.retailer_id, w.waits, :limits, e.tokens, extract(epoch FROM now() - e.counted_at)::float,
    e.pace, e.pace_gain, extract(epoch FROM now() - e.paced_at)::float, e.breaker
FROM engine_endpoint e JOIN registry_retailconnection c ON c.id = e.connection_id AND c.state = 'active'
CROSS JOIN LATERAL (SELECT
    EXISTS (SELECT FROM registry_flow f WHERE f.target_id = e.connection_id AND f.state = 'active'
        AND EXISTS (SELECT FROM engine_lane l WHERE l.flow_id = f.id AND l.share = ANY('{0,1,2}') AND l.due_at <= now()
            AND NOT l.parked AND l.holder IS NULL))
    OR EXISTS (SELECT FROM engine_lane l
        WHERE l.endpoint_id = e.connection_id AND l.holder IS NOT NULL AND l.leased_until <= now())) w (waits)
WHERE (e.breaker = 'closed' OR e.breaker = 'open' AND e.probe_at <= now())
AND (e.not_before IS NULL OR e.not_before <= now())
AND (w.waits OR e.connection_id = ANY(%s))
ORDER BY e.connection_id FOR UPDATE OF e
""".replace(":limits", LIMITS)
# A statement of its own: what a drain leased while this one waited for the row is not in the snapshot of the wait.
_LEASED = """
SELECT endpoint_id, count(*) FROM engine_lane WHERE holder IS NOT NULL AND leased_until > now() GROUP BY 1
"""
_TAKE_TOKENS = """
UPDATE engine_endpoint e SET tokens = t.tokens, counted_at = now()
FROM unnest(%s::bigint[], %s::float[]) AS t (id, tokens) WHERE e.connection_id = t.id
"""


@dataclass(slots=True)
class Rooms:
    """Places at endpoints that may be called; `limit` is what the drain itself has left, `left` each retailer of it."""

    limit: int
    free: dict[int, int] = field(default_factory=dict)  # by connection; only those with a place
    states: dict[int, State] = field(default_factory=dict)
    taken: dict[int, int] = field(default_factory=dict)
    waiting: list[int] = field(default_factory=list)  # those of `free` at which something is due in its lane
    retailers: dict[int, int] = field(default_factory=dict)  # by connection
    left: dict[int, int] = field(default_factory=dict)  # by retailer

    def take(self, connection_id: int, count: int = 1) -> bool:
        """Whether there was a place; if so it is gone."""
        retailer_id = self.retailers.get(connection_id, 0)
        if min(self.limit, self.free.get(connection_id, 0), self.left.get(retailer_id, 0)) < count:
            return False
        self.limit -= count
        self.left[retailer_id] -= count
        self.free[connection_id] -= count
        self.taken[connection_id] = self.taken.get(connection_id, 0) + count
        return True

    def give_back(self, connection_id: int) -> None:
        self.take(connection_id, -1)

    def is_probe(self, connection_id: int) -> bool:
        return self.states[connection_id].breaker == Endpoint.Breaker.OPEN


@dataclass(frozen=True, slots=True)
class Asked:
    """Statements on their way; `rooms` waits for the answers."""

    limit: int
    endpoints: AsyncCursor
    leased: AsyncCursor

    async def rooms(self, of_retailer: Callable[[int], int] = lambda retailer_id: 2**31) -> Rooms:
        """`of_retailer` says how many more of it the drain may have in flight."""
        rooms = Rooms(self.limit)
        found = await self.endpoints.fetchall()
        leased = dict(await self.leased.fetchall())
        for connection_id, retailer_id, waits, *fields in found:
            state = State(*fields)
            left = rooms.left.setdefault(retailer_id, of_retailer(retailer_id))
            places = min(self.limit, left, room(state, leased.get(connection_id, 0)))
            if places > 0:
                rooms.retailers[connection_id] = retailer_id
                rooms.states[connection_id] = state
                rooms.free[connection_id] = places
                if waits:
                    rooms.waiting.append(connection_id)
        return rooms


async def ask_rooms(connection: AsyncConnection, limit: int, targets: Collection[int] = ()) -> Asked:
    """For `targets` and all that has something due. Their rows are locked until the transaction ends."""
    endpoints = await connection.execute(_ENDPOINTS, [array("bigint", sorted(targets))])
    return Asked(limit, endpoints, await connection.execute(_LEASED))


async def take_tokens(connection: AsyncConnection, rooms: Rooms) -> None:
    """One a run; what it calls beyond that is taken when it ends."""
    left = {key: rooms.states[key].tokens_now - count for key, count in rooms.taken.items() if count}
    if left:
        values = [array("bigint", list(left)), array("double", list(left.values()))]
        await connection.execute(_TAKE_TOKENS, values)
