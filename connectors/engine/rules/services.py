"""Proposing, approving and rolling back routing rules. What is live decides about every message routed after it."""

from __future__ import annotations

from datetime import UTC, datetime

from connectors.engine.rules.language import compile_rules, parsed
from connectors.mapping.errors import MappingRefused
from governance.access.principal import Principal
from governance.audit.events import ObjectRef
from governance.audit.gate import gate
from governance.audit.registry import Action, register
from governance.registry.models import Flow, RetailConnection
from governance.routing.models import RuleSet

State = RuleSet.State

register(
    Action("rules.proposed", "Routing rules were proposed.", "rule set", "flows.edit", True),
    Action("rules.approved", "Routing rules were approved and are live.", "rule set", "flows.approve", True),
    Action("rules.rolled_back", "Earlier routing rules are live again.", "rule set", "flows.edit", True),
    Action("rules.retired", "Routing rules were taken out of use.", "rule set", "flows.edit", True),
    Action("rules.withdrawn", "Proposed routing rules were withdrawn.", "rule set", "flows.edit", True),
)


class RulesRefused(Exception):
    """Nothing was changed; the text is one sentence for the person who asked."""

    @property
    def operator_message(self) -> str:
        return str(self)


def propose_rules(
    connection: RetailConnection, definition: str, *, by: Principal, reason: str, at: datetime | None = None
) -> RuleSet:
    """A new version for somebody else to approve.

    Raises: RulesRefused (no rules, with line and reason), Refused, ReasonMissing.
    """
    with gate("rules.proposed", by=by, retailer=connection.retailer_id, reason=reason, at=at) as act:
        RetailConnection.objects.select_for_update().get(pk=connection.pk)  # numbers are given one by one
        last = RuleSet.objects.filter(connection=connection).first()
        number = (last.number if last else 0) + 1
        check_rules(connection, definition, f"version {number}")
        made = RuleSet.objects.create(
            retailer_id=connection.retailer_id,
            connection=connection,
            number=number,
            definition=parsed(definition),
            reason=reason.strip(),
            proposed_by=by.text,
            proposer_id=by.id,
            proposed_at=at or datetime.now(UTC),
        )
        act.object, act.after = _ref(made), {"definition": made.definition}
    return made


def check_rules(connection: RetailConnection, definition: str, version: str) -> None:
    """Raises RulesRefused with the place in the text."""
    try:
        compile_rules(definition, version=version, flows=flow_keys(connection))
    except MappingRefused as refusal:
        raise RulesRefused(f"These are no rules: {refusal}.") from refusal


def approve_rules(rule_set: RuleSet, *, by: Principal, reason: str, at: datetime | None = None) -> RuleSet:
    """Make a proposal live. Whoever proposed it does not approve it.

    Raises: RulesRefused (their own, not proposed any more, a flow it names is gone), Refused, ReasonMissing.
    """
    with gate(
        "rules.approved", by=by, object=_ref(rule_set), retailer=rule_set.retailer_id, reason=reason, at=at
    ) as act:
        current = _locked(rule_set)
        if current.state != State.PROPOSED:
            raise RulesRefused(f"Version {current.number} is {current.state} by now.")
        if current.proposer_id == by.id:
            raise RulesRefused("You proposed these rules: another person has to approve them.")
        current.approved_by = by.text
        act.before = _make_live(current, at)
        act.after = {"version": current.number, "definition": current.definition}
    return current


def roll_back_rules(rule_set: RuleSet, *, by: Principal, reason: str, at: datetime | None = None) -> RuleSet:
    """Make a version live that was live before: it was approved then, so nobody is woken for it at night.

    Raises: RulesRefused (it never was, a flow it names is gone), Refused, ReasonMissing.
    """
    with gate(
        "rules.rolled_back", by=by, object=_ref(rule_set), retailer=rule_set.retailer_id, reason=reason, at=at
    ) as act:
        current = _locked(rule_set)
        if current.state != State.RETIRED:
            raise RulesRefused(f"Version {current.number} is {current.state}: only one that was live can be again.")
        act.before = _make_live(current, at)
        act.after = {"version": current.number, "definition": current.definition}
    return current


def retire_rules(rule_set: RuleSet, *, by: Principal, reason: str) -> RuleSet:
    """No rules from now on. Raises: RulesRefused (it is not live any more), Refused, ReasonMissing."""
    return _leave(rule_set, State.LIVE, State.RETIRED, "rules.retired", by=by, reason=reason)


def withdraw_rules(rule_set: RuleSet, *, by: Principal, reason: str) -> RuleSet:
    """Take back a proposal. Raises: RulesRefused (it is no proposal any more), Refused, ReasonMissing."""
    return _leave(rule_set, State.PROPOSED, State.WITHDRAWN, "rules.withdrawn", by=by, reason=reason)


def flow_keys(connection: RetailConnection) -> list[str]:
    return list(Flow.objects.filter(source=connection).values_list("key", flat=True))


def _leave(rule_set: RuleSet, expected: str, wanted: str, action: str, *, by: Principal, reason: str) -> RuleSet:
    with gate(action, by=by, object=_ref(rule_set), retailer=rule_set.retailer_id, reason=reason) as act:
        current = _locked(rule_set)
        if current.state != expected:
            raise RulesRefused(f"Version {current.number} is {current.state} by now.")
        act.before = {"version": current.number, "state": current.state}
        current.state = wanted
        current.save(update_fields=["state"])
    return current


def _locked(rule_set: RuleSet) -> RuleSet:
    """Its connection's row is the lock of all its versions."""
    RetailConnection.objects.select_for_update().get(pk=rule_set.connection_id)
    return RuleSet.objects.select_related("connection").get(pk=rule_set.pk)


def _make_live(current: RuleSet, at: datetime | None) -> dict[str, object] | None:
    """What was live before, for the trail. Raises RulesRefused."""
    try:
        compile_rules(current.definition, version=str(current), flows=flow_keys(current.connection))
    except MappingRefused as refusal:
        raise RulesRefused(f"Version {current.number} fits no more: {refusal}.") from refusal
    live = RuleSet.objects.filter(connection=current.connection_id, state=State.LIVE).first()
    RuleSet.objects.filter(connection=current.connection_id, state=State.LIVE).update(state=State.RETIRED)
    current.state, current.live_since = State.LIVE, at or datetime.now(UTC)
    current.save(update_fields=["state", "live_since", "approved_by"])
    return {"version": live.number} if live else None


def _ref(rule_set: RuleSet) -> ObjectRef:
    return ObjectRef("rule set", str(rule_set.pk), f"{rule_set.connection.label}, version {rule_set.number}")
