"""The embedded broker under Celery: what a kill costs, and that the worker comes back by itself."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery

from console.embedded.broker import Broker
from console.embedded.ports import free_port
from console.embedded.spawn import spawn
from tests.support.waiting import eventually

APP = """
import os
from pathlib import Path
from celery import Celery

app = Celery("work", broker=os.environ["BROKER_URL"])
app.conf.task_ignore_result = True

@app.task(name="mark")
def mark(name):
    Path(os.environ["MARKS"], name).touch()
"""


class RunningBroker:
    """A broker that a test may kill and start again."""

    def __init__(self, folder: Path) -> None:
        self.broker = Broker(folder, free_port(), "a-password")
        self.start()

    def start(self) -> None:
        self.broker.prepare()
        self.process = spawn(self.broker.command(), output=subprocess.DEVNULL, death_signal="SIGKILL")
        eventually(self.broker.answers)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningBroker]:
    made = RunningBroker(tmp_path)
    yield made
    made.kill()


def test_it_answers_only_those_who_know_the_password(running):
    stranger = Broker(running.broker.folder, running.broker.port, "guess")
    assert running.broker.answers()
    assert not stranger.answers()


def test_the_password_is_no_argument_and_the_file_is_private(running):
    assert not any("a-password" in argument for argument in running.broker.command())
    assert (running.broker.folder / "broker.conf").stat().st_mode & 0o777 == 0o600


def test_a_worker_takes_tasks_again_after_the_broker_was_killed(running, tmp_path):
    (tmp_path / "work.py").write_text(textwrap.dedent(APP))
    env = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    env |= {"BROKER_URL": running.broker.url, "MARKS": str(tmp_path)}
    options = ["worker", "-P", "threads", "-c", "2", "--without-gossip", "--without-mingle"]
    with open(tmp_path / "worker.log", "wb") as log:
        command = [sys.executable, "-m", "celery", "-A", "work", *options]
        worker = subprocess.Popen(command, env=env, cwd=tmp_path, stdout=log, stderr=log)
    sender = Celery("sender", broker=running.broker.url, set_as_current=False)
    try:
        sender.send_task("mark", ["before"])
        eventually((tmp_path / "before").exists)
        running.kill()
        running.start()
        sender.send_task("mark", ["after"])
        eventually((tmp_path / "after").exists)
    finally:
        worker.kill()
        worker.wait()
