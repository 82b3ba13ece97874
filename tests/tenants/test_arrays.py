"""Columns sent as binary arrays arrive as what they were."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import psycopg
import pytest

from tenants.arrays import array, arrays
from tenants.asyncdb import conninfo
from tenants.ids import uuid7

VALUES = {
    "uuid": [uuid7(), uuid7()],
    "bigint": [0, -1, 2**63 - 1, -(2**63)],
    "integer": [0, 2**31 - 1, -(2**31)],
    "smallint": [0, 32767, -32768],
    "boolean": [True, False],
    "text": ["", 'quote " and \\ and {comma, brace}', "Übung 雪 🎿", "NULL"],
    "bytea": [b"", b"\x00\xff\\x41", bytes(range(256)) * 40],
    "timestamptz": [
        datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2000, 1, 1, tzinfo=UTC),
        datetime(2026, 11, 23, 9, 30, 0, 1, tzinfo=timezone(timedelta(hours=-5))),
        datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
    ],
    "interval": [timedelta(), timedelta(days=-1, microseconds=1), timedelta(days=400, seconds=86_399)],
    "numeric": [Decimal("0.10"), Decimal("-12345678901234567890.000001")],
}


@pytest.fixture
def connection(committed):
    with psycopg.connect(conninfo(), autocommit=True) as made:
        yield made


@pytest.mark.parametrize("kind", VALUES)
def test_every_value_arrives_as_it_was_sent(connection, kind) -> None:
    sent = [*VALUES[kind], None]
    rows = connection.execute(f"SELECT * FROM unnest(%s::{kind}[])", [array(kind, sent)]).fetchall()
    assert [row[0] for row in rows] == sent


@pytest.mark.parametrize("kind", VALUES)
def test_no_value_is_an_empty_array(connection, kind) -> None:
    assert connection.execute(f"SELECT cardinality(%s::{kind}[])", [array(kind, [])]).fetchone() == (0,)


def test_rows_become_columns(connection) -> None:
    sent = arrays(["bigint", "text"], [(1, "one"), (2, None)])
    rows = connection.execute("SELECT * FROM unnest(%s::bigint[], %s::text[])", sent).fetchall()
    assert rows == [(1, "one"), (2, None)]


@pytest.mark.parametrize("text", ["a\0b", json.loads('"\\ud800"')])
def test_text_that_no_column_takes_is_an_error_of_the_data(connection, text) -> None:
    with pytest.raises(psycopg.DataError):
        connection.execute("SELECT %s::text[]", [array("text", ["good", text])])
