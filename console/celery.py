"""Celery: periodic and long work in threads, and the one resident drain that every worker carries."""

from __future__ import annotations

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings.embedded")

from celery import Celery, bootsteps  # noqa: E402
from celery.signals import celeryd_after_setup  # noqa: E402
from django.conf import settings  # noqa: E402

from console.drain_thread import DrainThread  # noqa: E402
from console.health import watch_celery  # noqa: E402
from console.pulse import TASK, Pulse, listen_to_own_queue  # noqa: E402

app = Celery("signalbox")
app.conf.update(
    broker_url=settings.BROKER_URL,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={"visibility_timeout": 3600},
    task_serializer="json",
    accept_content=["json"],
    result_backend=None,
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_time_limit=900,
    task_soft_time_limit=840,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    timezone="UTC",
    beat_schedule={
        "tick": {"task": "console.tick", "schedule": 5.0, "options": {"expires": 10.0}},
        "files": {"task": "console.take_files", "schedule": 5.0, "options": {"expires": 5.0}},
    },
)
app.autodiscover_tasks(["console"])
app.autodiscover_tasks(["console"], related_name="file_tasks")


class DrainStep(bootsteps.StartStopStep):
    """Starts the drain with the worker and stops it, with its attempts finished, before the worker ends."""

    requires = {"celery.worker.components:Pool"}

    def __init__(self, worker: object, **kwargs: object) -> None:
        self._thread: DrainThread | None = None

    def start(self, worker: object) -> None:
        # Imported here because Celery reads this module before Django's apps are ready.
        from console.checks import insist_on_safe_database

        insist_on_safe_database()
        self._thread = DrainThread()
        self._thread.start()

    def stop(self, worker: object) -> None:
        if self._thread is not None:
            self._thread.stop()
            self._thread = None


class PulseStep(bootsteps.StartStopStep):
    """Ends a worker whose consumer takes nothing any more."""

    requires = {"celery.worker.components:Pool"}

    def __init__(self, worker: object, **kwargs: object) -> None:
        self._pulse: Pulse | None = None

    def start(self, worker: Any) -> None:
        pulse = self._pulse = Pulse(app, node=worker.hostname, threads=worker.concurrency)
        app.task(name=TASK, shared=False)(pulse.beats)
        pulse.start()

    def stop(self, worker: object) -> None:
        if self._pulse is not None:
            self._pulse.stop()
            self._pulse = None


app.steps["worker"].add(DrainStep)
app.steps["worker"].add(PulseStep)
celeryd_after_setup.connect(listen_to_own_queue, weak=False, dispatch_uid="signalbox-pulse")
watch_celery()
