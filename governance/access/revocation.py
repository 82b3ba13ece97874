"""Telling open sockets that someone's rights changed or a session ended. Call it after the commit.

The sockets look the person up again and close; a lost notice costs at most the minute until they look by themselves.
"""

from __future__ import annotations

from typing import Final

from django.db import connection

CHANNEL: Final = "signalbox_revocations"


def announce_revocation(schema: str, person_id: int) -> None:
    """After a sign-out, a changed role, changed grants, a deactivation or a raised session epoch."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, f"{schema}|{person_id}"])


def read_payload(payload: str) -> tuple[str, str] | None:
    schema, _, person_id = payload.partition("|")
    return (schema, person_id) if person_id.isdigit() else None
