"""Raw asynchronous connections for the two hot paths (intake, drain), under the same scope rules as the ORM.

One pool per process and event loop. A connection is scoped when taken and stays so until it is given back.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from django.conf import settings
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from tenants.backend.base import SET_SCOPE
from tenants.context import Scope

_LOOK_UP = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off"
_DEFER = """
SELECT set_config('signalbox.durable', current_setting('synchronous_commit'), false),
    set_config('synchronous_commit', 'off', false), set_config('enable_hashjoin', 'on', false)
"""
_FLUSH = """
SELECT set_config('synchronous_commit', current_setting('signalbox.durable'), true),
    pg_logical_emit_message(true, 'signalbox', '')
"""
# SQLSTATE classes: connection, rolled back (deadlock), resources, prerequisites (lock timeout), operator, system.
PASSING = frozenset({"08", "40", "53", "55", "57", "58"})
_applied: WeakKeyDictionary[AsyncConnection, Scope] = WeakKeyDictionary()


def conninfo(**overrides: Any) -> str:
    """libpq conninfo of the default database, as the role this process runs under."""
    database = settings.DATABASES["default"]
    parts = {
        "host": database["HOST"],
        "port": database["PORT"],
        "dbname": database["NAME"],
        "user": database["USER"],
        "password": database["PASSWORD"],
        "connect_timeout": 5,
        "application_name": "signalbox",
    }
    return make_conninfo(**{**parts, **overrides})


def make_pool(*, size: int, name: str, deferred: bool = False) -> AsyncConnectionPool:
    """`deferred`: commits are seen at once and are durable after `flush`, not before."""
    return AsyncConnectionPool(
        conninfo(application_name=f"signalbox {name}"),
        min_size=1,
        max_size=size,
        open=False,
        name=name,
        timeout=5,
        kwargs={"autocommit": True, "prepare_threshold": 2},
        configure=_configure_deferred if deferred else _only_look_up,
    )


async def flush(connection: AsyncConnection) -> None:
    """What this session committed is durable when it returns, as the server was set up to understand durable.

    A commit record that waits for the disk waits for everything written before it.
    """
    await connection.execute(_FLUSH)


async def _only_look_up(connection: AsyncConnection) -> None:
    """Every statement of the hot paths finds rows by their keys. Its plan is made once, perhaps while a table is empty,
    and must still be right when the table is not.
    """
    await connection.execute(_LOOK_UP)


async def _configure_deferred(connection: AsyncConnection) -> None:
    await _only_look_up(connection)
    await connection.execute(_DEFER)


def passes(error: Exception) -> bool:
    """Whether the same statement may succeed later: the connection, a lock, the server or its disk was the trouble.

    Everything else is about the rows: they would be refused again, and whoever sent them with others sends them apart.
    """
    if isinstance(error, psycopg.Error):
        return error.sqlstate is None or error.sqlstate[:2] in PASSING
    return isinstance(error, PoolTimeout | OSError)


@asynccontextmanager
async def scoped(pool: AsyncConnectionPool, scope: Scope) -> AsyncIterator[AsyncConnection]:
    """A pooled connection in autocommit whose search path and retailers are the scope's.

    A pooled connection may come from another partner. The setting is made outside any transaction, so nothing can
    undo it; what a connection last got is remembered with it.
    """
    async with pool.connection() as connection:
        if _applied.get(connection) != scope:
            await connection.execute(SET_SCOPE, (scope.search_path, scope.retailers_setting))
            _applied[connection] = scope
        yield connection
