"""A worker sends itself a task through the broker, and ends when it takes none: a consumer can stop and look alive.

Ticks prove nothing of one worker among several: the others take them. So each has a queue of its own. While the broker
refuses, or while every thread is busy, nothing can be said. Whoever runs the worker starts another.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from typing import Any, Final

from celery import Celery
from celery.worker import state
from kombu import Queue
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)

TASK: Final = "console.pulse"
PULSE_SECONDS: Final = 5.0
SILENT_SECONDS: Final = 25.0
# After the broker was away: Celery waits up to half a minute between its attempts to connect again.
AGAIN_SECONDS: Final = 45.0
# For the calls under way to end after SIGTERM; a consumer that hangs does not hear it.
END_SECONDS: Final = 45.0
QUEUE_KEPT_SECONDS: Final = 60.0


class Judge:
    """Pure: whether a worker must end, by its own monotonic clock."""

    def __init__(self, now: float) -> None:
        self._since = now
        self._limit = SILENT_SECONDS

    def beats(self, now: float) -> None:
        """It took a pulse."""
        self._since, self._limit = now, SILENT_SECONDS

    def busy(self, now: float) -> None:
        self._since = now

    def refused(self, now: float) -> None:
        """The broker did not take a pulse."""
        self._since, self._limit = now, AGAIN_SECONDS

    def is_stuck(self, now: float) -> bool:
        return now - self._since > self._limit


class Pulse:
    """`node` is the worker's name, which Celery wants to be its own; `threads` how many tasks it runs at once."""

    def __init__(self, app: Celery, *, node: str, threads: int) -> None:
        self._app, self._threads = app, threads
        self._queue = own_queue(node)
        self._judge = Judge(time.monotonic())
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()

    def beats(self) -> None:
        self._judge.beats(time.monotonic())

    def _run(self) -> None:
        while not self._ended.wait(PULSE_SECONDS):
            now = time.monotonic()
            if len(state.active_requests) >= self._threads:
                self._judge.busy(now)
            elif not self._send():
                self._judge.refused(time.monotonic())
            if self._judge.is_stuck(time.monotonic()):
                end_worker()

    def _send(self) -> bool:
        """On a connection of its own: that of the consumer is what is in doubt."""
        try:
            with self._app.connection_for_write(connect_timeout=PULSE_SECONDS) as connection:
                self._app.send_task(TASK, queue=self._queue, connection=connection, expires=PULSE_SECONDS, retry=False)
        except (OperationalError, OSError, *self._app.connection_for_write().connection_errors) as error:
            log.debug("the broker took no pulse: %s", type(error).__name__)
            return False
        return True


def own_queue(node: str) -> Queue:
    """Goes when the worker has gone."""
    name = f"pulse.{node}"
    return Queue(name, routing_key=name, auto_delete=True, durable=False, expires=QUEUE_KEPT_SECONDS)


def listen_to_own_queue(sender: str, instance: Any, **kwargs: object) -> None:
    """For `celeryd_after_setup`: beside the queue of all workers."""
    instance.app.amqp.queues.select_add(own_queue(sender))


def end_worker() -> None:
    log.error("this worker takes no tasks although the broker does; it ends, and whoever runs it starts another")
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(END_SECONDS)
    os._exit(1)
