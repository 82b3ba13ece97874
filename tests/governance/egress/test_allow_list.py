"""A partner lists a host; only then, and only there, do calls reach it."""

from __future__ import annotations

import asyncio

import pytest

from console.embedded.ports import free_port
from governance.access.principal import command
from governance.audit.gate import ReasonMissing, Refused
from governance.audit.models import AuditEvent
from governance.egress.addresses import AllowList
from governance.egress.client import Egress
from governance.egress.errors import Blocked
from governance.egress.selectors import allow_list, allowed_hosts
from governance.egress.services import allow_host, withdraw_host
from tenants.context import Scope, partner_scope
from tenants.partners.models import Partner
from tests.governance.audit.people import ADA, EVE, person
from tests.governance.egress.raw_server import polite, serving


def test_a_listed_host_is_reached_and_after_withdrawal_is_not(northgate: Scope) -> None:
    port = free_port()
    row = allow_host(url=f"http://127.0.0.1:{port}/", note="the demo's ERP", by=EVE, reason="on premises")
    assert asyncio.run(requests_that_arrive(port, allow_list())) == 1
    withdraw_host(host_id=row.pk, by=EVE, reason="moved")
    with pytest.raises(Blocked):
        asyncio.run(requests_that_arrive(port, allow_list()))


async def requests_that_arrive(port: int, allow: AllowList) -> int:
    client = Egress()
    try:
        async with serving(polite, port=port) as wire:
            await client.request("GET", wire.url(), deadline=2, allow=allow)
            return len(wire.requests)
    finally:
        await client.close()


def test_a_list_is_one_partners_own(northgate: Scope, partners: dict[str, Partner]) -> None:
    allow_host(url="http://10.0.0.5:8000/rpc", note="", by=EVE, reason="on premises")
    assert allow_list().rows == {("10.0.0.5", 8000, "http")}
    with partner_scope(partners["tidewater"].schema_name):
        assert allow_list().rows == frozenset()


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/", "http://2130706433/", "http://u:p@10.0.0.1/", "ftp://10.0.0.1/"]
)
def test_some_addresses_cannot_be_listed(northgate: Scope, url: str) -> None:
    with pytest.raises(Blocked):
        allow_host(url=url, note="", by=EVE, reason="x")
    assert allowed_hosts() == []


def test_listing_needs_permission_and_a_reason(northgate: Scope) -> None:
    with pytest.raises(Refused):
        allow_host(url="http://10.0.0.5/", note="", by=ADA, reason="x")
    with pytest.raises(ReasonMissing):
        allow_host(url="http://10.0.0.5/", note="", by=EVE, reason="")
    assert allowed_hosts() == []


def test_the_same_host_twice_is_one_row(northgate: Scope) -> None:
    one = allow_host(url="http://ERP.example./rpc", note="a", by=EVE, reason="x")
    two = allow_host(url="http://erp.example:80/other", note="b", by=command("demo"), reason="x")
    assert one == two and str(two) == "http://erp.example:80"
    events = AuditEvent.objects.filter(action="host.allowed")
    assert {event.actor_kind for event in events} == {"person", "command"}


def test_who_sees_one_retailer_lists_no_host_for_all(northgate: Scope) -> None:
    """A listed host is reached by every retailer's calls, also a private one."""
    limited = person("Enzo", "engineer", frozenset({1}))
    with pytest.raises(Refused, match="every retailer"):
        allow_host(url="http://10.0.0.5/", note="", by=limited, reason="on premises")
    row = allow_host(url="http://10.0.0.5/", note="", by=EVE, reason="on premises")
    with pytest.raises(Refused, match="every retailer"):
        withdraw_host(host_id=row.pk, by=limited, reason="in the way")
    assert len(allowed_hosts()) == 1
