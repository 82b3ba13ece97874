"""Routing rules: what they say of a message, and what is refused with its place. Pure."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.engine.rules.language import AS_USUAL, MAX_RULES, Rules, compile_rules
from connectors.mapping.errors import MappingRefused

TESTS = {"name": "Test orders", "when": {"eq": ["body.test", True]}, "then": {"filter": "never in the books"}}
LARGE = {"name": "Large", "when": {"ge": ["body.total_price", 5000]}, "then": {"hold": "a person looks first"}}
TILLS = {"name": "Tills", "when": {"eq": ["body.source_name", {"value": "pos"}]}, "then": {"route": ["tills"]}}


def rules(*wanted: dict[str, Any]) -> Rules:
    return compile_rules({"rules": [*wanted]}, version="version 3", flows=["sales", "tills"])


def document(topic: str = "orders/create", **body: Any) -> dict[str, Any]:
    return {"topic": topic, "object_type": "order", "object_id": "1", "api_version": "", "body": body}


def test_the_first_rule_that_applies_decides():
    both = document(test=True, total_price="9000.00")
    assert rules(TESTS, LARGE).ruling(both).filtered
    assert rules(LARGE, TESTS).ruling(both).held


def test_without_a_rule_that_applies_a_message_goes_as_usual():
    assert rules(TESTS, LARGE, TILLS).ruling(document(total_price="12.00", source_name="web")) is AS_USUAL


def test_a_ruling_names_rule_version_and_reason():
    said = rules(LARGE).ruling(document(total_price="5000.00"))
    assert said.text == "Rule “Large” of version 3: a person looks first"
    assert (said.held, said.filtered, said.flows) == (True, False, None)


def test_a_branch_names_the_flows_it_leaves():
    assert rules(TILLS).ruling(document(source_name="pos")).flows == {"tills"}


def test_a_condition_may_look_at_the_topic():
    cancelled = {
        "name": "C",
        "when": {"eq": ["topic", {"value": "orders/cancelled"}]},
        "then": {"hold": "refund first"},
    }
    assert rules(cancelled).ruling(document("orders/cancelled")).held
    assert rules(cancelled).ruling(document()) is AS_USUAL


@pytest.mark.parametrize("content", [{"total_price": {}}, {"total_price": "a lot"}, {"total_price": [1]}])
def test_what_a_rule_cannot_read_is_held_and_says_why(content: dict[str, Any]):
    said = rules(LARGE).ruling(document(**content))
    assert said.held
    assert "“Large” of version 3 cannot be applied" in said.text


@pytest.mark.parametrize("body", [None, [], "text", 7])
def test_a_body_that_is_no_object_is_never_the_end_of_the_drain(body: Any):
    said = rules(TESTS, LARGE).ruling({**document(), "body": body})
    assert said is AS_USUAL or said.held


def test_rules_that_can_no_longer_be_read_hold_everything():
    assert Rules("version 2", (), broken="there is no comparison 'xx'").ruling(document()).held


@pytest.mark.parametrize(
    ("definition", "says"),
    [
        ("[]", "one list is expected"),
        ('{"rules": []}', "1 to 100 rules"),
        ('{"rules": [{"name": "A"}]}', "/rules/0: a rule has a name, a when and a then"),
        ("{", "is not JSON"),
        (json.dumps({"rules": [TESTS, TESTS]}), "two rules are called"),
        (json.dumps({"rules": [TESTS] * (MAX_RULES + 1)}), "1 to 100 rules"),
        (json.dumps({"rules": [TESTS | {"then": {"drop": "x"}}]}), "there is no 'drop'"),
        (json.dumps({"rules": [TESTS | {"then": {"filter": " "}}]}), "why, in words"),
        (json.dumps({"rules": [TESTS | {"then": {"filter": "x", "hold": "y"}}]}), "exactly one"),
        (json.dumps({"rules": [TILLS | {"then": {"route": ["nowhere"]}}]}), "no flow 'nowhere' leaves this connection"),
        (json.dumps({"rules": [TESTS | {"when": {"like": ["a", "b"]}}]}), "there is no comparison 'like'"),
        (json.dumps({"rules": [TESTS | {"when": {"eq": ["body.test"]}}]}), "eq compares two things"),
        (json.dumps({"rules": [TESTS | {"name": ""}]}), "a name of 1 to 80"),
    ],
)
def test_what_is_no_rule_is_refused_with_its_place(definition: str, says: str):
    with pytest.raises(MappingRefused, match=says):
        compile_rules(definition, version="version 1", flows=["sales"])


def test_a_refusal_of_text_names_the_line():
    text = json.dumps({"rules": [TESTS, LARGE | {"then": {"drop": "x"}}]}, indent=2)
    with pytest.raises(MappingRefused) as refused:
        compile_rules(text, version="version 1", flows=[])
    assert refused.value.line == text[: text.index('"drop"')].count("\n")
