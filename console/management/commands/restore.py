"""Go back to a moment: the whole cluster into a new data folder, or one partner within the live database."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from psycopg import sql

from console.backup.partner import Restored, put_into_place, restore_beside
from console.backup.programs import ProgramFailed
from console.backup.recover import CannotRecover, is_empty, recovered_cluster
from console.backup.schema import NameTaken, UnknownPartner
from console.backup.store import BASE, BackupFolder, NoBackup
from console.backup.take import CannotArchive, configured_folder, push_log
from console.backup.verify import secrets_check
from console.embedded.addresses import embedded_addresses
from console.embedded.paths import DataFolder, data_folder
from console.embedded.postgres import SUPERUSER, PostgresUnavailable
from console.embedded.secrets import load_secrets
from tenants.context import ALL, partner_scope

MB = 2**20
FAILURES = (CannotRecover, NoBackup, ProgramFailed, UnknownPartner, NameTaken, CannotArchive, PostgresUnavailable)


class Command(BaseCommand):
    help = "Restore to a point in time: everything (--to), or one partner (--partner). Connects as the owner role."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="source", help="backup folder (default: that of the last backup)")
        parser.add_argument(
            "--at", help="moment, as in 2026-11-23T14:15:00+00:00; UTC without an offset (default: latest)"
        )
        parser.add_argument("--to", help="a new data folder for the whole cluster")
        parser.add_argument("--partner", help="only this one, beside its live schema in the live database")
        parser.add_argument("--replace", action="store_true", help="with --partner: put it in the live one's place")
        parser.add_argument("--confirm", default="", help="the partner's key again, instead of being asked for it")
        parser.add_argument("--reason", default="", help="with --replace: kept in the audit trail")

    def handle(self, *args: object, **options: object) -> None:
        data = data_folder()
        folder, at = _folder(data, options["source"]), _moment(options["at"])
        if bool(options["partner"]) == bool(options["to"]):
            raise CommandError("say either --to FOLDER for everything, or --partner KEY for one partner")
        try:
            if options["to"]:
                self._everything(folder, DataFolder(Path(str(options["to"])).expanduser().resolve()), at)
            else:
                self._partner(data, folder, at, options)
        except FAILURES as error:
            raise CommandError(str(error)) from error
        except psycopg.Error as error:
            raise CommandError(f"the database refused: {error}") from error

    # -- everything --------------------------------------------------------------------------------------------------

    def _everything(self, folder: BackupFolder, target: DataFolder, at: datetime | None) -> None:
        if not is_empty(target.root):
            raise CommandError(f"{target.root} is not empty: a restore goes into a new folder")
        began = time.monotonic()
        target.create()
        secrets = load_secrets(target)
        with (
            recovered_cluster(folder, target.root, at=at, durable=True) as copy,
            psycopg.connect(copy.url("postgres"), autocommit=True) as connection,
        ):
            # The copy's passwords may be lost with the machine; `up` sets the other roles' from the same file.
            statement = sql.SQL("ALTER ROLE {} PASSWORD {}")
            password = sql.Literal(secrets.superuser_password)
            connection.execute(statement.format(sql.Identifier(SUPERUSER), password))
        minutes = (time.monotonic() - began) / 60
        self.stdout.write(f"restored to {_told(copy.last_commit or copy.taken.ended)} in {minutes:.1f} minutes")
        self._loss(at, copy.last_commit, copy.whole)
        self.stdout.write(
            f"Put the keys of the stored credentials into {target.keys} (without them none opens), then run "
            f"`manage.py up --data {target.root}`. Nothing else may still run on the old data."
        )

    # -- one partner -------------------------------------------------------------------------------------------------

    def _partner(self, data: DataFolder, folder: BackupFolder, at: datetime | None, options: dict[str, object]) -> None:
        key, replace = str(options["partner"]), bool(options["replace"])
        if replace and not str(options["reason"]).strip():
            raise CommandError("--replace asks for a --reason: it is kept in the audit trail")
        began = time.monotonic()
        owner_url = self._live(data, folder, at)
        made = restore_beside(folder, key, owner_url, at=at, say=self.stdout.write)
        self._report(made, at)
        if not replace:
            self.stdout.write(f"It stands beside the live one as {made.beside}; no page and no worker looks into it.")
        else:
            self._replace(made, owner_url, at, options)
        parts = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in made.seconds.items())
        self.stdout.write(f"took {(time.monotonic() - began) / 60:.1f} minutes ({parts})")
        if not made.sound:
            raise CommandError("the restored ledger contradicts itself: see the lines marked WRONG")

    def _live(self, data: DataFolder, folder: BackupFolder, at: datetime | None) -> str:
        """The owner's URL of the live database; what it has written so far is in the archive afterwards."""
        owner_url = os.environ.get("DATABASE_URL", "")
        if owner_url:
            return owner_url
        urls = embedded_addresses(data, load_secrets(data))
        if folder.before(at).kind == BASE:
            with psycopg.connect(urls.superuser, autocommit=True) as connection:
                if connection.execute("SHOW archive_mode").fetchone()[0] == "on":
                    push_log(connection, folder)
        return urls.owner

    def _replace(self, made: Restored, owner_url: str, at: datetime | None, options: dict[str, object]) -> None:
        if not made.sound:
            raise CommandError(f"the restored ledger contradicts itself, so it was not put into place: {made.beside}")
        key = made.shared.key
        answer = str(options["confirm"]) or input(f"type the partner's key to put {key} back to that moment: ")
        if answer.strip() != key:
            raise CommandError(f"not confirmed: it stands beside the live one as {made.beside}")
        put_into_place(made, owner_url, reason=str(options["reason"]))
        schema = made.shared.schema
        with partner_scope(schema, ALL):
            stored, opened = secrets_check(settings.KEYS_DIR)
        if made.aside:
            self.stdout.write(f"what was live is kept as {made.aside}; drop it when nothing of it is needed any more")
        secrets = f"{opened} of {stored} secrets open with the keys of this host"
        self.stdout.write(f"in place as {schema}: {made.held} targets held, {secrets}")
        self.stdout.write("Restart web and workers. Compare with the targets, then let them go, one by one.")

    def _report(self, made: Restored, at: datetime | None) -> None:
        for check in made.checks:
            mark = "ok   " if check.holds else f"WRONG by {check.wrong}"
            self.stdout.write(f"{mark} {check.sentence}{f' ({check.detail})' if check.detail else ''}")
        self.stdout.write(f"{made.rows:,} rows, {made.bytes / MB:,.1f} MB, from {made.taken.kind} {made.taken.name}")
        self._loss(at, made.last_commit, made.whole)
        if made.lost and made.lost["messages"]:
            first, last = _told(made.lost["first"]), _told(made.lost["last"])
            self.stdout.write(f"{made.lost['messages']:,} messages are only in the live one: {first} to {last}")

    def _loss(self, at: datetime | None, last: datetime | None, whole: bool) -> None:
        """Of what was committed before the moment that was asked for."""
        if whole and at:
            self.stdout.write("data loss (RPO): 0 s; nothing that was committed before the moment asked for is missing")
        elif at and last:
            seconds = (at - last).total_seconds()
            self.stdout.write(f"data loss (RPO): the log ends {seconds:.0f} s before the moment asked for")


def _folder(data: DataFolder, given: object) -> BackupFolder:
    folder = BackupFolder(Path(str(given)).expanduser().resolve()) if given else configured_folder(data)
    if folder is None:
        raise CommandError("say where the backup is with --from")
    return folder


def _moment(given: object) -> datetime | None:
    if not given:
        return None
    try:
        found = datetime.fromisoformat(str(given))
    except ValueError as error:
        raise CommandError(f"{given!r} is not a moment: write it as 2026-11-23T14:15:00+00:00") from error
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def _told(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
