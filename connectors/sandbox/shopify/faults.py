"""Faults that can be switched on: at the Admin API and at the webhooks. They survive a restart."""

from __future__ import annotations

import time
from typing import Literal

import msgspec

Kind = Literal[
    "error",  # Admin API answers `status`
    "slow",  # Admin API answers after `delay` seconds
    "reset",  # Admin API cuts the connection without an answer
    "garbage",  # Admin API answers 200 with half a document
    "throttled",  # Admin API answers as if the bucket were empty
    "revoked",  # Admin API no longer knows the token
    "bad_signature",  # webhooks are signed with another secret
    "hold",  # webhooks wait; they go when the fault ends
    "lose",  # webhooks are never sent: only a poll can find what happened
]
API_KINDS: tuple[Kind, ...] = ("error", "slow", "reset", "garbage", "throttled", "revoked")


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    kind: Kind
    count: int | None = None  # how often; None: until it is cleared or its time is over
    seconds: float | None = None
    status: int = 500
    delay: float = 10.0
    path: str = ""  # only where the path contains this
    until: float | None = None  # set from `seconds` when switched on (Unix time)


class Faults:
    def __init__(self, stored: str = "[]") -> None:
        self._active: list[Fault] = msgspec.json.decode(stored, type=list[Fault])

    def add(self, fault: Fault) -> Fault:
        if fault.seconds is not None:
            fault.until = time.time() + fault.seconds
        self._active.append(fault)
        return fault

    def clear(self, kind: str | None = None) -> None:
        self._active = [fault for fault in self._active if kind not in (None, fault.kind)]

    def active(self) -> list[Fault]:
        now = time.time()
        self._active = [f for f in self._active if f.count != 0 and (f.until is None or f.until > now)]
        return list(self._active)

    def take(self, *kinds: Kind, path: str = "") -> Fault | None:
        """The first fault that applies, counted down."""
        for fault in self.active():
            if fault.kind in kinds and fault.path in path:
                if fault.count is not None:
                    fault.count -= 1
                return fault
        return None

    def ends_in(self, kind: Kind) -> float | None:
        """Seconds until the last timed fault of that kind is over; None when none is timed."""
        ends = [f.until for f in self.active() if f.kind == kind and f.until is not None]
        return max(ends) - time.time() if ends else None

    def stored(self) -> str:
        return msgspec.json.encode(self.active()).decode()
