"""Remove what is over its time, or tell what would go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.core.management.base import BaseCommand, CommandError, CommandParser

from console.tools.partners import NotClear, named_partner
from governance.access.principal import Principal, command
from monitoring.retention.balance import check_day
from monitoring.retention.clocks import DEFAULT_DAYS, WrongClock, clocks, set_clock
from monitoring.retention.prune import Outcome, Planned, plan, prune
from monitoring.retention.session import Busy, NotTheOwner
from tenants.context import ALL, partner_scope
from tenants.partners.models import Partner
from tenants.retailers.models import Retailer
from tenants.selectors import active_partners


class Command(BaseCommand):
    help = "Drop months whose time is over. Connects as the owner role; may be killed and run again at any time."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--partner", default="", help="its key (default: every partner)")
        parser.add_argument("--dry-run", action="store_true", help="tell what would go and what is held back")
        parser.add_argument("--set", default="", metavar="KIND=DAYS", help=f"how long {', '.join(DEFAULT_DAYS)} stay")
        parser.add_argument("--reason", default="", help="why it is set: kept in the trail")

    def handle(self, *args: object, **options: str) -> None:
        try:
            partners = [named_partner(options["partner"])] if options["partner"] else active_partners()
        except NotClear as error:
            raise CommandError(str(error), returncode=2) from error
        if options["set"] and not options["partner"]:
            raise CommandError("--set needs --partner", returncode=2)
        by, at = command("retention"), datetime.now(UTC)
        for partner in partners:
            with partner_scope(partner.schema_name, ALL):
                self.stdout.write(f"{partner.name}: {_told(clocks())}")
                self._partner(partner, options, by=by, at=at)

    def _partner(self, partner: Partner, options: dict[str, str], *, by: Principal, at: datetime) -> None:
        if options["set"]:
            self._set(options["set"], by=by, reason=options["reason"], at=at)
        elif options["dry_run"]:
            self._plan(at=at)
        else:
            self._prune(partner, by=by, at=at)

    def _set(self, text: str, *, by: Principal, reason: str, at: datetime) -> None:
        kind, _, days = text.partition("=")
        try:
            set_clock(kind, int(days), by=by, reason=reason, at=at)
        except (WrongClock, ValueError) as error:
            raise CommandError(str(error), returncode=2) from error
        self.stdout.write(f"  now {_told(clocks())}")

    def _plan(self, *, at: datetime) -> None:
        tables, keys, held = plan(at=at)
        for line in _lines(tables):
            self.stdout.write(line)
        if not tables:
            self.stdout.write("  no month is over its time")
        for table, count in keys.items():
            self.stdout.write(f"  {table}: {count:,} keys would go")
        for retailer in Retailer.objects.filter(pk__in=held):
            self.stdout.write(f"  legal hold: {retailer.name}")

    def _prune(self, partner: Partner, *, by: Principal, at: datetime) -> None:
        yesterday = (at - timedelta(days=1)).date()
        try:
            for outcome in prune(by=by, at=at):
                self.stdout.write(_line(outcome))
        except Busy as error:
            self.stdout.write(f"  {error}")
        except NotTheOwner as error:
            raise CommandError(str(error)) from error
        for key, found in check_day(yesterday, by=by, at=at).items():
            self.stderr.write(f"  {partner.name}, {key}: {yesterday} does not balance by {found.difference}")


def _told(days: dict[str, int]) -> str:
    return ", ".join(f"{kind} {count} days" for kind, count in days.items())


def _line(outcome: Outcome) -> str:
    figures = ", ".join(f"{name} {count:,}" for name, count in outcome.rows.items() if count)
    return f"  {outcome.what}: {outcome.text}" + (f" ({figures})" if figures else "")


def _lines(tables: Sequence[Planned]) -> list[str]:
    """The month goes as a whole only where nothing of it is held back in any of its tables."""
    kept = {table.month for table in tables if table.held or table.unfinished}
    return [
        f"  {t.table}: {t.goes:,} of {t.rows:,} rows would go, {t.bytes / 1e6:,.1f} MB, "
        + (
            f"its tables stay; held back: {t.held:,} legal hold, {t.unfinished:,} not finished"
            if t.month in kept
            else "dropped whole"
        )
        for t in tables
    ]
