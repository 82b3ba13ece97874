"""Commands as a shell on the host runs them: processes of their own, with a data folder and a database."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings

from console.embedded.ports import free_port
from tests.paths import ROOT
from tests.support.cluster import TestCluster

READY_SECONDS = 60.0


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def link(self) -> str:
        """The path of the last address printed."""
        return re.findall(r"https?://[^/\s]+(/\S+)", self.out)[-1]


@dataclass
class Shell:
    """`run("send", …)`. `owner` connects as the schema's owner, as manage.py does for commands that need it."""

    env: dict[str, str]
    data: Path

    def run(self, *arguments: object, stdin: bytes = b"") -> Ended:
        ended = subprocess.run(self.command(*arguments), input=stdin, capture_output=True, env=self.env, timeout=120)
        return Ended(ended.returncode, ended.stdout.decode(), ended.stderr.decode())

    def command(self, *arguments: object) -> list[str]:
        return [sys.executable, "-W", "ignore", str(ROOT / "manage.py"), *map(str, arguments)]

    def remember(self, **runtime: object) -> None:
        """data/runtime.json, as `up` writes it."""
        file = self.data / "runtime.json"
        known = json.loads(file.read_text()) if file.exists() else {}
        file.write_text(json.dumps(known | runtime))


@dataclass
class Web:
    """The console as a process: pages and intake."""

    port: int

    def get(self, path: str, *, host: str = "northgate.localhost") -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", path, headers={"Host": host})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


@pytest.fixture
def shell(committed: TestCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """On the committed database, as every process of a run would be started."""
    monkeypatch.setenv("SIGNALBOX_DATA", str(tmp_path))
    name = settings.DATABASES["default"]["NAME"]
    kept = {key: value for key, value in os.environ.items() if key not in ("SIGNALBOX_ROLE", "BROKER_URL")}
    env = kept | {
        "DATABASE_URL": committed.owner_url(name),
        "APP_DATABASE_URL": committed.app_url(name),
        "DJANGO_SETTINGS_MODULE": "console.settings.test",
        "SIGNALBOX_KEYS_DIR": str(settings.KEYS_DIR),
        "SIGNALBOX_DATA": str(tmp_path),
    }
    return Shell(env, tmp_path)


@pytest.fixture
def web(shell: Shell) -> Iterator[Web]:
    port = free_port()
    shell.remember(web_port=port)
    options = ["--port", str(port), "--no-access-log", "--no-proxy-headers", "--log-level", "warning"]
    command = [sys.executable, "-W", "ignore", "-m", "uvicorn", "console.asgi:application", *options]
    with open(shell.data / "web.log", "wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=shell.env, stdout=log, stderr=log)
    found = Web(port)
    try:
        _wait_until_ready(found, process)
        yield found
    finally:
        process.terminate()
        process.wait(20)


def _wait_until_ready(web: Web, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if web.get("/readyz")[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"the console was not ready (exit code {process.poll()})")
