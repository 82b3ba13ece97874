"""Letting calls reach a listed host, and taking that back."""

from __future__ import annotations

from datetime import UTC, datetime

from governance.access.principal import Principal
from governance.audit.events import ObjectRef
from governance.audit.gate import gate
from governance.egress.addresses import Target, literal_address, refusal, target_of
from governance.egress.errors import Blocked
from governance.egress.models import AllowedHost


def allow_host(*, url: str, note: str, by: Principal, reason: str, at: datetime | None = None) -> AllowedHost:
    """List the host, port and scheme of `url`. The same one twice is one row.

    Raises: Blocked when the URL is none or names an address that no list can open; Refused, ReasonMissing.
    """
    target = target_of(url)
    _refuse_forbidden(target)
    moment = at or datetime.now(UTC)
    name = f"{target.scheme}://{target.host}:{target.port}"
    with gate("host.allowed", by=by, object=ObjectRef("host", text=name), reason=reason, at=moment) as act:
        row, _ = AllowedHost.objects.get_or_create(
            host=target.host,
            port=target.port,
            scheme=target.scheme,
            defaults={"note": note, "created_by": by.text, "created_at": moment},
        )
        act.object = row
    return row


def withdraw_host(*, host_id: int, by: Principal, reason: str) -> None:
    """Calls that already run end; the next one is blocked."""
    row = AllowedHost.objects.get(pk=host_id)
    with gate("host.withdrawn", by=by, object=ObjectRef("host", str(host_id), str(row)), reason=reason):
        row.delete()


def _refuse_forbidden(target: Target) -> None:
    address = literal_address(target.host)
    if address is not None and (why := refusal(address, listed=True)):
        raise Blocked(f"{address}: {why}")
