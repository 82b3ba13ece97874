"""Whether this process lives and works: two open paths for the web, a heartbeat file for the others."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from celery.signals import after_task_publish, beat_init, task_postrun, worker_ready
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse

from console.embedded.heartbeats import heartbeat_path
from console.embedded.paths import data_folder

logger = logging.getLogger(__name__)

# What else this process needs to be ready: name -> whether it works now. Parts enter themselves when they start.
CHECKS: dict[str, Callable[[], bool]] = {}
_TOUCH_SECONDS = 1.0
_touched: dict[str, float] = {}


class HealthMiddleware:
    """Answers /livez and /readyz before anything asks for a partner, a session or https.

    /livez says that the process serves; /readyz that it reaches its database and whatever CHECKS name. Neither tells a
    stranger more.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/livez":
            return HttpResponse(status=200)
        if request.path == "/readyz":
            return _readiness()
        return self.get_response(request)


def touch(name: str) -> None:
    """Say that `name` (worker, drain, beat) did its work just now. Cheap: at most one write a second."""
    now = time.monotonic()
    if now - _touched.get(name, float("-inf")) < _TOUCH_SECONDS:
        return
    _touched[name] = now
    path = heartbeat_path(data_folder().run, name)
    if path.parent.is_dir():
        path.touch()


def watch_celery() -> None:
    """Let Celery's own events be the heartbeat.

    The worker's is the end of a task, so it covers broker, consumer and thread pool: a consumer that stopped taking
    tasks after a reconnect looks alive by every other sign. Beat's is a task handed to the broker.
    """
    worker_ready.connect(_worker_works, weak=False, dispatch_uid="signalbox-heartbeat")
    task_postrun.connect(_worker_works, weak=False, dispatch_uid="signalbox-heartbeat")
    beat_init.connect(_beat_works, weak=False, dispatch_uid="signalbox-heartbeat")


def _readiness() -> HttpResponse:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        logger.warning("not ready: %s", error)
        return HttpResponse("database", status=503, content_type="text/plain")
    for name, works in CHECKS.items():
        if not works():
            return HttpResponse(name, status=503, content_type="text/plain")
    return HttpResponse("ready", content_type="text/plain")


def _worker_works(**kwargs: object) -> None:
    touch("worker")


def _beat_works(**kwargs: object) -> None:
    touch("beat")
    # Only in beat's own process: there every published task is a tick of the schedule.
    after_task_publish.connect(_beat_ticks, weak=False, dispatch_uid="signalbox-heartbeat")


def _beat_ticks(**kwargs: object) -> None:
    touch("beat")
