"""Who is acting, for the parts that cannot be told: model changes recorded through django-auditlog."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from governance.access.principal import Principal

_acting: ContextVar[Principal | None] = ContextVar("signalbox_acting", default=None)


@contextmanager
def acting(principal: Principal) -> Iterator[Principal]:
    token = _acting.set(principal)
    try:
        yield principal
    finally:
        _acting.reset(token)


def current_actor() -> Principal | None:
    return _acting.get()
