"""One PostgreSQL per test run, shared by all of its workers.

The process that starts the run owns the cluster: it starts it in the background, its xdist workers inherit the
address by the environment, and the kernel stops PostgreSQL when that process dies, also by kill -9. Folders left
by such a run are swept by the next one. Safe settings are off (a test run need not survive a power cut).

    def pytest_configure(config):
        cluster = run_cluster()          # the same in every process of the run; does not wait
    @pytest.fixture(scope="session")
    def cluster():
        return run_cluster().wait()      # answering, with the four roles
    def pytest_unconfigure(config):
        stop_run_cluster()               # does nothing in a worker
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg

from console.embedded.ports import free_port
from console.embedded.postgres import POLL_SECONDS, STOP_SIGNAL, Postgres, stop_process
from console.embedded.processes import is_running
from console.embedded.spawn import spawn
from tenants import roles

VARIABLE = "SIGNALBOX_TEST_CLUSTER"
PREFIX = "signalbox-tests-"
PASSWORD = "only-for-tests"  # A cluster on loopback that lives as long as its test run.


@dataclass(frozen=True)
class TestCluster:
    """Where the run's PostgreSQL is. Every role has the same password."""

    __test__ = False

    folder: str
    port: int

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        return f"postgresql://{user}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def owner_url(self, database: str) -> str:
        return self.url(database, roles.OWNER)

    def app_url(self, database: str) -> str:
        return self.url(database, roles.APP)

    def wait(self) -> TestCluster:
        """Until it answers and has the roles. Two workers may wait at once."""
        postgres = _postgres(Path(self.folder), self.port)
        deadline = time.monotonic() + 60
        while not postgres.ready():
            if time.monotonic() > deadline:
                raise TimeoutError(f"no PostgreSQL on port {self.port}: see {self.folder}/log")
            time.sleep(POLL_SECONDS)
        with psycopg.connect(self.url(), autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(1)")
            for role in (roles.OWNER, roles.APP, roles.SEALER, roles.READONLY):
                roles.ensure_login(cursor, role, PASSWORD, may_create_databases=role == roles.OWNER)
        return self


_owned: tuple[TestCluster, subprocess.Popen[bytes]] | None = None


def run_cluster() -> TestCluster:
    """The cluster of this run; the first call, in the run's first process, starts it."""
    known = os.environ.get(VARIABLE)
    if known:
        return TestCluster(**json.loads(known))
    global _owned
    _sweep()
    cluster, process = _start()
    _owned = (cluster, process)
    os.environ[VARIABLE] = json.dumps(asdict(cluster))
    return cluster


def stop_run_cluster() -> None:
    """End the cluster if this process started it."""
    global _owned
    if _owned is None:
        return
    cluster, process = _owned
    _owned = None
    os.environ.pop(VARIABLE, None)
    stop_process(process)
    shutil.rmtree(cluster.folder, ignore_errors=True)


@contextmanager
def own_cluster() -> Iterator[TestCluster]:
    """A cluster for one test that breaks it."""
    cluster, process = _start()
    try:
        yield cluster.wait()
    finally:
        stop_process(process)
        shutil.rmtree(cluster.folder, ignore_errors=True)


def _start() -> tuple[TestCluster, subprocess.Popen[bytes]]:
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    port = free_port()
    postgres = _postgres(folder, port)
    postgres.prepare()
    with open(folder / "log", "wb") as log:
        process = spawn(postgres.command(), output=log, death_signal=STOP_SIGNAL.name, identity=postgres.identity)
    return TestCluster(str(folder), port), process


def _postgres(folder: Path, port: int) -> Postgres:
    return Postgres(folder / "pg", port, PASSWORD, durable=False)


def _sweep() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        pid = folder.name.removeprefix(PREFIX).partition("-")[0]
        if pid.isdigit() and not is_running(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)
