"""Tell everything about one order number."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError, CommandParser

from console.tools.partners import NotClear, named_partner
from console.tools.trace import messages_of, printed, summary, timeline
from tenants.context import ALL, partner_scope
from tenants.partners.models import Partner
from tenants.selectors import active_partners


class Command(BaseCommand):
    help = "Messages, attempts, steps, documents and exceptions of one order. Exit code: 0 found, 1 unknown, 2 usage."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("order", help="the number people say, as in 1001 or '#1001', or an id of the order")
        parser.add_argument("--partner", default="", help="its key (default: every partner)")

    def handle(self, *args: object, **options: str) -> None:
        try:
            partners = [named_partner(options["partner"])] if options["partner"] else active_partners()
        except NotClear as error:
            raise CommandError(str(error), returncode=2) from error
        found = [self._tell(partner, options["order"]) for partner in partners]
        if not any(found):
            raise CommandError(f"nothing is known of {options['order']}")

    def _tell(self, partner: Partner, number: str) -> bool:
        with partner_scope(partner.schema_name, ALL):
            details = messages_of(number)
            if not details:
                return False
            lines = [f"{partner.name}, times in UTC", *summary(details), "", *printed(timeline(details)), ""]
        self.stdout.write("\n".join(lines))
        return True
