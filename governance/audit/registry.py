"""Every act the trail knows, registered once: a dotted name in the past tense and what a reader is told of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from governance.access.roles import ACTIONS as PERMISSIONS

_NAME: Final = re.compile(r"^[a-z][a-z_]*\.[a-z][a-z_]*$")


class UnknownAction(LookupError):
    """An act that nobody registered cannot be recorded."""


@dataclass(frozen=True, slots=True)
class Action:
    """`sentence` is read by an auditor. `permission` is what the gate asks for; "" for acts without a gate.

    `personal`: the event concerns somebody's personal data, so its before and after are never stored.
    `whole_partner`: it counts for every retailer, so the gate refuses whoever sees only some.
    """

    name: str
    sentence: str
    object_type: str
    permission: str = ""
    reason_required: bool = False
    personal: bool = False
    whole_partner: bool = False


_actions: dict[str, Action] = {}


def register(*actions: Action) -> None:
    """Add actions. The same action twice is fine, the same name with another meaning is not."""
    for action in actions:
        if not _NAME.match(action.name):
            raise ValueError(f"{action.name!r} is not a dotted name")
        if action.permission and action.permission not in PERMISSIONS:
            raise ValueError(f"{action.name} asks for {action.permission!r}, which no role can hold")
        if _actions.setdefault(action.name, action) != action:
            raise ValueError(f"{action.name} is registered with another meaning")


def action_named(name: str) -> Action:
    try:
        return _actions[name]
    except KeyError as exc:
        raise UnknownAction(f"{name!r} is not in the registry of audit actions") from exc


def all_actions() -> list[Action]:
    return sorted(_actions.values(), key=lambda action: action.name)
