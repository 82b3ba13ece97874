"""Run everything on this machine and keep it running."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError, CommandParser

from console.embedded.paths import data_folder
from console.embedded.run import CannotRun, Options, run_system


class Command(BaseCommand):
    help = "Start PostgreSQL, broker, web, worker and beat, restart what dies, and stop all of it on Ctrl-C."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--demo", action="store_true", help="with two partners, a sandbox shop, Tryton and orders")
        parser.add_argument("--port", type=int, default=8000, help="of the console (default: 8000)")
        parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: 127.0.0.1)")
        parser.add_argument("--data", help="the data folder (default: $SIGNALBOX_DATA, else data/)")

    def handle(self, *args: object, **options: object) -> None:
        wanted = Options(
            folder=data_folder(options["data"]),
            host=options["host"],
            port=options["port"],
            demo=options["demo"],
        )
        try:
            run_system(wanted, say=self._say)
        except CannotRun as error:
            raise CommandError(str(error)) from error

    def _say(self, name: str, line: str) -> None:
        self.stdout.write(f"{name:>10}  {line}" if name else line)
        self.stdout.flush()
