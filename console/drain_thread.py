"""The drain's own thread and event loop inside a worker process."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading

import uvloop

from console.health import touch
from console.memory import settle
from console.watchdog import end_when_stuck

log = logging.getLogger(__name__)

STOP_SECONDS = 40.0


class DrainThread:
    def __init__(self) -> None:
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="drain", daemon=True)
        self._drain = None
        self._ready = threading.Event()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ready.wait()
        if self._drain is not None:
            self._loop.call_soon_threadsafe(self._drain.stop)
        self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        """A worker without its drain is of no use: it ends, and whoever runs it starts another."""
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._main())
        except Exception:
            log.exception("the drain failed; the worker ends")
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            self._ready.set()

    async def _main(self) -> None:
        # Imported here because Celery reads this module before Django's apps are ready.
        from connectors.engine.drain.worker import Drain

        settle()
        self._drain = Drain(heartbeat=lambda: touch("drain"))
        self._ready.set()
        watch = asyncio.create_task(end_when_stuck())
        try:
            await self._drain.run()
        finally:
            watch.cancel()
