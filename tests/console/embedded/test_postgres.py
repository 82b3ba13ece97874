"""The launcher of the embedded PostgreSQL, with a real cluster in a temporary folder."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from console.embedded import postgres as launcher
from console.embedded.binaries import identity_for_postgres
from console.embedded.ports import free_port
from console.embedded.postgres import Postgres, stop_process
from console.embedded.processes import is_running
from console.embedded.spawn import Identity
from tests.paths import ROOT
from tests.support.waiting import eventually

PASSWORD = "a-password"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another identity")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Postgres:
    """Made once; each test starts it as it needs."""
    made = Postgres(tmp_path_factory.mktemp("cluster") / "pg", free_port(), PASSWORD)
    made.prepare()
    return made


@pytest.fixture
def running(cluster: Postgres) -> Iterator[list[subprocess.Popen]]:
    """The processes a test started; stopped at its end."""
    started: list[subprocess.Popen] = [cluster.start()]
    yield started
    for process in started:
        stop_process(process)


def test_a_committed_row_survives_kill_9(cluster, running):
    with psycopg.connect(cluster.url()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS x")
    running[0].kill()
    running[0].wait()
    running.append(cluster.start())
    with psycopg.connect(cluster.url()) as connection:
        assert connection.execute("SELECT x FROM kept").fetchall() == [(1,)]


def test_the_settings_that_keep_promises_are_on(cluster, running):
    with psycopg.connect(cluster.url()) as connection:
        names = ("fsync", "synchronous_commit", "full_page_writes", "data_checksums")
        assert {name: connection.execute(f"SHOW {name}").fetchone()[0] for name in names} == dict.fromkeys(names, "on")


def test_even_the_superuser_needs_the_password(cluster, running):
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(cluster.url(password="guess"))


def test_it_listens_on_loopback_and_on_no_unix_socket(cluster, running):
    with psycopg.connect(cluster.url()) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)
        assert connection.execute("SHOW unix_socket_directories").fetchone() == ("",)


@pytest.mark.parametrize("whose", ["of an ended process", "of another program"])
def test_a_stale_lock_file_is_no_obstacle(cluster, whose):
    ended = subprocess.Popen(["true"])
    ended.wait()
    pid = ended.pid if whose == "of an ended process" else os.getpid()
    (cluster.data / "postmaster.pid").write_text(f"{pid}\n{cluster.data}\n")
    process = cluster.start()
    assert cluster.ready()
    stop_process(process)


def test_a_zombie_that_nobody_reaps_is_no_obstacle(cluster, running):
    running[0].kill()
    eventually(lambda: not is_running(running[0].pid))
    running.append(cluster.start())
    assert running[0].returncode is None
    assert cluster.ready()


def test_a_second_start_on_a_running_cluster_is_refused(cluster, running, monkeypatch):
    monkeypatch.setattr(launcher, "READY_SECONDS", 0.2)
    with pytest.raises(launcher.PostgresUnavailable, match="already runs"):
        cluster.prepare()


def test_it_does_not_outlive_a_killed_starter(cluster):
    code = (
        "import sys, time; from pathlib import Path; from console.embedded.postgres import Postgres\n"
        f"process = Postgres(Path({str(cluster.data)!r}), {cluster.port}, {PASSWORD!r}).start()\n"
        "print(process.pid, flush=True); time.sleep(60)"
    )
    starter = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    pid = int(starter.stdout.readline())
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    eventually(lambda: not is_running(pid))


@as_root
def test_root_runs_it_without_giving_its_files_away(cluster, running):
    assert identity_for_postgres().namespace_uid == 1
    assert (cluster.data / "PG_VERSION").stat().st_uid == 0


@as_root
def test_without_user_namespaces_root_runs_it_as_another_user():
    folder = Path(tempfile.mkdtemp(prefix="signalbox-nobody-"))
    folder.chmod(0o755)
    cluster = Postgres(folder / "pg", free_port(), PASSWORD, durable=False, identity=Identity(user="nobody"))
    process = cluster.start()
    try:
        assert (folder / "pg" / "PG_VERSION").stat().st_uid != 0
    finally:
        stop_process(process)
        shutil.rmtree(folder)
