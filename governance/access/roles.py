"""Roles by action: deny unless granted. The matrix tests and the pages read this one table."""

from __future__ import annotations

from typing import Final

# action -> what it lets someone do, in words (shown when it is refused)
ACTIONS: Final = {
    "overview.view": "see the overview",
    "messages.view": "see messages and deliveries",
    "payload.view": "see payloads with personal fields masked",
    "payload.reveal": "see personal fields, with a reason",
    "exceptions.view": "see exceptions",
    "exceptions.retry": "retry a failed delivery",
    "exceptions.resolve": "close an exception by hand",
    "lanes.split": "take a failed delivery out of its order",
    "lanes.release": "try a waiting delivery now",
    "endpoints.control": "hold a target, let it go, and change how fast it is called",
    "pauses.control": "pause flows and connections, and resume them",
    "connections.view": "see connections and flows",
    "connections.edit": "connect systems and change connections",
    "flows.edit": "change flows",
    "flows.approve": "approve changes of flows",
    "people.view": "see who has access",
    "people.manage": "invite people and change roles",
    "trail.view": "see the audit trail",
    "partner.manage": "manage the partner's settings",
}

_SEE = frozenset({"overview.view", "messages.view", "exceptions.view", "connections.view"})
_DECIDE = {"exceptions.retry", "exceptions.resolve", "lanes.split", "lanes.release"}
_DECIDE |= {"endpoints.control", "pauses.control"}
_OPERATE = _SEE | _DECIDE | {"payload.view", "payload.reveal"}

ACTIONS_BY_ROLE: Final[dict[str, frozenset[str]]] = {
    "owner": frozenset(ACTIONS),
    "admin": frozenset(ACTIONS) - {"partner.manage"},
    "operator": _OPERATE,
    "engineer": _OPERATE | {"connections.edit", "flows.edit", "flows.approve", "trail.view"},
    "approver": _SEE | {"payload.view", "trail.view", "people.view", "flows.approve"},
    "executive": frozenset({"overview.view"}),
    "staff": _SEE | {"payload.view", "pauses.control"},
    "auditor": _SEE | {"payload.view", "trail.view", "people.view"},
}
PARTNER_ROLES: Final = frozenset({"owner", "admin", "operator", "engineer", "approver"})
RETAILER_ROLES: Final = frozenset({"executive", "staff"})
ROLES: Final = tuple(ACTIONS_BY_ROLE)


def who_can(action: str) -> list[str]:
    """Roles that hold an action: a refusal names whom to ask."""
    return [role for role, actions in ACTIONS_BY_ROLE.items() if action in actions]
