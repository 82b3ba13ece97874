"""Times come from the database aware and in UTC, however they were written and whatever the session says."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import DataError, connection

from tenants.backend.base import UtcLoader

NOON = datetime(2026, 3, 4, 12, 0, 0, 10_000, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def read(text: str) -> datetime | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz", [text])
        return cursor.fetchone()[0]


@pytest.mark.parametrize(
    "text", ["2026-03-04 12:00:00.01+00", "2026-03-04 17:30:00.010000+05:30", "2026-03-04T12:00:00.01Z"]
)
def test_a_time_is_the_same_in_utc_whatever_zone_it_was_written_in(text):
    found = read(text)
    assert found == NOON
    assert found.tzinfo is UTC


def test_a_session_in_another_zone_is_understood():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL timezone = 'Asia/Kolkata'")
    found = read("2026-03-04 12:00:00.01+00")
    assert found == NOON
    assert found.tzinfo is UTC


def test_what_is_no_time_of_ours_is_refused_and_not_guessed():
    assert read("0999-01-01 00:00:00+00").year == 999
    with pytest.raises(DataError):
        read("infinity")


def test_connections_read_by_our_loader_and_not_by_djangos():
    connection.ensure_connection()
    assert connection.connection.adapters.get_loader(1184, 0) is UtcLoader
