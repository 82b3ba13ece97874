"""What `manage.py up` does once a day beside all else: drop what is over its time; back up, where that was begun."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from console.embedded.supervisor import Supervisor
from console.embedded.system import System

DAY_SECONDS = 24 * 3600.0
# Not while everything starts; also after a host that sleeps at night woke up.
FIRST_SECONDS = 600.0
RETENTION, BACKUP = "retention", "backup"


def supervise(supervisor: Supervisor, system: System, *, say: Callable[[str, str], None]) -> None:
    """Until a stop is asked for. A failed task is told and comes again a day later; its log says why."""
    first = time.time() + FIRST_SECONDS
    while not supervisor.stopping:
        due = max(first, min(_due_at(system, name) for name in _wanted(system)))
        supervisor.run_until(lambda at=due: time.time() >= at, timeout_seconds=DAY_SECONDS)
        for name in _wanted(system):
            if not supervisor.stopping and time.time() >= max(first, _due_at(system, name)):
                _run(supervisor, system, name, say=say)


def _wanted(system: System) -> list[str]:
    begun = system.postgres is not None and system.postgres.backup_file.exists()
    return [RETENTION, BACKUP] if begun else [RETENTION]


def _run(supervisor: Supervisor, system: System, name: str, *, say: Callable[[str, str], None]) -> None:
    _mark(system, name).touch()
    code = supervisor.run_task(name, [sys.executable, "manage.py", name], env=system.owner_env())
    if code and not supervisor.stopping:
        say(name, f"failed (exit code {code}); see {supervisor.log_of(name).path}")


def _due_at(system: System, name: str) -> float:
    mark = _mark(system, name)
    return mark.stat().st_mtime + DAY_SECONDS if mark.exists() else 0.0


def _mark(system: System, name: str) -> Path:
    """Its time is that of the last run."""
    return system.folder.run / f"{name}.last"
