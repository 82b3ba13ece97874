"""Raw asynchronous connections for the two hot paths (intake, drain), under the same scope rules as the ORM.

One pool per process and event loop. A connection is scoped when taken and stays so until it is given back.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from django.conf import settings
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo
from psycopg_pool import AsyncConnectionPool

from tenants.backend.base import SET_SCOPE
from tenants.context import Scope


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


def make_pool(*, size: int, name: str) -> AsyncConnectionPool:
    return AsyncConnectionPool(
        conninfo(application_name=f"signalbox {name}"),
        min_size=1,
        max_size=size,
        open=False,
        name=name,
        timeout=5,
        kwargs={"autocommit": True, "prepare_threshold": 2},
    )


@asynccontextmanager
async def scoped(pool: AsyncConnectionPool, scope: Scope) -> AsyncIterator[AsyncConnection]:
    """A pooled connection in autocommit whose search path and retailers are the scope's.

    Set on every check-out: a pooled connection may come from another partner.
    """
    async with pool.connection() as connection:
        await set_scope(connection, scope)
        yield connection


async def set_scope(connection: AsyncConnection, scope: Scope) -> None:
    await connection.execute(SET_SCOPE, (scope.search_path, scope.retailers_setting))
