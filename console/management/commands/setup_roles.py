"""Make the database roles, or print the SQL that makes them."""

from __future__ import annotations

import os

import psycopg
from django.core.management.base import BaseCommand, CommandError, CommandParser

from console.embedded.addresses import embedded_addresses
from console.embedded.paths import data_folder
from console.embedded.secrets import load_secrets
from console.roles import NeedsAdministrator, administrator_sql, set_up_embedded, set_up_server


class Command(BaseCommand):
    help = "Make the roles app, sealer and readonly with their grants, or print the SQL. May run again."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--print", action="store_true", help="print the SQL for an administrator and do nothing")

    def handle(self, *args: object, **options: object) -> None:
        if options["print"]:
            self.stdout.write(administrator_sql(os.environ))
            return
        try:
            self._set_up()
        except psycopg.Error as error:
            raise CommandError(f"the database refused: {error}") from error
        except NeedsAdministrator as error:
            self.stdout.write(str(error))
            raise CommandError("the owner may not create roles: let an administrator run the SQL above") from error

    def _set_up(self) -> None:
        if os.environ.get("DATABASE_URL"):
            made = set_up_server(os.environ)
            self.stdout.write(f"roles made: {', '.join(made) or 'none were missing'}; grants are in place")
            return
        folder = data_folder()
        secrets = load_secrets(folder)
        addresses = embedded_addresses(folder, secrets)
        set_up_embedded(addresses.superuser, addresses.owner, secrets)
        self.stdout.write("roles and grants are in place")
