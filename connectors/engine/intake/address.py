"""Intake addresses: `/in/<partner code>-<secret>`. Opaque to senders; kept in memory for 30 seconds."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from hashlib import sha256

from connectors.engine.intake.arrival import Source
from connectors.engine.secrets import verify_secrets
from connectors.library import connector
from connectors.sdk.connector import Connector
from governance.registry.models import RetailConnection
from tenants.context import ALL, in_scope, scope_of
from tenants.selectors import PartnerFacts, partner_by_host

PREFIX = "/in/"
TTL_SECONDS = 30.0
MAX_KNOWN = 10_000
MAX_HOST = 260  # a name and its port
_PATH = re.compile(r"/in/([a-z0-9]{4,40})-([a-z0-9]{20,64})")


@dataclass(frozen=True, slots=True)
class Address:
    """Everything the door needs to judge a request to one connection."""

    source: Source
    connector: Connector
    secrets: tuple[str, ...] = field(repr=False)
    accepts: bool  # False while the connection is disconnected


def secret_hash(secret: str) -> bytes:
    return sha256(secret.encode()).digest()


class AddressBook:
    """Finds the connection behind a path. An unknown one is remembered too: asking for it again costs no query."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[float, Address | None]] = {}

    async def find(self, host: str, path: str) -> Address | None:
        match = _PATH.fullmatch(path)
        if match is None or len(host) > MAX_HOST:
            return None  # not worth remembering, and it may be long
        known = self._known.get((host, path))
        if known is not None and known[0] > time.monotonic():
            return known[1]
        address = await self._look_up(host, *match.groups())
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        self._known[host, path] = (time.monotonic() + TTL_SECONDS, address)
        return address

    async def _look_up(self, host: str, code: str, secret: str) -> Address | None:
        scope = scope_of(f"p_{code}", ALL)
        partner = await in_scope(scope, _partner, host, scope.schema)
        if partner is None:
            return None
        return await in_scope(scope, _read, scope.schema, secret_hash(secret))


def _partner(host: str, schema: str) -> PartnerFacts | None:
    """The host's partner, if the path speaks of the same one."""
    partner = partner_by_host(host)
    return partner if partner is not None and partner.schema == schema else None


def _read(schema: str, hashed: bytes) -> Address | None:
    row = RetailConnection.objects.filter(intake_hash=hashed).first()
    if row is None:
        return None
    found = connector(row.connector)
    return Address(
        source=Source(schema, row.retailer_id, row.pk, row.key, row.connector),
        connector=found,
        secrets=verify_secrets(row.pk),
        accepts=row.state != RetailConnection.State.DISCONNECTED,
    )
