"""django-tenants' backend with schema and retailer scope taken from `tenants.context`.

Both are set by one statement at session level, on first use after check-out and when they change, and forgotten
whenever PostgreSQL may have forgotten them (close, rollback, rollback to a savepoint).
"""

from __future__ import annotations

from typing import Any

import psycopg
from django.db.utils import DatabaseError
from django_tenants.postgresql_backend import base
from psycopg.pq import TransactionStatus

from tenants.context import current_scope

SET_SCOPE = "SELECT set_config('search_path', %s, false), set_config('app.retailers', %s, false)"


class DatabaseWrapper(base.DatabaseWrapper):
    _applied: tuple[str, str] | None = None

    def _wanted(self) -> tuple[str, str]:
        scope = current_scope()
        if scope is not None:
            return scope.search_path, scope.retailers_setting
        paths = ", ".join(f'"{path}"' for path in self._get_cursor_search_paths())
        return paths, ""

    def _handle_search_path(self, cursor: Any = None) -> None:
        wanted = self._wanted()
        if self._setting_search_path or wanted == self._applied:
            return
        self._setting_search_path = True
        runner = self.connection.cursor() if cursor is None else cursor
        try:
            runner.execute(SET_SCOPE, wanted)
            self._applied = wanted
        except (DatabaseError, psycopg.Error):
            self._applied = None
            # In a failed transaction only ROLLBACK can run, so no query can read the wrong rows.
            if self.connection.info.transaction_status != TransactionStatus.INERROR:
                raise
        finally:
            self._setting_search_path = False
            if cursor is None:
                runner.close()

    def close(self) -> None:
        self._applied = None
        super().close()

    def rollback(self) -> None:
        self._applied = None
        super().rollback()
        self._applied = None

    def savepoint_rollback(self, sid: str) -> None:
        try:
            super().savepoint_rollback(sid)
        finally:
            self._applied = None
