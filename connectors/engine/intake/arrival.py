"""An event at the door, before and after it is stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from connectors.sdk.connector import Subject

KEY_BYTES = 16


@dataclass(frozen=True, slots=True)
class Source:
    """The connection an event came through: what a message keeps of it as facts."""

    schema: str
    retailer_id: int
    connection_id: int
    connection_key: str
    connector: str


@dataclass(slots=True)
class Arrival:
    """One event, verified and read as far as the intake reads. `body` is already without card data."""

    id: UUID
    source: Source
    door: str
    topic: str
    event_id: str
    subject: Subject
    api_version: str
    received_at: datetime
    body: bytes
    body_hash: bytes
    size: int
    masked: int
    trace_id: str
    cause_id: UUID | None = None
    delay: timedelta | None = None  # from what happened at the source to its receipt; None where it states no time
    unreadable: str = ""  # why, when the body is no document we may trust

    @property
    def key(self) -> bytes:
        """The event key: one event of one connection, whatever door it takes and however often it comes."""
        text = f"{self.source.connection_id}\0{self.topic}\0{self.event_id}"
        return sha256(text.encode("utf-8", "surrogatepass")).digest()[:KEY_BYTES]


class Verdict(StrEnum):
    ACCEPTED = "accepted"
    REPEAT = "repeat"
    CONFLICT = "conflict"  # the same event with another body: never overwritten, a security exception


@dataclass(frozen=True, slots=True)
class Receipt:
    """`message_id` is the first message's, also for a repeat."""

    verdict: Verdict
    message_id: UUID


class IntakeDown(RuntimeError):
    """The database did not answer. The sender is asked to come again; nothing was stored."""
