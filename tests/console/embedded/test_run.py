"""What `up` says before it starts anything."""

from __future__ import annotations

import fcntl
import socket
from collections.abc import Iterator

import pytest

from console.embedded.paths import DataFolder
from console.embedded.run import CannotRun, Options, run_system
from console.embedded.runtime import Runtime, load_runtime, save_runtime
from console.embedded.secrets import load_secrets
from console.embedded.system import BadEnvironment, plan_system


@pytest.fixture
def folder(tmp_path) -> DataFolder:
    made = DataFolder(tmp_path / "data")
    made.create()
    return made


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def say(name: str, line: str) -> None:
    """Nobody listens."""


def options(folder: DataFolder, port: int) -> Options:
    return Options(folder=folder, host="127.0.0.1", port=port, demo=False)


def test_a_taken_port_is_named_with_what_to_do(folder, taken_port):
    with pytest.raises(CannotRun, match=f"port {taken_port} is taken .* --port"):
        run_system(options(folder, taken_port), say=say)


def test_a_second_run_on_the_same_folder_is_told_of_the_first(folder, taken_port):
    save_runtime(folder, Runtime(supervisor_pid=4711, web_port=8000))
    with open(folder.lock, "a") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        with pytest.raises(CannotRun, match=r"already runs on .* \(process 4711, port 8000\)"):
            run_system(options(folder, taken_port), say=say)


def plan(folder: DataFolder, environment: dict[str, str]):
    return plan_system(
        folder,
        load_secrets(folder),
        before=load_runtime(folder),
        web_host="127.0.0.1",
        web_port=8000,
        environment=environment,
    )


def test_real_servers_are_used_when_the_environment_names_them(folder):
    system = plan(
        folder,
        {
            "DATABASE_URL": "postgresql://owner@db/x",
            "APP_DATABASE_URL": "postgresql://app@db/x",
            "BROKER_URL": "amqp://mq",
        },
    )
    assert system.postgres is None
    assert system.broker is None
    assert system.application_children()[0].after == ()


def test_half_of_the_database_urls_is_refused(folder):
    with pytest.raises(BadEnvironment, match="APP_DATABASE_URL"):
        plan(folder, {"DATABASE_URL": "postgresql://owner@db/x"})


def test_what_serves_never_learns_the_owners_url(folder, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://owner:secret@db/x")
    monkeypatch.setenv("SIGNALBOX_ROLE", "owner")
    for child in plan(folder, {}).application_children():
        assert "DATABASE_URL" not in child.env
        assert "SIGNALBOX_ROLE" not in child.env
        assert "signalbox_app" in child.env["APP_DATABASE_URL"]
