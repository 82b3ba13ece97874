"""One leased delivery on its way, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from time import monotonic
from uuid import UUID

from connectors.canonical.facts import Facts
from connectors.engine.needs.needed import Needed
from connectors.sdk.connector import Delivered
from monitoring.ledger.identities.writes import Learned

AUTO = "auto"
HELD = "held"


@dataclass(slots=True)
class Lease:
    """How long a lane is surely ours, by this process's monotonic clock: less than the database grants."""

    until: float
    called: bool = False  # the mapping is done, and the worker lives
    on_called: Callable[[], None] | None = None

    def mark_called(self) -> None:
        if not self.called and self.on_called is not None:
            self.on_called()
        self.called = True

    @property
    def holds(self) -> bool:
        return monotonic() < self.until


@dataclass(frozen=True, slots=True)
class Work:
    """The head entry of a leased lane. `token` fences every write made for it."""

    attempt_id: UUID
    lane_id: int
    token: int
    crashes: int  # leases of this lane whose holder died
    entry_id: int
    delivery_id: UUID
    message_id: UUID
    retailer_id: int
    flow_id: int
    flow_key: str
    connection_id: int
    connection_key: str
    operation: str
    object_type: str
    object_id: str
    idempotency_key: UUID
    reference: str
    tries: int  # used up since a person last sent it on its way
    attempts: int  # all that were ever made
    trigger: str  # AUTO, HELD by a rule until a person sends it, or "manual"
    rule: str  # the routing rule that sent it here, in words
    received_at: datetime
    due_at: datetime  # since when the lane was free for this run
    connector: str  # the source's
    topic: str
    api_version: str
    interrupted: bool  # an earlier attempt at it left its intents behind
    probe: bool  # the one that tries whether an open breaker may close
    body: bytes
    lease: Lease
    waits_until: datetime | None = None  # it has waited for something before, until then at most


@dataclass(slots=True)
class StepRecord:
    """One call made under an attempt. Bodies and target are already without secrets."""

    name: str
    changes: bool
    method: str
    target: str
    started_at: datetime
    duration_us: int = 0
    status: int | None = None
    version_requested: str = ""
    version_served: str = ""
    request: bytes = b""
    response: bytes = b""
    error: str = ""


@dataclass(slots=True)
class AttemptRecord:
    """One run, from the lease to its verdict."""

    id: UUID
    started_at: datetime
    duration_us: int = 0
    transform_us: int = 0
    steps: list[StepRecord] = field(default_factory=list)
    learned: list[Learned] = field(default_factory=list)  # ids of things beside the document itself

    @property
    def target_us(self) -> int:
        return sum(step.duration_us for step in self.steps)

    def version(self, side: str) -> str:
        """The last stated version: `side` is "version_requested" or "version_served"."""
        stated = [getattr(step, side) for step in self.steps if getattr(step, side)]
        return stated[-1] if stated else ""


class End(StrEnum):
    DELIVERED = "delivered"
    RETRY = "retry"
    PARK = "park"  # a person must decide; the lane waits behind it
    SUPERSEDED = "superseded"  # it failed, and a newer one of its latest-wins lane waits


ENDED = frozenset({End.DELIVERED, End.SUPERSEDED})  # its entry leaves the lane


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong, in the words of the exception a person may see."""

    error_class: str
    message: str
    detail: str = ""
    uncertain: bool = False  # a call left and nobody knows its effect
    failing: bool = False  # the target's own trouble: counts against the endpoint's breaker
    unreachable: bool = False  # no connection came about
    credential: bool = False  # opens the breaker at once
    blocked: bool = False  # the address may not be called
    early: bool = False  # what it belongs to has not come yet
    needed: Needed | None = None  # it waits for this, not for its next try
    retryable: bool = False
    retry_after: timedelta | None = None


@dataclass(slots=True)
class Result:
    """What to write for one work."""

    work: Work
    attempt: AttemptRecord
    end: End
    delivered: Delivered | None = None
    problem: Problem | None = None
    retry_in: timedelta | None = None
    facts: Facts | None = None
    counterparty: bytes | None = None  # keyed hash of who bought
    map_version: str = ""
    known_as: Learned | None = None  # the document's id at the target
    rule: str = ""  # why it is superseded, in words
    interrupted: tuple[tuple[UUID, datetime], ...] = ()  # attempts of dead holders: (id, when it began)
