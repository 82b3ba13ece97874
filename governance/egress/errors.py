"""Why a call brought no answer. The one question every error answers: was anything of the request sent?"""

from __future__ import annotations


class EgressError(Exception):
    """Base of the family. `sent` is False only where not one byte of the request can have left."""

    sent = False

    def __init__(self, reason: str, *, timed_out: bool = False, total_ms: float = 0.0, peer: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.timed_out = timed_out
        self.total_ms = total_ms
        self.peer = peer


class Blocked(EgressError):
    """The address, scheme or request is not allowed to leave. Nothing was sent."""


class NotConnected(EgressError):
    """No connection came about: name, route, TLS or time. Nothing was sent."""


class ConnectRefused(NotConnected):
    """The host answered that nobody listens on this port. Nothing was sent."""


class Interrupted(EgressError):
    """The request may have been sent, wholly or in part, and no complete answer came."""

    sent = True


class TooLarge(EgressError):
    """The request was sent and answered by `status`, but with more than we read."""

    sent = True

    def __init__(self, reason: str, *, status: int, total_ms: float = 0.0, peer: str = "") -> None:
        super().__init__(reason, total_ms=total_ms, peer=peer)
        self.status = status
