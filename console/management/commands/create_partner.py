"""Make a partner: schema, host, keys, and an owner who sets a password by the link this prints."""

from __future__ import annotations

from datetime import UTC, datetime

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from console.addresses import public_url
from governance.access.errors import AccessRefused
from governance.access.links import VALID_FOR, Purpose
from governance.access.partners import create_partner
from governance.access.principal import command


class Command(BaseCommand):
    help = "Make a partner with its host and owner, and print the owner's one-time link. Connects as the owner role."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("key", help="short name in small letters, as in northgate")
        parser.add_argument("--name", required=True, help="as people read it, as in 'Northgate Retail Services'")
        parser.add_argument("--host", required=True, help="the exact host of its console, without a port")
        parser.add_argument("--owner-email", required=True)
        parser.add_argument("--owner-name", default="", help="the e-mail address if left out")

    def handle(self, *args: object, **options: str) -> None:
        try:
            made = create_partner(
                key=options["key"],
                name=options["name"],
                host=options["host"],
                owner_email=options["owner_email"],
                owner_name=options["owner_name"],
                by=command("create_partner"),
                at=datetime.now(UTC),
            )
        except AccessRefused as error:
            raise CommandError(str(error)) from error
        path = reverse("one-time-link", args=[made.owner.token])
        days = VALID_FOR[Purpose.INVITE].days
        self.stdout.write(f"{made.partner.name} is ready at {made.host}.")
        self.stdout.write(f"{made.owner.person.email} sets a password here, once, within {days} days:")
        self.stdout.write(public_url(made.partner.pk, path))
