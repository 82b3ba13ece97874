"""Each of the two walls between retailers taken away, so that the other one stands alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

import psycopg
import pytest
from django.db import connection
from psycopg import sql

from monitoring.ledger import payloads
from monitoring.ledger.models import Message
from monitoring.rollups import equation, reading
from tenants.context import ALL, partner_scope, require_scope, scope_of
from tenants.scoping import RetailerQuerySet

GUARDED = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relrowsecurity AND n.nspname LIKE 'p\\_%%'
"""


class Walls(StrEnum):
    BOTH = "both walls"
    SCOPE = "the scope alone"
    POLICIES = "row-level security alone"
    NONE = "no wall"


@contextmanager
def standing(walls: Walls, url: str, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """`url` is the superuser's. What was taken away is really gone, or this fails."""
    with patch.context() as patched, _policies(url, on=walls in (Walls.BOTH, Walls.POLICIES)):
        if walls in (Walls.POLICIES, Walls.NONE):
            _take_the_scope_away(patched)
        yield


@contextmanager
def _policies(url: str, *, on: bool) -> Iterator[None]:
    with psycopg.connect(url, autocommit=True) as superuser:
        guarded = superuser.execute(GUARDED).fetchall()
        assert guarded
        if on:
            yield
            return
        for schema, table in guarded:
            _alter(superuser, "ALTER TABLE {} NO FORCE ROW LEVEL SECURITY", schema, table)
            _alter(superuser, "ALTER TABLE {} DISABLE ROW LEVEL SECURITY", schema, table)
        assert superuser.execute(GUARDED).fetchall() == []
        try:
            yield
        finally:
            for schema, table in guarded:
                _alter(superuser, "ALTER TABLE {} ENABLE ROW LEVEL SECURITY", schema, table)
                _alter(superuser, "ALTER TABLE {} FORCE ROW LEVEL SECURITY", schema, table)


def _alter(superuser: psycopg.Connection, text: str, schema: str, table: str) -> None:
    superuser.execute(sql.SQL(text).format(sql.Identifier(schema, table)))


def _take_the_scope_away(patch: pytest.MonkeyPatch) -> None:
    """`scoped()` and what SQL of our own has instead of it."""
    patch.setattr(RetailerQuerySet, "scoped", lambda self: self)
    for module in (reading, equation):
        patch.setattr(module, "visible", lambda retailers: None if retailers is None else list(retailers))
    patch.setattr(payloads, "require_scope", lambda: scope_of(require_scope().schema, ALL))


def rows_the_database_shows(schema: str, retailers: list[int]) -> int:
    """Messages that a query without any scope of ours gets to see under this scope."""
    with partner_scope(schema, retailers), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ledger_message WHERE retailer_id <> ALL (%s)", [retailers])
        return cursor.fetchone()[0]


def the_scope_filters(schema: str, retailers: list[int]) -> bool:
    with partner_scope(schema, retailers):
        return " IN (" in str(Message.objects.scoped().query)
