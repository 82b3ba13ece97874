"""The sandbox's ERP as a process: ready, stopped cleanly, and never left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.sandbox.tryton import names
from connectors.sandbox.tryton.rpc import NoAnswer, Session, server_version
from console.embedded.processes import is_running
from tests.paths import ROOT
from tests.support.cluster import own_cluster
from tests.support.waiting import eventually

pytestmark = pytest.mark.tryton


@pytest.fixture(scope="module")
def dsn() -> Iterator[str]:
    """A cluster of its own: the process gives Tryton's role a password, which other tests' servers use."""
    with own_cluster() as cluster:
        yield cluster.url()


class Process:
    """`python -m connectors.sandbox.tryton`, until it says that it is ready."""

    def __init__(self, dsn: str, data: Path) -> None:
        self.data = data
        command = [sys.executable, "-m", "connectors.sandbox.tryton", "--port", "0", "--data", str(data)]
        self.child = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | {"TRYTON_DATABASE_URL": dsn},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.child.stdout
        self.lines = []
        for line in self.child.stdout:
            self.lines.append(line.strip())
            if "ready at" in line:
                return
        raise AssertionError(f"it ended: {self.lines}")

    @property
    def settings(self) -> dict[str, Any]:
        return json.loads((self.data / "tryton.json").read_text())

    @property
    def server(self) -> int:
        """The process id of its trytond."""
        return int(Path(f"/proc/{self.child.pid}/task/{self.child.pid}/children").read_text().split()[0])

    def end(self, number: signal.Signals) -> int:
        self.child.send_signal(number)
        return self.child.wait(20)


@pytest.fixture
def process(dsn: str, tmp_path: Path) -> Iterator[Process]:
    running = Process(dsn, tmp_path)
    yield running
    running.child.kill()
    running.child.wait()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_it_says_where_it_is_and_how_to_sign_in_and_stops_when_told(process: Process) -> None:
    known = process.settings
    assert (known["ready"], known["database"]) == (True, "tryton")
    assert (process.data / "tryton.json").stat().st_mode & 0o777 == 0o600
    assert server_version(known["url"]) == "8.2"
    assert Session(known["url"], known["database"], names.USER, known["password"]).company
    server = process.server
    assert process.end(signal.SIGTERM) == 0
    assert not is_running(server)
    assert process.settings["ready"] is False


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel tells children of a parent's death there")
def test_killed_it_leaves_no_server_behind_and_starts_again_with_what_it_had(process: Process, dsn: str) -> None:
    before, server = process.settings, process.server
    process.end(signal.SIGKILL)
    eventually(lambda: not is_running(server))
    with pytest.raises(NoAnswer):
        server_version(before["url"])
    again = Process(dsn, process.data)
    try:
        secrets = ("password", "admin_password", "application_key", "database_password")
        assert {name: again.settings[name] for name in secrets} == {name: before[name] for name in secrets}
    finally:
        again.end(signal.SIGTERM)
