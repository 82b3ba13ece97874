"""The supervisor with real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.embedded import managed
from console.embedded.logs import LogFile
from console.embedded.managed import Child, State
from console.embedded.processes import is_running
from console.embedded.supervisor import Supervisor
from tests.paths import ROOT
from tests.support.waiting import eventually

SLEEP = ["sleep", "1000"]


class Told(list):
    def __call__(self, name: str, line: str) -> None:
        self.append((name, line))


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def supervisor(tmp_path: Path, told: Told) -> Iterator[Supervisor]:
    made = Supervisor(tmp_path, told, cwd=tmp_path)
    with made.in_charge():
        yield made


def well() -> None:
    """A probe that never complains."""


def pid_of(supervisor: Supervisor, name: str) -> int:
    return supervisor.children[name].process.pid


def test_a_killed_child_is_started_again(supervisor, told):
    supervisor.add(Child("one", SLEEP, probe=well))
    assert supervisor.run_until_healthy("one", timeout_seconds=10)
    first = pid_of(supervisor, "one")
    os.kill(first, signal.SIGKILL)
    supervisor.run_until(lambda: ("one", "restarting: killed by SIGKILL") in told, timeout_seconds=10)
    assert supervisor.run_until_healthy("one", timeout_seconds=10)
    assert pid_of(supervisor, "one") != first


def test_a_child_starts_only_after_those_it_needs_are_healthy(supervisor, told):
    complaints = ["not yet", "not yet", None]
    supervisor.add(Child("second", SLEEP, probe=well, after=("first",)))
    supervisor.add(Child("first", SLEEP, probe=lambda: complaints.pop(0) if complaints else None))
    assert supervisor.run_until_healthy("second", timeout_seconds=10)
    assert told.index(("first", "healthy")) < told.index(("second", "starting"))


def test_children_stop_before_those_they_need(supervisor, told):
    supervisor.add(Child("first", SLEEP, probe=well))
    supervisor.add(Child("second", SLEEP, probe=well, after=("first",)))
    supervisor.run_until_healthy("second", timeout_seconds=10)
    supervisor.stop_all()
    assert told[-2:] == [("second", "stopped"), ("first", "stopped")]


def test_a_child_that_never_works_is_given_up_at_once(supervisor):
    supervisor.add(Child("broken", ["sh", "-c", "echo no such thing; exit 3"], probe=lambda: "never"))
    assert not supervisor.run_until_healthy("broken", timeout_seconds=60)
    assert supervisor.children["broken"].why == "ended with exit code 3"
    assert supervisor.children["broken"].log.last_lines(1) == ["no such thing"]


def test_a_child_that_ignores_the_request_is_killed_after_its_grace(supervisor):
    ignores = ["sh", "-c", 'trap "" TERM; echo ready; while :; do sleep 0.1; done']
    supervisor.add(Child("deaf", ignores, probe=well, grace_seconds=0.3))
    supervisor.run_until_healthy("deaf", timeout_seconds=10)
    eventually(lambda: supervisor.children["deaf"].log.last_lines(1) == ["ready"])
    pid = pid_of(supervisor, "deaf")
    supervisor.stop_all()
    assert not is_running(pid)


def test_a_child_that_runs_but_does_not_work_is_replaced(supervisor, monkeypatch):
    monkeypatch.setattr(managed, "PROBE_EVERY_SECONDS", 0.05)
    works = [True]
    probe = lambda: None if works else "no heartbeat"  # noqa: E731
    supervisor.add(Child("stuck", SLEEP, probe=probe, vital=probe, patience_seconds=0.1))
    supervisor.run_until_healthy("stuck", timeout_seconds=10)
    first = pid_of(supervisor, "stuck")
    works.clear()
    supervisor.run_until(lambda: not is_running(first), timeout_seconds=10)
    works.append(True)
    assert supervisor.run_until_healthy("stuck", timeout_seconds=10)


def test_a_complaint_that_a_restart_would_not_mend_changes_nothing(supervisor, monkeypatch):
    monkeypatch.setattr(managed, "PROBE_EVERY_SECONDS", 0.05)
    well_for = [None]
    supervisor.add(
        Child("web", SLEEP, probe=lambda: well_for.pop() if well_for else "database", vital=well, patience_seconds=0.0)
    )
    supervisor.run_until_healthy("web", timeout_seconds=10)
    first = pid_of(supervisor, "web")
    supervisor.run_until(lambda: supervisor.children["web"].state == State.UNHEALTHY, timeout_seconds=10)
    supervisor.run_until(lambda: False, timeout_seconds=0.5)
    assert pid_of(supervisor, "web") == first


def test_the_lines_of_a_task_that_succeeded_are_repeated(supervisor, told):
    assert supervisor.run_task("prepare", ["sh", "-c", "echo done"], env=dict(os.environ)) == 0
    assert ("prepare", "done") in told


def test_a_task_that_failed_leaves_its_words_in_its_log(supervisor, told):
    assert supervisor.run_task("migrate", ["sh", "-c", "echo why; exit 4"], env=dict(os.environ)) == 4
    assert supervisor.log_of("migrate").last_lines(1) == ["why"]
    assert told == []


SCRIPT = """
import json, sys
from pathlib import Path
from console.embedded.managed import Child
from console.embedded.supervisor import Supervisor

supervisor = Supervisor(Path(sys.argv[1]), lambda name, line: None, cwd=Path.cwd())
with supervisor.in_charge():
    supervisor.add(Child("plain", ["sleep", "1000"], probe=lambda: None))
    supervisor.add(Child("parent", ["sh", "-c", "sleep 1001 & echo $!; wait"], probe=lambda: None, after=("plain",)))
    supervisor.run_until_healthy("plain", "parent", timeout_seconds=20)
    print(json.dumps([managed.process.pid for managed in supervisor.children.values()]), flush=True)
    supervisor.run()
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP", "SIGKILL"])
def test_nothing_is_orphaned_when_the_supervisor_ends(tmp_path, name):
    running = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    children = json.loads(running.stdout.readline())
    log = LogFile(tmp_path / "parent.log")
    eventually(lambda: log.last_lines(1))
    grandchild = int(log.last_lines(1)[0])
    running.send_signal(getattr(signal, name))
    running.wait(timeout=20)
    eventually(lambda: not any(is_running(pid) for pid in children))
    # The kernel tells only direct children of a killed supervisor; a child with children of its own ends them itself.
    if name == "SIGKILL":
        os.kill(grandchild, signal.SIGKILL)
    else:
        eventually(lambda: not is_running(grandchild))
