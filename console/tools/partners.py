"""Which partner a command at the shell is about."""

from __future__ import annotations

from governance.registry.models import RetailConnection
from tenants.context import ALL, partner_scope
from tenants.partners.models import Partner
from tenants.selectors import active_partners, partner_by_key


class NotClear(Exception):
    """Which partner is meant cannot be told. The message says what to add."""


def named_partner(key: str) -> Partner:
    """Raises NotClear."""
    partner = partner_by_key(key)
    if partner is None:
        known = ", ".join(row.key for row in active_partners()) or "none"
        raise NotClear(f"there is no partner {key!r} (there are: {known})")
    return partner


def partner_with_connection(connection_key: str, key: str = "") -> tuple[Partner, RetailConnection]:
    """The named partner's connection; without a name, that of the one partner who has such a connection.

    Raises NotClear.
    """
    partners = [named_partner(key)] if key else active_partners()
    found = [(partner, row) for partner in partners if (row := _connection(partner, connection_key))]
    if not found:
        where = f"at {key}" if key else "at any partner"
        raise NotClear(f"there is no connection {connection_key!r} {where}")
    if len(found) > 1:
        raise NotClear(f"several partners have a connection {connection_key!r}: add --partner")
    return found[0]


def _connection(partner: Partner, key: str) -> RetailConnection | None:
    with partner_scope(partner.schema_name, ALL):
        return RetailConnection.objects.filter(key=key).first()
