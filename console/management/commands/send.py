"""Sign a file like the vendor and post it to a connection's intake."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from console.addresses import web_port
from console.tools.outcome import wait_for_outcome
from console.tools.partners import NotClear, partner_with_connection
from console.tools.post import SIGNERS, Answer, Delivery, NotReached, post
from console.tools.sample import sample_of
from governance.credentials.keyring import KeyNotHere
from governance.credentials.selectors import secrets_for_connection
from governance.registry.models import RetailConnection
from governance.registry.selectors import intake_path
from tenants.context import ALL, partner_scope
from tenants.partners.models import Partner
from tenants.selectors import primary_host

USAGE = 2


class Command(BaseCommand):
    help = "Post a file as a webhook of a connection. Exit code: 0 done, 1 refused or failed, 2 wrong usage."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file", type=Path, help="a payload, a recorded delivery with headers and body, or a REST answer"
        )
        parser.add_argument("--connection", required=True, help="its key, as in shopify")
        parser.add_argument("--event", required=True, help="the topic, as in orders/create")
        parser.add_argument("--partner", default="", help="its key, where several have such a connection")
        parser.add_argument("--event-id", default="", help="to send the same event again (default: a new one)")
        parser.add_argument("--to", default="", help="where to connect (default: the running console)")
        parser.add_argument(
            "--wait",
            type=float,
            nargs="?",
            const=60.0,
            metavar="SECONDS",
            help="until it is delivered or needs a decision, and print which (default: 60)",
        )

    def handle(self, *args: object, **options: Any) -> None:
        raw = self._read(options["file"])
        try:
            partner, connection = partner_with_connection(options["connection"], options["partner"])
        except NotClear as error:
            raise CommandError(str(error), returncode=USAGE) from error
        with partner_scope(partner.schema_name, ALL):
            answer = self._post(raw, partner, connection, options)
            self._tell(answer)
            if options["wait"] is not None:
                self._wait(answer, options["wait"])

    def _read(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}", returncode=USAGE) from error

    def _post(self, raw: bytes, partner: Partner, connection: RetailConnection, options: dict[str, Any]) -> Answer:
        if connection.connector not in SIGNERS:
            known = ", ".join(SIGNERS)
            raise CommandError(
                f"webhooks of {connection.connector} cannot be signed here ({known} can)", returncode=USAGE
            )
        path, secret = self._secrets(connection)
        delivery = Delivery(
            topic=options["event"],
            sample=sample_of(raw, options["event"]),
            config=connection.config,
            api_version=connection.api_version,
            event_id=options["event_id"] or str(uuid.uuid4()),
            at=datetime.now(UTC),
            secret=secret,
        )
        host, base = self._address(partner, options["to"])
        try:
            return post(delivery, connector=connection.connector, base=base, host=host, path=path)
        except NotReached as error:
            raise CommandError(f"{error}: is `manage.py up` running?") from error

    def _secrets(self, connection: RetailConnection) -> tuple[str, str]:
        """(intake path, signing secret), or why there is none."""
        try:
            path = intake_path(connection)
            signing = [found[0] for found in secrets_for_connection(connection.pk, "verify").values()]
        except KeyNotHere as error:
            raise CommandError(f"the secrets of {connection.key} cannot be opened on this host: {error}") from error
        if not path or not signing:
            raise CommandError(
                f"{connection.label} has no intake address: it sends nothing by itself", returncode=USAGE
            )
        return path, signing[0].reveal()

    def _address(self, partner: Partner, to: str) -> tuple[str, str]:
        """(the Host to name, where to connect)."""
        host = primary_host(partner.pk)
        if not settings.EMBEDDED:
            return host, to or f"https://{host}"
        return f"{host}:{web_port()}", to or f"http://127.0.0.1:{web_port()}"

    def _tell(self, answer: Answer) -> None:
        line = " ".join(part for part in (str(answer.status), answer.words, answer.message_id) if part)
        if not answer.accepted:
            raise CommandError(line)
        self.stdout.write(line)

    def _wait(self, answer: Answer, seconds: float) -> None:
        found = wait_for_outcome(UUID(answer.message_id), seconds=seconds)
        if not found.good:
            after = "" if found.settled else f" (still so after {seconds:g} s)"
            raise CommandError(f"{found.text}{after}")
        self.stdout.write(found.text)
