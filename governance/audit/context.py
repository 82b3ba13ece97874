"""Who is acting and why, for the parts that cannot be told: model changes recorded through django-auditlog."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from governance.access.principal import Principal

_acting: ContextVar[Principal | None] = ContextVar("signalbox_acting", default=None)
_reason: ContextVar[str] = ContextVar("signalbox_acting_reason", default="")


@contextmanager
def acting(principal: Principal, *, reason: str = "") -> Iterator[Principal]:
    """Model changes within are this principal's, in a view, a task, a thread or a socket alike."""
    tokens = _acting.set(principal), _reason.set(reason)
    try:
        yield principal
    finally:
        _acting.reset(tokens[0])
        _reason.reset(tokens[1])


def current_actor() -> Principal | None:
    return _acting.get()


def current_reason() -> str:
    return _reason.get()
