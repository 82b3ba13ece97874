"""Whose data the running code may touch: the partner's schema and the retailers within it.

The scope lives in a ContextVar, so it follows a request, a task, a socket or a thread started from them.
`tenants.backend` reads it on every cursor; `tenants.asyncdb` applies it to raw asynchronous connections.
Outside a scope tenant tables fail closed: the search path is `public` and row-level security shows nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import close_old_connections, connections

ALL: Final = "*"
SCHEMA_NAME: Final = re.compile(r"p_[a-z0-9]{4,40}")

P = ParamSpec("P")
R = TypeVar("R")


class NoScope(RuntimeError):
    """Tenant data was asked for outside `partner_scope`. Never falls back to public."""


@dataclass(frozen=True, slots=True)
class Scope:
    """`retailers` is ALL or a frozenset of retailer ids; the empty set shows nothing."""

    schema: str
    retailers: frozenset[int] | str

    @property
    def search_path(self) -> str:
        return f'"{self.schema}", public'

    @property
    def retailers_setting(self) -> str:
        if self.retailers == ALL:
            return ALL
        return ",".join(str(r) for r in sorted(self.retailers))

    def sees(self, retailer_id: int) -> bool:
        return self.retailers == ALL or retailer_id in self.retailers


_current: ContextVar[Scope | None] = ContextVar("signalbox_scope", default=None)


def scope_of(schema: str, retailers: Iterable[int] | str = ALL) -> Scope:
    if not SCHEMA_NAME.fullmatch(schema):
        raise NoScope(f"{schema!r} is not a partner's schema")
    if isinstance(retailers, str):
        if retailers != ALL:
            raise NoScope("retailers must be ALL or ids")
        return Scope(schema, ALL)
    return Scope(schema, frozenset(int(r) for r in retailers))


def current_scope() -> Scope | None:
    return _current.get()


def require_scope() -> Scope:
    scope = _current.get()
    if scope is None:
        raise NoScope("this code needs a partner: enter tenants.context.partner_scope first")
    return scope


@contextmanager
def use_scope(scope: Scope) -> Iterator[Scope]:
    token = _current.set(scope)
    try:
        yield scope
    finally:
        _current.reset(token)


@contextmanager
def partner_scope(schema: str, retailers: Iterable[int] | str = ALL) -> Iterator[Scope]:
    with use_scope(scope_of(schema, retailers)) as scope:
        yield scope


async def in_scope(scope: Scope, fn: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run synchronous database code for asynchronous callers: scope and queries in one callable.

    The connection goes back to the pool before this returns, so an idle socket holds none.
    """

    def run() -> R:
        with use_scope(scope):
            return fn(*args, **kwargs)

    return await outside_scope(run)


async def outside_scope(fn: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The same for code that finds its partner first, and so enters a scope itself or reads public tables only."""

    def run() -> R:
        try:
            return fn(*args, **kwargs)
        finally:
            _release_connections()

    return await sync_to_async(run, thread_sensitive=False)()


async def release_own_connection() -> None:
    """Give back what the request's own thread holds, before its answer is made elsewhere.

    A download that kept one connection while it waits for another would, twenty times at once, wait for itself.
    """
    await sync_to_async(_release_connections, thread_sensitive=True)()


def _release_connections() -> None:
    close_old_connections()
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()
