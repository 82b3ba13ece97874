"""Copy the database: the embedded cluster with its log from then on, an external one as a dump."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
from django.core.management.base import BaseCommand, CommandError, CommandParser

from console.backup.programs import ProgramFailed
from console.backup.store import BackupFolder
from console.backup.take import (
    ARCHIVE_TIMEOUT_SECONDS,
    Backup,
    CannotArchive,
    back_up_cluster,
    configured_folder,
    dump_database,
)
from console.embedded.addresses import embedded_addresses
from console.embedded.paths import DataFolder, data_folder
from console.embedded.secrets import load_secrets

MB = 2**20
NOT_IN_IT = (
    "Not in it: the keys of stored credentials (data/keys) and data/secrets.json. Keep those elsewhere: without the "
    "keys no restored credential opens."
)


class Command(BaseCommand):
    help = "Back up the database; the first backup of the embedded cluster also begins to keep its log."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", help="folder, on another disk (default: that of the last backup)")
        parser.add_argument("--keep", type=int, default=7, help="how many copies to keep (default: 7)")
        parser.add_argument("--list", action="store_true", help="only say what is there")

    def handle(self, *args: object, **options: object) -> None:
        if options["keep"] < 1:
            raise CommandError("--keep must be at least 1")
        data = data_folder()
        folder = _folder(data, options["to"])
        if options["list"]:
            return self._list(folder)
        try:
            self._take(data, folder, options["keep"])
        except (CannotArchive, ProgramFailed) as error:
            raise CommandError(str(error)) from error
        except psycopg.OperationalError as error:
            raise CommandError(f"the database does not answer: {error}") from error

    def _take(self, data: DataFolder, folder: BackupFolder, keep: int) -> None:
        owner_url = os.environ.get("DATABASE_URL", "")
        if owner_url:
            self._told(dump_database(owner_url, folder, keep=keep))
            self.stdout.write(
                "A dump of this one moment: a restore goes to a dump, not to a point between two. For that, your "
                "server's administrator keeps its log (archive_command, pg_basebackup): our role may not."
            )
        else:
            urls = embedded_addresses(data, load_secrets(data))
            self._told(back_up_cluster(data, urls.superuser, folder, keep=keep))
            self.stdout.write(
                f"From now on the log is kept in {folder.wal}: a restore goes to any moment after this one. "
                f"Should this disk be lost, at most the last {ARCHIVE_TIMEOUT_SECONDS} s are lost with it."
            )
        self.stdout.write(NOT_IN_IT)

    def _told(self, backup: Backup) -> None:
        taken = backup.taken
        self.stdout.write(f"{taken.path}: {taken.bytes / MB:,.1f} MB in {backup.seconds:.1f} s")
        if backup.removed:
            self.stdout.write(f"removed: {', '.join(backup.removed)}")

    def _list(self, folder: BackupFolder) -> None:
        for one in folder.taken():
            self.stdout.write(f"{one.kind}  {one.ended:%Y-%m-%d %H:%M:%S} UTC  {one.bytes / MB:,.1f} MB  {one.path}")
        kept = list(folder.wal.glob("*.gz"))
        size = sum(piece.stat().st_size for piece in kept)
        self.stdout.write(f"log: {len(kept)} pieces, {size / MB:,.1f} MB")


def _folder(data: DataFolder, given: object) -> BackupFolder:
    if given:
        return BackupFolder(Path(str(given)).expanduser().resolve())
    known = configured_folder(data)
    if known is None:
        raise CommandError("say where to with --to: a folder on another disk than the database's")
    return known
