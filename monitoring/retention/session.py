"""The owner's connection for what the app role may not do: detach, attach and drop.

Detaching without a lock cannot run in a transaction, nor within a function with its owner's rights, so whoever prunes
connects as the owner (`manage.py retention`); web and workers never do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

import psycopg

from tenants.asyncdb import conninfo
from tenants.backend.base import SET_SCOPE
from tenants.context import require_scope

# Nobody queues behind a lock of ours for longer than this: then we let go and come again.
LOCK_TIMEOUT: Final = timedelta(milliseconds=1500)
_IS_OWNER: Final = "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = 'ledger_message'::regclass"
_ALONE: Final = "SELECT pg_try_advisory_lock(hashtext('signalbox retention pass'), hashtext(current_schema()))"


class Busy(RuntimeError):
    """Another pass over this partner is under way."""


class NotTheOwner(RuntimeError):
    """The role of this process owns no partition, so it can drop none."""


@contextmanager
def owner_session() -> Iterator[psycopg.Connection[Any]]:
    """In autocommit and in the partner's scope; one at a time a partner. Raises Busy, NotTheOwner."""
    scope = require_scope()
    with psycopg.connect(conninfo(application_name="signalbox retention"), autocommit=True) as connection:
        connection.execute(SET_SCOPE, (scope.search_path, scope.retailers_setting))
        connection.execute(f"SET lock_timeout = {LOCK_TIMEOUT // timedelta(milliseconds=1)}")
        if not _one(connection, _IS_OWNER):
            raise NotTheOwner("retention drops tables: run it as the owner's role (DATABASE_URL)")
        if not _one(connection, _ALONE):
            raise Busy("another retention pass over this partner is under way")
        yield connection


def _one(connection: psycopg.Connection[Any], query: str) -> Any:
    row = connection.execute(query).fetchone()
    return row[0] if row else None
