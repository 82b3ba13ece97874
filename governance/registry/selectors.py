"""Reads of the configuration of record, named for the screens they feed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q

from governance.credentials.keyring import Purpose
from governance.credentials.selectors import secrets_for_connection
from governance.registry.address import INTAKE_SECRET, intake_path_of
from governance.registry.models import Flow, RetailConnection
from tenants.context import ALL, partner_scope, require_scope
from tenants.retailers.models import Retailer


@dataclass(frozen=True, slots=True)
class RetailerChoice:
    """One entry of the retailer picker, and whether its connections are live, for tests, or both."""

    id: int
    key: str
    name: str
    timezone: str
    currency: str
    live: int
    test: int


def retailer_choices() -> list[RetailerChoice]:
    """Active retailers in scope, by name. Cost: one query."""
    rows = (
        Retailer.objects.scoped()
        .filter(is_active=True)
        .annotate(
            live=Count("connections", filter=Q(connections__live=True)),
            test=Count("connections", filter=Q(connections__live=False)),
        )
        .order_by("name")
    )
    return [RetailerChoice(r.id, r.key, r.name, r.timezone, r.currency, r.live, r.test) for r in rows]


def any_connection() -> bool:
    """Whether the partner has connected anything at all, also where the reader sees none of it. Cost: one query."""
    with partner_scope(require_scope().schema, ALL):
        return RetailConnection.objects.exists()


def key_taken(model: type[RetailConnection] | type[Flow], key: str) -> bool:
    """Keys are unique in the whole partner, so also where the reader sees none of it. Cost: one query."""
    with partner_scope(require_scope().schema, ALL):
        return model.objects.filter(key=key).exists()


def connections_in_view(retailers: Sequence[int] | None = None) -> list[RetailConnection]:
    """Connections in scope by retailer and name, each with its retailer. Cost: one query."""
    rows = RetailConnection.objects.scoped().select_related("retailer").order_by("retailer__name", "label")
    return list(rows if retailers is None else rows.filter(retailer_id__in=retailers))


def connection_by_key(key: str) -> RetailConnection:
    """Raises RetailConnection.DoesNotExist, also for one outside the scope."""
    return RetailConnection.objects.scoped().select_related("retailer").get(key=key)


def flows_of(connection: RetailConnection) -> list[Flow]:
    """Flows from or to this system. Cost: one query."""
    rows = Flow.objects.scoped().filter(Q(source=connection) | Q(target=connection))
    return list(rows.select_related("source", "target"))


def flow_by_key(key: str) -> Flow:
    """With both its ends. Raises Flow.DoesNotExist, also for one outside the scope."""
    return Flow.objects.scoped().select_related("source", "target").get(key=key)


def flows_in_view(retailers: Sequence[int] | None = None) -> list[Flow]:
    """Flows in scope by name, each with its retailer. Cost: one query."""
    rows = Flow.objects.scoped().select_related("retailer").order_by("label")
    return list(rows if retailers is None else rows.filter(retailer_id__in=retailers))


def intake_path(connection: RetailConnection) -> str:
    """The connection's intake address, for commands on the host that send to it; "" where it has none.

    Raises KeyNotHere for a process that may not open secrets: the console shows an address once and cannot again.
    """
    stored = secrets_for_connection(connection.pk, Purpose.CALL).get(INTAKE_SECRET)
    return intake_path_of(stored[0].reveal()) if stored else ""
