"""Principals of the scenario, without their rows."""

from __future__ import annotations

from governance.access.principal import Principal
from governance.access.roles import ACTIONS_BY_ROLE
from tenants.context import ALL


def person(name: str, role: str, retailers: frozenset[int] | str = ALL) -> Principal:
    return Principal(
        kind="person",
        id=name.lower(),
        text=f"{name} <{name.lower()}@northgate.example>",
        role=role,
        retailers=retailers,
        actions=ACTIONS_BY_ROLE[role],
        auth_method="password",
        source_ip="192.0.2.7",
        request_id="r-1",
    )


ADA = person("Ada", "operator")
EVE = person("Eve", "engineer")
OLGA = person("Olga", "owner")
