"""What a bench run starts, and what it costs: CPU by process tree, as the kernel accounts it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from console.embedded.ports import free_port
from console.embedded.postgres import STOP_SIGNAL, Postgres, stop_process
from console.embedded.spawn import spawn
from tests.bench.addresses import HOST, path_of
from tests.paths import ROOT

TICK = os.sysconf("SC_CLK_TCK")
PASSWORD = "only-for-the-bench"
UP_SECONDS = 60.0


@dataclass
class Stage:
    """PostgreSQL, the sink and the product, ready; everything is a child of ours and ends with us."""

    folder: Path
    postgres: Postgres
    env: dict[str, str]
    web_port: int
    sink_port: int
    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def sink(self) -> str:
        return f"http://127.0.0.1:{self.sink_port}"

    def url(self, shop: str) -> str:
        return f"http://{HOST}:{self.web_port}{path_of(shop)}"

    def start(self, name: str, *command: str) -> None:
        with open(self.folder / f"{name}.log", "ab") as log:
            self.children[name] = spawn(command, output=log, death_signal="SIGKILL", env=self.env, cwd=ROOT)

    def serve(self, name: str, what: str, *options: str) -> None:
        self.start(name, sys.executable, "-m", "tests.bench.serve", what, *options)

    def stop(self, name: str) -> None:
        stop_process(self.children.pop(name))

    def kill(self, name: str) -> None:
        process = self.children.pop(name)
        process.kill()
        process.wait()

    def cpu(self) -> dict[str, float]:
        """CPU seconds so far of PostgreSQL and of each part of the product."""
        return {name: cpu_seconds(pid) for name, pid in self._parts()}

    def memory(self) -> dict[str, float]:
        """MB that each of these holds, what is shared divided by those who share it."""
        return {name: megabytes(pid) for name, pid in self._parts()}

    def _parts(self) -> list[tuple[str, int]]:
        return [(name, process.pid) for name, process in self.children.items() if name != "sink"]


@contextmanager
def stage(*, neighbours: bool = False) -> Iterator[Stage]:
    with tempfile.TemporaryDirectory(prefix="signalbox-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL may run as another user
        postgres = Postgres(folder / "pg", free_port(), PASSWORD, durable=True)
        made = Stage(folder, postgres, {}, free_port(), free_port())
        stack.callback(_stop_all, made)
        _start_postgres(made)
        made.env = dict(os.environ) | {
            "BENCH_DIR": str(folder),
            "DATABASE_URL": postgres.url("signalbox"),
            "SINK_URL": f"{made.sink}/in",
            "BROKER_PORT": str(free_port()),
        }
        made.start("sink", sys.executable, "-m", "tests.bench.sink", "--port", str(made.sink_port))
        for what in ("prepare", "neighbours")[: 1 + neighbours]:
            subprocess.run([sys.executable, "-m", "tests.bench.serve", what], cwd=ROOT, env=made.env, check=True)
        made.serve("broker", "broker")
        made.serve("web", "web", "--port", str(made.web_port))
        made.serve("worker", "worker")
        answers(f"http://127.0.0.1:{made.web_port}/livez")
        answers(f"{made.sink}/count")
        yield made


def answers(url: str) -> None:
    """Until something does. Raises TimeoutError."""
    deadline = time.monotonic() + UP_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(f"nothing answers at {url}")


def cpu_seconds(root: int) -> float:
    """Of a process and all below it, with what their dead children used."""
    used, children = _processes()
    return sum(used.get(pid, 0.0) for pid in _family(root, children))


def megabytes(root: int) -> float:
    """Proportional set size of a process and all below it."""
    return sum(_proportional_kb(pid) for pid in _family(root, _processes()[1])) / 1024


def _family(root: int, children: dict[int, list[int]]) -> Iterator[int]:
    todo = [root]
    while todo:
        pid = todo.pop()
        yield pid
        todo += children.get(pid, [])


def _proportional_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0  # it ended meanwhile
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def busy_seconds() -> float:
    """What the whole machine used, without what it idled or waited."""
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, idle, wait, *rest = map(int, file.readline().split()[1:9])
    return (user + nice + system + sum(rest)) / TICK


def _processes() -> tuple[dict[int, float], dict[int, list[int]]]:
    used: dict[int, float] = {}
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            fields = Path(f"/proc/{entry}/stat").read_text(encoding="latin-1").rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        used[int(entry)] = sum(map(int, fields[11:15])) / TICK
        children.setdefault(int(fields[1]), []).append(int(entry))
    return used, children


def _start_postgres(made: Stage) -> None:
    postgres = made.postgres
    postgres.prepare()
    with open(made.folder / "postgres.log", "wb") as log:
        made.children["postgres"] = spawn(
            postgres.command(), output=log, death_signal=STOP_SIGNAL.name, identity=postgres.identity
        )
    deadline = time.monotonic() + UP_SECONDS
    while not postgres.ready():
        if time.monotonic() > deadline:
            raise TimeoutError("PostgreSQL does not answer")
        time.sleep(0.1)
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE signalbox")


def _stop_all(made: Stage) -> None:
    for name in [*(name for name in made.children if name != "postgres"), "postgres"]:
        if name in made.children:
            made.stop(name)


def build_of(postgres: Postgres) -> str:
    """The server's version and what it can do, for the table's foot."""
    with psycopg.connect(postgres.url("signalbox")) as connection:
        version = connection.execute("SELECT version()").fetchone()[0]
        lz4 = connection.execute(
            "SELECT 'lz4' = ANY(enumvals) FROM pg_settings WHERE name = 'default_toast_compression'"
        ).fetchone()[0]
        settings = dict(
            connection.execute(
                "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'shared_buffers')"
            ).fetchall()
        )
    return f"{version}; lz4 {'yes' if lz4 else 'no'}; " + ", ".join(f"{k} {v}" for k, v in sorted(settings.items()))
