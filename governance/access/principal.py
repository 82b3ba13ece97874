"""Who acts: the one thing every service asks for as `by=`."""

from __future__ import annotations

from dataclasses import dataclass

from governance.access.roles import ACTIONS_BY_ROLE
from tenants.context import ALL


@dataclass(frozen=True, slots=True)
class Principal:
    """`text` is the snapshot the trail keeps ("Ada Ohm <ada@x.example>"); `id` finds the row while it exists."""

    kind: str  # person, system, command, token
    id: str
    text: str
    role: str
    retailers: frozenset[int] | str
    actions: frozenset[str]
    auth_method: str = ""
    source_ip: str = ""
    request_id: str = ""

    def may(self, action: str) -> bool:
        return action in self.actions

    def sees(self, retailer_id: int) -> bool:
        return self.retailers == ALL or retailer_id in self.retailers


def system(name: str) -> Principal:
    """A process of ours. It does what a person set up, so it is granted nothing that needs a person."""
    return Principal("system", name, f"Signalbox {name}", "system", ALL, frozenset())


def command(name: str, *, actions: frozenset[str] = ACTIONS_BY_ROLE["owner"]) -> Principal:
    """Someone with a shell on the host, who could do anything anyway: the act is still in the trail."""
    return Principal("command", name, f"command {name}", "command", ALL, actions, auth_method="shell")
