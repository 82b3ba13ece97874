"""UUIDv7 identifiers: sortable by time, made in Python, never by the database."""

from __future__ import annotations

import os
import threading
import time
from datetime import UTC, datetime
from uuid import UUID

_lock = threading.Lock()
_last = 0


def uuid7(*, at: datetime | None = None) -> UUID:
    """A new UUIDv7. Without `at`, ids of one process strictly rise: 48 bits of ms, 12 bits of fraction, 62 random."""
    return UUID(int=_with_version(_stamp(at)) | int.from_bytes(os.urandom(8)) & 0x3FFF_FFFF_FFFF_FFFF)


def _stamp(at: datetime | None) -> int:
    """Milliseconds and their fraction in 1/4096 as one 60-bit number."""
    global _last
    if at is not None:
        return int(at.timestamp() * 1_000_000) * 4096 // 1000
    now = time.time_ns() * 4096 // 1_000_000
    with _lock:
        _last = max(now, _last + 1)
        return _last


def _with_version(stamp: int) -> int:
    return (stamp >> 12) << 80 | 0x7 << 76 | (stamp & 0xFFF) << 64 | 0b10 << 62


def time_of(identifier: UUID) -> datetime:
    return datetime.fromtimestamp((identifier.int >> 80) / 1000, tz=UTC)


def first_id(at: datetime) -> UUID:
    """The lowest id of a moment: the bound of partitions and of time ranges."""
    return UUID(int=(int(at.timestamp() * 1000)) << 80)
