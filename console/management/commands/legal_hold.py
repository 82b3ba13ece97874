"""Place and release legal holds: nothing of a held retailer is removed."""

from __future__ import annotations

from datetime import UTC, date, datetime

from django.core.management.base import BaseCommand, CommandError, CommandParser

from console.tools.partners import NotClear, named_partner
from governance.access.principal import command
from governance.audit.gate import GateError
from monitoring.retention.holds import place_hold, release_holds
from monitoring.retention.models import Hold
from tenants.context import ALL, partner_scope
from tenants.retailers.models import Retailer


class Command(BaseCommand):
    help = "Hold everything of a retailer back from retention, let it go, or list the holds."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", choices=["place", "release", "list"])
        parser.add_argument("--partner", required=True, help="its key")
        parser.add_argument("--retailer", default="", help="its key")
        parser.add_argument("--until", type=date.fromisoformat, default=None, help="last day (default: until released)")
        parser.add_argument("--reason", default="", help="why: kept in the trail")

    def handle(self, *args: object, **options: object) -> None:
        try:
            partner = named_partner(str(options["partner"]))
        except NotClear as error:
            raise CommandError(str(error), returncode=2) from error
        with partner_scope(partner.schema_name, ALL):
            if options["act"] == "list":
                self._list()
                return
            retailer = Retailer.objects.filter(key=options["retailer"]).first()
            if retailer is None:
                raise CommandError(f"{partner.name} has no retailer {options['retailer']!r}", returncode=2)
            try:
                self._act(retailer, options)
            except GateError as error:
                raise CommandError(str(error), returncode=2) from error

    def _act(self, retailer: Retailer, options: dict[str, object]) -> None:
        known = {"by": command("legal_hold"), "reason": str(options["reason"]), "at": datetime.now(UTC)}
        if options["act"] == "place":
            hold = place_hold(retailer, until=options["until"], **known)
            self.stdout.write(f"{retailer.name} is held {f'until {hold.until}' if hold.until else 'until released'}")
        else:
            self.stdout.write(f"{retailer.name}: {release_holds(retailer, **known)} holds were released")

    def _list(self) -> None:
        names = dict(Retailer.objects.values_list("pk", "name"))
        for hold in Hold.objects.order_by("placed_at"):
            name = names.get(hold.retailer_id, hold.retailer_id)
            ends = f"until {hold.until}" if hold.until else "until released"
            ended = f"; released {hold.released_at:%Y-%m-%d} by {hold.released_by}" if hold.released_at else ""
            self.stdout.write(
                f"{name}: {ends}, placed {hold.placed_at:%Y-%m-%d} by {hold.placed_by}: {hold.why}{ended}"
            )
