"""Which partner a host or a key belongs to. Hosts are read on every request, so they are kept for 30 seconds."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from tenants.partners.models import Domain, Partner

HOST_TTL_SECONDS = 30.0
# Short, so that a partner made a moment ago is found by who asked for its host too early.
UNKNOWN_TTL_SECONDS = 2.0
MOST_HOSTS = 10_000
# What a Domain row can hold. Anything else is nobody's, without a query and without being remembered.
_HOST = re.compile(r"[a-z0-9.-]{1,253}")


@dataclass(frozen=True, slots=True)
class PartnerFacts:
    """What a request needs to know of its partner, without touching the database again."""

    id: int
    schema: str
    key: str
    name: str
    host: str


_hosts: dict[str, tuple[float, PartnerFacts | None]] = {}


def partner_by_host(host: str) -> PartnerFacts | None:
    """The partner behind an exact active host, or None. `host` may carry a port."""
    name = host_name(host)
    if not _HOST.fullmatch(name):
        return None
    known = _hosts.get(name)
    now = time.monotonic()
    if known is not None and known[0] > now:
        return known[1]
    facts = _read_partner(name)
    if len(_hosts) >= MOST_HOSTS:
        _hosts.clear()
    _hosts[name] = (now + (HOST_TTL_SECONDS if facts else UNKNOWN_TTL_SECONDS), facts)
    return facts


def forget_hosts() -> None:
    _hosts.clear()


def host_name(host: str) -> str:
    """Lower case, without the port. IPv6 literals are nobody's domain."""
    name, _, port = host.lower().rpartition(":")
    return name if name and port.isascii() and port.isdigit() else host.lower()


def primary_host(partner_id: int) -> str:
    """The host to build absolute URLs from; never taken from a request."""
    return Domain.objects.filter(tenant_id=partner_id, is_active=True).order_by("-is_primary", "id").first().domain


def partner_by_key(key: str) -> Partner | None:
    return Partner.objects.filter(key=key).first()


def active_partners() -> list[Partner]:
    return list(Partner.objects.filter(is_active=True).order_by("id"))


def _read_partner(host: str) -> PartnerFacts | None:
    row = (
        Domain.objects.filter(domain=host, is_active=True, tenant__is_active=True)
        .values_list("tenant_id", "tenant__schema_name", "tenant__key", "tenant__name")
        .first()
    )
    return PartnerFacts(*row, host=host) if row else None
