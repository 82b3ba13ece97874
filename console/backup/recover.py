"""A second cluster beside everything that runs: from a backup, as it was at a moment. Reached by a socket of its own.

Nobody but this user can enter the socket's folder, so no password is needed: those of the copy may be lost.
"""

from __future__ import annotations

import shutil
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from console.backup.programs import postgres_program
from console.backup.store import BASE, BackupFolder, Taken
from console.embedded.postgres import STOP_SIGNAL, SUPERUSER, Postgres, stop_process, walfile_command
from console.embedded.spawn import spawn
from tenants import roles

SOCKET_PORT = 5432  # Only names the socket's file: nothing listens on the network.
RECOVERY_HOURS = 12
POLL_SECONDS = 0.1
_LOG_ENDED = "recovery ended before configured recovery target was reached"


class CannotRecover(RuntimeError):
    """The copy could not be brought up. The message is the end of its log."""


@dataclass(frozen=True)
class Recovered:
    """`last_commit`: of everything that came back, the newest. None for a dump, which is as of `taken.ended`.

    `whole`: the log reached the moment that was asked for; else it ended before.
    """

    taken: Taken
    socket: Path
    last_commit: datetime | None
    whole: bool
    seconds: float

    def url(self, database: str = roles.DATABASE, user: str = SUPERUSER) -> str:
        return f"postgresql:///{database}?host={self.socket}&port={SOCKET_PORT}&user={user}"


@contextmanager
def recovered_cluster(
    folder: BackupFolder, target: Path, *, at: datetime | None, durable: bool = False
) -> Iterator[Recovered]:
    """The cluster in `target`/pg, running inside the block. `at` None: as late as the backup allows.

    `durable`: it is to be kept and must survive a power cut; one that is only read from is faster without.

    Raises CannotRecover, NoBackup, ProgramFailed.
    """
    began = time.monotonic()
    taken = folder.before(at)
    socket = Path(tempfile.mkdtemp(prefix="sb-"))  # Short: a socket's path may have 107 characters.
    cluster = _Cluster(Postgres(target / "pg", SOCKET_PORT, "", durable=durable), socket, target)
    try:
        if taken.kind == BASE:
            last, whole = cluster.roll_forward(taken, folder, at)
        else:
            last, whole = cluster.load_dump(taken), at is None
        yield Recovered(taken, socket, last, whole, time.monotonic() - began)
    finally:
        cluster.stop()
        shutil.rmtree(socket, ignore_errors=True)


class _Cluster:
    def __init__(self, postgres: Postgres, socket: Path, target: Path) -> None:
        self._postgres, self._socket, self._target = postgres, socket, target
        self._process = None
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._log = target / "recovery.log"
        self._access = target / "recovery_hba.conf"
        self._access.write_text("local all all trust\n")
        self._give_away(socket, self._access)

    # -- from a base and the log -------------------------------------------------------------------------------------

    def roll_forward(self, taken: Taken, folder: BackupFolder, at: datetime | None) -> tuple[datetime | None, bool]:
        self._unpack(taken)
        (self._postgres.data / "recovery.signal").touch()
        self._give_away(self._postgres.data / "recovery.signal")
        fetch = {"restore_command": walfile_command("fetch", folder.wal), "recovery_target_action": "promote"}
        target = {"recovery_target_time": at.astimezone(UTC).isoformat()} if at else {}
        self._start(fetch | target)
        if self._wait_until_open():
            return self._last_commit(), True
        if not at or _LOG_ENDED not in self._said():
            raise self._did_not_come_up()
        self._start(fetch)
        if not self._wait_until_open():
            raise self._did_not_come_up()
        return self._last_commit(), False

    def _unpack(self, taken: Taken) -> None:
        data = self._postgres.data
        for name, where in (("base.tar.gz", data), ("pg_wal.tar.gz", data / "pg_wal")):
            where.mkdir(mode=0o700, exist_ok=True)
            with tarfile.open(taken.path / name) as packed:
                # Without the owners: those were the server's, seen from within its user namespace.
                packed.extractall(where, filter="data")
        data.chmod(0o700)
        # Settings of the live one that must not be followed here: it would write into the live one's archive.
        (data / "postgresql.auto.conf").write_text("")
        self._give_away(data, *data.rglob("*"))

    def _last_commit(self) -> datetime | None:
        with psycopg.connect(self.url("postgres")) as connection:
            return connection.execute("SELECT pg_last_xact_replay_timestamp()").fetchone()[0]

    # -- from a dump -------------------------------------------------------------------------------------------------

    def load_dump(self, taken: Taken) -> datetime | None:
        self._postgres.superuser_password = "unused: only the socket lets anybody in"  # noqa: S105
        self._postgres.prepare()
        self._start({})
        if not self._wait_until_open():
            raise self._did_not_come_up()
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            for role in {roles.OWNER, *taken.roles}:
                roles.ensure_login(connection.cursor(), role, None)
            roles.ensure_database(connection.cursor(), roles.DATABASE)
        load = ["--format=directory", "--jobs=2", f"--dbname={roles.DATABASE}"]
        postgres_program("pg_restore", [*load, str(taken.path)], url=self.url(roles.DATABASE))
        return None

    # -- its process -------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        if self._process is not None:
            stop_process(self._process)
            self._process = None

    def _start(self, more: dict[str, str]) -> None:
        self.stop()
        ours = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._socket),
            "unix_socket_permissions": "0700",
            "hba_file": str(self._access),
            "archive_mode": "off",
        }
        options = [word for name, value in (ours | more).items() for word in ("-c", f"{name}={value}")]
        with open(self._log, "wb") as output:
            command = [*self._postgres.command(), *options]
            self._process = spawn(
                command, output=output, death_signal=STOP_SIGNAL.name, identity=self._postgres.identity
            )

    def _wait_until_open(self) -> bool:
        """True once it takes writes, false when it ended by itself."""
        deadline = time.monotonic() + RECOVERY_HOURS * 3600
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                return False
            if self._takes_writes():
                return True
            time.sleep(POLL_SECONDS)
        return False

    def _did_not_come_up(self) -> CannotRecover:
        return CannotRecover(f"the copy did not come up; the end of its log:\n{self._said()[-1200:].strip()}")

    def _said(self) -> str:
        return self._log.read_text(errors="replace")

    def _takes_writes(self) -> bool:
        try:
            with psycopg.connect(self.url("postgres"), connect_timeout=5) as connection:
                return not connection.execute("SELECT pg_is_in_recovery()").fetchone()[0]
        except psycopg.OperationalError:
            return False

    def url(self, database: str) -> str:
        return f"postgresql:///{database}?host={self._socket}&port={SOCKET_PORT}&user={SUPERUSER}"

    def _give_away(self, *paths: Path) -> None:
        user = self._postgres.identity.user
        for path in paths if user else ():
            shutil.chown(path, user=user)


def is_empty(folder: Path) -> bool:
    """Where a copy may be put: nothing is there, or nothing in it."""
    return not folder.exists() or not any(folder.iterdir())
