"""Who may do what: the matrix, and what must hold of it whatever is added."""

from __future__ import annotations

import pytest

from governance.access.principal import Principal, command, system
from governance.access.roles import ACTIONS, ACTIONS_BY_ROLE, PARTNER_ROLES, RETAILER_ROLES, who_can
from governance.audit.registry import all_actions
from tenants.context import ALL

CHANGING = {
    "exceptions.retry",
    "exceptions.resolve",
    "lanes.split",
    "lanes.release",
    "connections.edit",
    "flows.edit",
    "people.manage",
    "partner.manage",
    "payload.reveal",
}


def test_the_roles_are_those_of_the_product() -> None:
    assert {"owner", "admin", "operator", "engineer", "approver"} == PARTNER_ROLES
    assert {"executive", "staff"} == RETAILER_ROLES
    assert set(ACTIONS_BY_ROLE) == PARTNER_ROLES | RETAILER_ROLES | {"auditor"}


def test_no_role_holds_an_action_that_is_not_listed() -> None:
    assert frozenset().union(*ACTIONS_BY_ROLE.values()) == set(ACTIONS)


@pytest.mark.parametrize("role", ["auditor", "executive", "staff", "approver"])
def test_who_only_looks_changes_nothing(role: str) -> None:
    assert not ACTIONS_BY_ROLE[role] & CHANGING


def test_an_operator_fixes_but_does_not_reconfigure() -> None:
    operator = ACTIONS_BY_ROLE["operator"]
    assert {"exceptions.retry", "exceptions.resolve", "lanes.split", "lanes.release"} <= operator
    assert not operator & {"connections.edit", "flows.edit", "people.manage", "partner.manage"}


def test_only_the_owner_manages_the_partner() -> None:
    assert who_can("partner.manage") == ["owner"]


def test_every_permission_an_act_asks_for_is_held_by_someone() -> None:
    for action in all_actions():
        assert not action.permission or who_can(action.permission), action.name


def test_deny_is_the_default() -> None:
    nobody = Principal("person", "1", "x", "unknown", frozenset(), frozenset())
    assert not any(nobody.may(action) for action in ACTIONS)
    assert not nobody.sees(1)


def test_a_process_of_ours_holds_no_persons_permission() -> None:
    worker = system("worker")
    assert not any(worker.may(action) for action in ACTIONS) and worker.retailers == ALL


def test_a_command_is_an_owner_by_name() -> None:
    assert command("create_partner").may("partner.manage") and command("x").kind == "command"
