"""`manage.py up` from nothing: started, hurt, stopped, and started again on the same data."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.embedded.ports import free_port
from console.embedded.processes import command_line, is_running
from tests.paths import ROOT
from tests.support.waiting import eventually

HOST = "northgate.localhost"
SLOW_SECONDS = 240.0
COMMANDS = {"postgres": "postgres", "broker": "valkey-server", "web": "uvicorn", "worker": "worker", "beat": "beat"}


class Up:
    """One `manage.py up` and what can be seen of it from outside."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port = free_port()
        self.output = data.parent / "up.out"
        self.first_words = self.link = ""

    @property
    def env(self) -> dict[str, str]:
        ours = ("DATABASE_URL", "APP_DATABASE_URL", "BROKER_URL", "DJANGO_SETTINGS_MODULE", "SIGNALBOX_ROLE")
        kept = {name: value for name, value in os.environ.items() if name not in ours}
        return kept | {"SIGNALBOX_DATA": str(self.data)}

    def start(self) -> None:
        with open(self.output, "wb") as output:
            command = [sys.executable, "manage.py", "up", "--port", str(self.port)]
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.env, stdout=output, stderr=output)
        eventually(lambda: "ready after" in self.said() or not self.is_running(), within_seconds=SLOW_SECONDS)
        assert self.is_running(), self.said()

    def is_running(self) -> bool:
        return self.process.poll() is None

    def said(self) -> str:
        return self.output.read_text()

    def says_all_are_healthy(self) -> bool:
        """By its last word on the state of each of the processes."""
        said = re.findall(r"^ *(\w+)  (healthy|unhealthy|starting|restarting)\b", self.said(), re.MULTILINE)
        states = dict(said)
        return all(states[name] == "healthy" for name in COMMANDS)

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, check=False)

    def create_partner(self) -> str:
        """The path of the owner's one-time link. The console had been asked for the host in vain before."""
        assert self.status("/", HOST) == 404
        facts = ["--name", "Northgate", "--host", HOST, "--owner-email", "olga@northgate.example"]
        done = self.manage("create_partner", "northgate", *facts)
        assert done.returncode == 0, done.stderr
        return re.search(rf"http://{HOST}:{self.port}(/\S+)", done.stdout)[1]

    def status(self, path: str, host: str = "anything") -> int | None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path, headers={"Host": host})
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def children(self) -> dict[str, int]:
        text = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        pids = [int(pid) for pid in text.split()]
        words = {pid: " ".join(command_line(pid)[:8]) for pid in pids}
        return {name: pid for name, word in COMMANDS.items() for pid in pids if word in words[pid]}

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(number)
        self.process.wait(timeout=SLOW_SECONDS)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    made = Up(tmp_path_factory.mktemp("up") / "data")
    made.start()
    made.first_words = made.said()
    made.link = made.create_partner()
    yield made
    if made.is_running():
        made.stop()


@pytest.fixture
def up(system: Up) -> Up:
    """Running, whatever the test before did to it."""
    if not system.is_running():
        system.start()
    return system


def test_it_ends_in_a_console_that_waits_for_its_first_partner(up):
    assert "no partner yet" in up.first_words
    assert up.status("/livez") == up.status("/readyz") == 200


def test_doctor_finds_nothing(up):
    done = up.manage("doctor")
    assert done.returncode == 0, done.stdout


def test_the_first_partners_owner_gets_a_link_that_opens_once_and_only_on_its_host(up):
    assert up.status(up.link, "tidewater.localhost") == 404
    eventually(lambda: up.status(up.link, HOST) == 302)


@pytest.mark.parametrize("names", [("web", "worker", "beat", "broker"), ("postgres",)], ids=" ".join)
def test_what_is_killed_is_started_again_and_works(up, names):
    before = up.children()
    for name in names:
        os.kill(before[name], signal.SIGKILL)
    for name in names:
        eventually(lambda name=name: up.children().get(name) not in (None, before[name]))
    eventually(lambda: up.says_all_are_healthy(), within_seconds=SLOW_SECONDS)
    eventually(lambda: up.status("/readyz") == 200, within_seconds=SLOW_SECONDS)


def test_no_process_that_serves_knows_the_owners_password(up):
    password = json.loads((up.data / "secrets.json").read_text())["owner_password"]
    for name, pid in up.children().items():
        assert password not in Path(f"/proc/{pid}/environ").read_text(), name


def test_killed_itself_it_leaves_nothing_and_finds_its_data_the_next_time(up):
    children = up.children()
    assert set(children) == set(COMMANDS)
    up.stop(signal.SIGKILL)
    eventually(lambda: not any(is_running(pid) for pid in children.values()))
    up.start()
    assert f"http://{HOST}:{up.port}" in up.said()


def test_asked_to_stop_it_ends_everything_and_says_so(up):
    children = up.children()
    up.stop(signal.SIGTERM)
    assert not any(is_running(pid) for pid in children.values())
    assert (up.process.returncode, up.said().splitlines()[-1]) == (0, "stopped")
