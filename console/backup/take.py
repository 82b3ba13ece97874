"""Taking a backup: of the embedded cluster as a whole, with its log from then on; of an external database as a dump."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg

from console.backup.programs import postgres_program
from console.backup.store import BASE, DUMP, BackupFolder, Taken
from console.embedded.files import read_json, write_json
from console.embedded.paths import DataFolder

# A piece of the log that is not full is kept after this time as well: what a lost disk can cost.
ARCHIVE_TIMEOUT_SECONDS = 120
ARCHIVED_SECONDS = 30.0


class CannotArchive(RuntimeError):
    """The log cannot be kept. The message says why and what to do."""


@dataclass(frozen=True)
class Backup:
    taken: Taken
    seconds: float
    removed: list[str]


def configured_folder(data: DataFolder) -> BackupFolder | None:
    """Where earlier backups of this data folder went."""
    known = read_json(_configuration(data)).get("folder")
    return BackupFolder(Path(known)) if known else None


def back_up_cluster(data: DataFolder, superuser_url: str, folder: BackupFolder, *, keep: int) -> Backup:
    """Raises CannotArchive, ProgramFailed, psycopg.Error."""
    began = time.monotonic()
    folder.create()
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        _begin_archiving(connection, data, folder)
        begun = _now(connection)
        partial = folder.new(BASE, begun)
        postgres_program("pg_basebackup", _base_arguments(partial), url=superuser_url)
        ended = _now(connection)
        taken = folder.finish(partial, BASE, begun=begun, ended=ended)
        push_log(connection, folder)
    return Backup(taken, time.monotonic() - began, folder.prune(keep))


def dump_database(owner_url: str, folder: BackupFolder, *, keep: int) -> Backup:
    """Raises ProgramFailed, psycopg.Error."""
    began = time.monotonic()
    folder.create()
    with psycopg.connect(owner_url, autocommit=True) as connection:
        begun = _now(connection)
        partial = folder.new(DUMP, begun)
        arguments = ["--format=directory", "--jobs=2", "--compress=gzip:1", "--enable-row-security"]
        postgres_program("pg_dump", [*arguments, f"--file={partial}"], url=owner_url)
        # What a dump holds is what was committed when it began.
        names = connection.execute("SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_'").fetchall()
        taken = folder.finish(partial, DUMP, begun=begun, ended=begun, roles=tuple(name for (name,) in names))
    return Backup(taken, time.monotonic() - began, folder.prune(keep))


def push_log(connection: psycopg.Connection, folder: BackupFolder) -> None:
    """Close the current piece of the log and wait until it is in the archive. Raises CannotArchive.

    The commit in front of it gives a restore to this moment something to stop at.
    """
    connection.execute("SELECT pg_current_xact_id()")
    piece = connection.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()[0]
    deadline = time.monotonic() + ARCHIVED_SECONDS
    while not (folder.wal / f"{piece}.gz").exists():
        if time.monotonic() > deadline:
            raise CannotArchive(f"{piece} is not in {folder.wal} after {ARCHIVED_SECONDS:.0f} s: see the server's log")
        time.sleep(0.1)


def _begin_archiving(connection: psycopg.Connection, data: DataFolder, folder: BackupFolder) -> None:
    if connection.execute("SHOW archive_mode").fetchone()[0] != "on":
        raise CannotArchive(
            "this PostgreSQL does not keep its log: it was started before backups were known, or runs as another user "
            "of this host. Stop `manage.py up`, start it again and repeat"
        )
    write_json(_configuration(data), {"folder": str(folder.root), "archive": str(folder.wal)})
    connection.execute(f"ALTER SYSTEM SET archive_timeout = '{ARCHIVE_TIMEOUT_SECONDS}s'")
    connection.execute("SELECT pg_reload_conf()")


def _base_arguments(target: Path) -> list[str]:
    return [
        f"--pgdata={target}",
        "--format=tar",
        "--compress=client-gzip:1",
        "--wal-method=stream",
        "--checkpoint=fast",
    ]


def _now(connection: psycopg.Connection) -> datetime:
    return connection.execute("SELECT clock_timestamp()").fetchone()[0]


def _configuration(data: DataFolder) -> Path:
    return data.root / "backup.json"
