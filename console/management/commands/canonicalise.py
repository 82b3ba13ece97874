"""`manage.py canonicalise CONNECTOR EVENT FILE`: what a payload becomes, without a database or a running console.

The canonical object (or a list of them) goes to stdout as JSON, its breaches under `breaches`; reasons go to stderr.
Exit 0: objects without breach. 1: breach, refusal or exception. 2: usage. It knows no connector by name.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from connectors.canonical.encode import readable
from connectors.canonical.invariants import breaches
from connectors.library import UnknownConnector, connector, connectors
from connectors.sdk import safe_json
from connectors.sdk.connector import Connector, Reader, takes_bytes
from connectors.sdk.errors import ConnectorError

MAX_BYTES = 20_000_000


class Command(BaseCommand):
    help = "Print the canonical object(s) of a payload as JSON."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("connector", nargs="?", help="for example shopify")
        parser.add_argument("event", nargs="?", help="for example orders/create")
        parser.add_argument("file", nargs="?", help="a file with the payload, or - for stdin")
        parser.add_argument("--list", action="store_true", help="print the connector and event pairs there are")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["list"]:
            for key, event in _pairs():
                self.stdout.write(f"{key} {event}")
            return
        if not options["file"]:
            raise CommandError("CONNECTOR, EVENT and FILE are needed (or --list).", returncode=2)
        source, reader = _source(options["connector"])
        body = _bytes(options["file"])
        event = options["event"]
        try:
            payload = body if takes_bytes(reader, event) else _payload(body, delivered=source.webhooks is not None)
            found = list(reader.canonical(event, payload))
        except ConnectorError as error:
            raise CommandError(error.operator_message, returncode=1) from error
        self._print(found)

    def _print(self, found: list[Any]) -> None:
        if not found:
            raise CommandError("The payload holds no object.", returncode=1)
        broken = [breaches(one) for one in found]
        shown = [readable(one, its) for one, its in zip(found, broken, strict=True)]
        self.stdout.write(json.dumps(shown[0] if len(shown) == 1 else shown, indent=2, ensure_ascii=False))
        if any(broken):
            named = "; ".join(f"{one.name}: {one.message}" for its in broken for one in its)
            raise CommandError(f"Breach of {named}", returncode=1)


def _pairs() -> list[tuple[str, str]]:
    return [
        (key, event)
        for key, found in sorted(connectors().items())
        if found.reader is not None
        for event in found.reader.events()
    ]


def _source(key: str) -> tuple[Connector, Reader]:
    try:
        found = connector(key)
    except UnknownConnector as error:
        raise CommandError(f"There is no connector for {key}.", returncode=1) from error
    if found.reader is None:
        raise CommandError(f"The connector {key} reads no payloads.", returncode=1)
    return found, found.reader


def _bytes(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.", returncode=2) from error


def _payload(body: bytes, *, delivered: bool) -> Any:
    """The document. Raises UnreadablePayload.

    `delivered`: the connector takes webhooks, so of a captured delivery ({"headers": …, "body": …}) it is the body.
    """
    document = safe_json.parse(body, max_bytes=MAX_BYTES)
    if delivered and isinstance(document, dict) and isinstance(document.get("headers"), dict) and "body" in document:
        inner = document["body"]
        return safe_json.parse(inner.encode(), max_bytes=MAX_BYTES) if isinstance(inner, str) else inner
    return document
