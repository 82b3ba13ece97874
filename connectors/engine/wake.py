"""Waking the drains: LISTEN/NOTIFY on one channel. A lost wake-up costs at most the drain's own second."""

from __future__ import annotations

from psycopg import AsyncConnection

CHANNEL = "signalbox_work"


async def announce(connection: AsyncConnection, schema: str) -> None:
    """Say that a partner has work. After the commit, once a group."""
    await connection.execute("SELECT pg_notify(%s, %s)", [CHANNEL, schema])
