"""Write a realistic past into one partner: for measurements, and to see what months of traffic look like."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

from django.core.management.base import BaseCommand, CommandError, CommandParser

from connectors.engine.history.writer import BODIES, NothingToTell, Past, default_range, settle, write_past
from console.demo.past import ensure_cast
from governance.access.principal import command
from governance.registry.models import RetailConnection
from monitoring.ledger.models import Message
from monitoring.rollups.folding import fold_all
from tenants.context import ALL, partner_scope
from tenants.partners.models import Partner
from tenants.selectors import partner_by_key

SECONDS_BETWEEN_LINES = 5.0


class Command(BaseCommand):
    help = "Write a made-up past into one partner's ledger, fast. Connects as the owner role."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--deliveries", type=int, required=True, help="how many, as in 1000000")
        parser.add_argument("--partner", default="northgate", help="its key (default: northgate)")
        parser.add_argument("--days", type=int, default=60, help="how far back it goes (default: 60)")
        parser.add_argument("--seed", type=int, default=7, help="the same seed tells the same story (default: 7)")
        parser.add_argument("--writers", type=int, default=2, help="how many write at once (default: 2)")
        parser.add_argument("--bodies", type=int, default=BODIES, help=f"newest messages with a body ({BODIES:,})")
        parser.add_argument("--force", action="store_true", help="also beside real data or an earlier loaded past")

    def handle(self, *args: object, **options: object) -> None:
        if not (options["deliveries"] > 0 and 0 < options["days"] <= 1000 and 0 < options["writers"] <= 16):
            raise CommandError("--deliveries and --days must be above 0, --days at most 1000, --writers at most 16")
        partner = partner_by_key(options["partner"])
        if partner is None:
            raise CommandError(f"there is no partner {options['partner']!r}: make it with `manage.py create_partner`")
        with partner_scope(partner.schema_name, ALL):
            if not options["force"]:
                _refuse_beside_real_data(partner)
            self._load(options)

    def _load(self, options: dict[str, object]) -> None:
        if ensure_cast(by=command("load_history")):
            self.stdout.write("no flow was there: a shop, an ERP and a flow between them were made")
        since, until = default_range(options["days"], at=datetime.now(UTC))
        past = Past(options["deliveries"], since, until, seed=options["seed"], bodies=options["bodies"])
        progress = Progress(past.deliveries, self.stdout.write)
        try:
            messages = write_past(past, writers=options["writers"], told=progress.add)
        except NothingToTell as error:
            raise CommandError(str(error)) from error
        self.stdout.write("vacuuming and counting …")
        settle()
        fold_all()
        self.stdout.write(
            f"{past.deliveries:,} deliveries of {messages:,} messages since {since:%Y-%m-%d}: {progress.seconds:.0f} s"
        )


def _refuse_beside_real_data(partner: Partner) -> None:
    live = RetailConnection.objects.filter(live=True).first()
    if live is not None:
        raise CommandError(
            f"{partner.name} has a live connection ({live.label}): a made-up past would mix with what really happened. "
            "Use another partner, or --force if you mean it."
        )
    if Message.objects.filter(position__lt=0).exists():
        raise CommandError(f"{partner.name} has a loaded past already. --force adds another one to it.")


class Progress:
    """Says every few seconds how far it is; several writers report to it."""

    def __init__(self, total: int, say: object) -> None:
        self._total, self._say = total, say
        self._done, self._lock = 0, threading.Lock()
        self._began = self._said = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def add(self, deliveries: int) -> None:
        with self._lock:
            self._done += deliveries
            if time.monotonic() - self._said < SECONDS_BETWEEN_LINES:
                return
            self._said = time.monotonic()
            rate = self._done / self.seconds
            left = (self._total - self._done) / rate
            self._say(f"{self._done:,} of {self._total:,} deliveries, {rate:,.0f} a second, {left:.0f} s left")
