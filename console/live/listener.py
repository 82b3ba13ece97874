"""One LISTEN connection a web process, outside the pool: hints and revocations come in, the hub hands them on."""

from __future__ import annotations

import asyncio
import logging
import random

from psycopg import AsyncConnection, Notify, OperationalError

from console.live.hub import Hub
from governance.access import revocation
from monitoring.ledger import hints
from tenants.asyncdb import conninfo

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0


class Listener:
    """Reconnects for ever. Whatever was sent meanwhile is lost, so every page is told to fetch again."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._task: asyncio.Task[None] | None = None
        self.listening = asyncio.Event()

    def start(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="live listener")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                async with await self._connect() as connection:
                    pause = FIRST_PAUSE_SECONDS
                    await self._listen(connection)
            except OperationalError as error:
                logger.warning("live hints: %s; trying again", str(error).strip().partition("\n")[0])
            finally:
                self.listening.clear()
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _connect(self) -> AsyncConnection:
        return await AsyncConnection.connect(
            conninfo(application_name="signalbox live", keepalives_idle=30), autocommit=True
        )

    async def _listen(self, connection: AsyncConnection) -> None:
        await connection.execute(f"LISTEN {hints.CHANNEL}")
        await connection.execute(f"LISTEN {revocation.CHANNEL}")
        self.listening.set()
        self._hub.skip()
        async for note in connection.notifies():
            self._hear(note)

    def _hear(self, note: Notify) -> None:
        if note.channel == revocation.CHANNEL:
            revoked = revocation.read_payload(note.payload)
            if revoked is not None:
                self._hub.recheck(*revoked)
            return
        found = hints.read_payload(note.payload)
        if found is not None:
            self._hub.publish(*found)
