"""The embedded PostgreSQL: one cluster in the data folder, started as a direct child.

A direct child and not through pg_ctl, because a killed postmaster whose parent is gone stays a zombie where
process 1 does not reap, and the next start then trips over its own lock file.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from console.embedded import walfile
from console.embedded.binaries import (
    PostgresUnavailable,
    find_binaries,
    identity_for_postgres,
    offers_lz4,
    readable_binaries,
)
from console.embedded.processes import command_line, is_running
from console.embedded.spawn import Identity, run, spawn

SUPERUSER = "postgres"
# SIGINT is a fast shutdown: sessions are ended, the cluster is closed cleanly.
STOP_SIGNAL = signal.SIGINT
READY_SECONDS = 60.0
POLL_SECONDS = 0.02


@dataclass
class Postgres:
    """A cluster in `data`, listening on 127.0.0.1:`port`. Everyone, also the superuser, needs a password.

    `durable=False` is for tests only: it gives up safety against a power cut, not against a killed process.
    """

    data: Path
    port: int
    superuser_password: str = field(repr=False)
    durable: bool = True
    max_connections: int = 200
    identity: Identity = field(default_factory=identity_for_postgres)

    def __post_init__(self) -> None:
        self.binaries = readable_binaries(find_binaries(), self.data.parent, self.identity)
        self._lz4 = offers_lz4(self.binaries)

    def prepare(self) -> None:
        """Make the cluster if there is none, and clear what a killed run left. Call it before every start.

        Raises:
            PostgresUnavailable: initdb failed, or another process runs this cluster.
        """
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self._clear_stale_lock()

    def command(self) -> list[str]:
        options = [argument for name, value in self.settings().items() for argument in ("-c", f"{name}={value}")]
        return [str(self.binaries / "postgres"), "-D", str(self.data), *options]

    def settings(self) -> dict[str, str | int]:
        memory_mb = total_memory_mb()
        return {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "max_connections": self.max_connections,
            "fsync": "on" if self.durable else "off",
            "synchronous_commit": "on" if self.durable else "off",
            "full_page_writes": "on" if self.durable else "off",
            "shared_buffers": f"{min(512, max(64, memory_mb // 8))}MB",
            "effective_cache_size": f"{max(256, memory_mb // 2)}MB",
            "max_wal_size": "2GB",
            "random_page_cost": "1.1",
            # Partitions times schemas: a migration or a drop may lock hundreds of relations at once.
            "max_locks_per_transaction": 256,
            "autovacuum_naptime": "15s",
            # Where the server was built without lz4, none: pglz would cost more CPU than it saves writing.
            "wal_compression": "lz4" if self._lz4 else "off",
            "default_toast_compression": "lz4" if self._lz4 else "pglz",
            "jit": "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_line_prefix": "%m [%p] %q%u@%d ",
            **self._archive(),
        }

    def _archive(self) -> dict[str, str]:
        """Ready to keep the log; that begins with the first backup, without a restart (`console.backup`).

        Not where PostgreSQL runs as another user of the host, who may not reach this Python.
        """
        if not self.keeps_log:
            return {"archive_mode": "off"}
        return {"archive_mode": "on", "archive_command": walfile_command("keep", self.backup_file)}

    @property
    def keeps_log(self) -> bool:
        return self.durable and self.identity.user is None

    @property
    def backup_file(self) -> Path:
        return self.data.parent / "backup.json"

    def start(self, output: IO[bytes] | int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        """Prepare, start and wait until it answers. For the supervisor's own life cycle use its parts instead.

        Raises:
            PostgresUnavailable: it ended, or was not ready in time.
        """
        self.prepare()
        process = spawn(self.command(), output=output, death_signal=STOP_SIGNAL.name, identity=self.identity)
        deadline = time.monotonic() + READY_SECONDS
        while not self.ready():
            if process.poll() is not None:
                raise PostgresUnavailable(f"PostgreSQL ended at once with exit code {process.returncode}")
            if time.monotonic() > deadline:
                stop_process(process)
                raise PostgresUnavailable(f"PostgreSQL was not ready within {READY_SECONDS:.0f} s")
            time.sleep(POLL_SECONDS)
        return process

    def ready(self) -> bool:
        """Whether the postmaster says it accepts connections: the eighth line of its lock file."""
        lines = self._lock_lines()
        return len(lines) > 7 and lines[7].strip() == "ready" and _is_pid(lines[0]) and is_running(int(lines[0]))

    def url(self, database: str = "postgres", user: str = SUPERUSER, password: str | None = None) -> str:
        return f"postgresql://{user}:{password or self.superuser_password}@127.0.0.1:{self.port}/{database}"

    def _initialise(self) -> None:
        # Into a folder beside it and then renamed, so that a run killed here leaves nothing half-made.
        partial = self.data.with_name(f"{self.data.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True, mode=0o700)
        with tempfile.NamedTemporaryFile("w", dir=partial.parent, prefix=".pw-") as password_file:
            password_file.write(self.superuser_password)
            password_file.flush()
            self._give_away(partial, Path(password_file.name))
            done = run(self._initdb(partial, password_file.name), identity=self.identity)
        if done.returncode != 0:
            raise PostgresUnavailable(f"initdb failed: {(done.stderr or done.stdout).strip()[-600:]}")
        partial.rename(self.data)

    def _initdb(self, folder: Path, password_file: str) -> list[str]:
        # The builtin provider sorts alike on every system, so an index survives a move to another one.
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        access = ["-U", SUPERUSER, "-A", "scram-sha-256", f"--pwfile={password_file}"]
        sync = [] if self.durable else ["--no-sync"]
        program = str(self.binaries / "initdb")
        return [program, "-D", str(folder), "-E", "UTF8", "--data-checksums", *locale, *access, *sync]

    def _give_away(self, *paths: Path) -> None:
        if self.identity.user:
            for path in paths:
                shutil.chown(path, user=self.identity.user)

    def _lock_lines(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _clear_stale_lock(self) -> None:
        """Remove the lock file of a postmaster that is gone; wait a little for one that is still closing."""
        deadline = time.monotonic() + READY_SECONDS / 2
        while lines := self._lock_lines():
            if not (_is_pid(lines[0]) and self._is_our_postmaster(int(lines[0]))):
                (self.data / "postmaster.pid").unlink(missing_ok=True)
                return
            if time.monotonic() > deadline:
                raise PostgresUnavailable(f"process {lines[0]} already runs the PostgreSQL in {self.data}")
            time.sleep(POLL_SECONDS)

    def _is_our_postmaster(self, pid: int) -> bool:
        # A dead postmaster's number may belong to another program by now.
        return is_running(pid) and str(self.data) in command_line(pid)


def walfile_command(what: str, first: Path) -> str:
    """For archive_command or restore_command."""
    words = [sys.executable, "-I", "-S", walfile.__file__, what, str(first)]
    return " ".join(f'"{word}"' for word in words).replace("%", "%%") + ' "%p" "%f"'


def stop_process(process: subprocess.Popen[bytes], grace_seconds: float = 20.0) -> None:
    """Fast shutdown; killed when it does not end in time (the next start then recovers)."""
    if process.poll() is not None:
        return
    process.send_signal(STOP_SIGNAL)
    try:
        process.wait(grace_seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def total_memory_mb() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20


def _is_pid(text: str) -> bool:
    return text.strip().isdigit()
