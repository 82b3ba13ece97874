"""What is no map is refused when it is compiled: where, on which line, and why."""

import json

import pytest

from connectors.canonical.order import Order, TaxLine
from connectors.mapping import MappingRefused, compile_map
from connectors.mapping.position import lines_by_pointer


def refusal(definition, **more):
    with pytest.raises(MappingRefused) as caught:
        compile_map(definition, **more)
    return caught.value


@pytest.mark.parametrize(
    ("rule", "pointer", "reason"),
    [
        (5, "", "not a number"),
        ({}, "", "exactly one operator"),
        ({"path": "a", "value": 1}, "", "exactly one operator"),
        ({"exec": "rm -rf"}, "", "exactly one operator"),
        ({"path": "a", "colour": 1}, "/colour", "no option 'colour'"),
        ({"path": "a", "cast": "float"}, "/cast", "no cast 'float'"),
        ({"path": "a..b"}, "/path", "no path"),
        ({"path": 7}, "/path", "a path is text"),
        ("a b", "", "no path"),
        ({"path": "a", "cast": "decimal", "default": "dear"}, "/default", "not a number"),
        ({"path": "a", "default": []}, "/default", "a constant is"),
        ({"path": "a", "required": "yes"}, "/required", "true or false"),
        ({"value": {"a": 1}}, "/value", "a constant is"),
        ({"ref": "later"}, "/ref", "named under let"),
        ({"add": "a"}, "/add", "a list of 1 to 50 rules"),
        ({"div": ["a", "b", "c"]}, "/div", "a list of 2 to 2 rules"),
        ({"round": "a", "places": 99}, "/places", "from 0 to 10"),
        ({"round": "a", "mode": "sideways"}, "/mode", "no rounding"),
        ({"date": "a", "format": "%Y"}, "/format", "no format"),
        ({"if": {"present": "a"}}, "", "needs a then"),
        ({"if": {"like": ["a", "b"]}, "then": "a"}, "/if/like", "no comparison 'like'"),
        ({"if": {"eq": ["a"]}, "then": "a"}, "/if/eq", "compares two things"),
        ({"if": {"eq": ["a", 1], "ne": ["a", 2]}, "then": "a"}, "/if", "exactly one comparison"),
        ({"if": {"in": ["a", "b"]}, "then": "a"}, "/if/in", "a list of constants"),
        ({"coalesce": ["a"]}, "/coalesce", "a list of 2"),
        ({"lookup": "a", "table": "unknown"}, "/table", "no table 'unknown'"),
        ({"lookup": "a", "table": {}, "otherwise": "guess"}, "/otherwise", "otherwise is"),
        ({"each": "a"}, "", "needs fields or take"),
        ({"each": "a", "take": "b", "fields": {"c": "d"}}, "", "not both"),
        ({"each": "a", "fields": {"b": {"cast": "text"}}}, "/fields/b", "exactly one operator"),
        ({"filter": "a"}, "", "needs a where"),
        ({"fields": {}}, "/fields", "at least one field"),
        ({"concat": ["a"], "separator": "x" * 11}, "/separator", "at most ten"),
        ({"jmespath": "length(a)"}, "/jmespath", "function expression is not allowed"),
        ({"jmespath": "[a, a]"}, "/jmespath", "multi select list is not allowed"),
        ({"jmespath": "a[?b > `1`]"}, "/jmespath", "only == and !="),
        ({"jmespath": "a[?"}, "/jmespath", "no JMESPath"),
        ({"jmespath": "a" * 301}, "/jmespath", "at most 300"),
    ],
)
def test_a_bad_rule_is_refused_with_its_place(rule, pointer, reason):
    found = refusal({"fields": {"x": rule}})
    assert found.pointer == f"/fields/x{pointer}"
    assert reason in found.reason


@pytest.mark.parametrize(
    ("definition", "pointer"),
    [
        ([], ""),
        ({"fields": []}, "/fields"),
        ({}, "/fields"),
        ({"fields": {"x": "a"}, "script": "x"}, "/script"),
        ({"fields": {"x": "a"}, "let": []}, "/let"),
        ({"fields": {"x": "a"}, "let": {"a": {"ref": "b"}, "b": "x"}}, "/let/a/ref"),
        ({"fields": {"x": "a"}, "let": {"a": {"ref": "a"}}}, "/let/a/ref"),
        ({"fields": {"x": "a"}, "tables": {"t": 1}}, "/tables"),
        ({"fields": {"a/b": {"path": 1}}}, "/fields/a~1b/path"),
    ],
)
def test_a_bad_definition_is_refused_with_its_place(definition, pointer):
    if isinstance(definition, list):
        definition = json.dumps(definition)
    assert refusal(definition).pointer == pointer


def test_a_refusal_names_the_line_of_the_text():
    text = '{\n  "object": "x",\n  "fields": {\n    "good": "a",\n    "bad": {\n      "path": "a..b"\n    }\n  }\n}'
    found = refusal(text)
    assert (found.line, found.pointer) == (6, "/fields/bad/path")
    assert str(found).startswith("line 6, /fields/bad/path: ")


def test_text_that_is_no_json_is_refused_as_such():
    assert "not JSON" in refusal('{"fields": ').reason
    assert "same key twice" in refusal('{"fields": {"x": "a", "x": "b"}}').reason


def test_lines_are_found_for_lists_and_escaped_keys():
    lines = lines_by_pointer('{"a~/b":\n [1,\n {"c": [],\n "d": "x"}]}')
    assert lines["/a~0~1b"] == 1
    assert lines["/a~0~1b/0"] == 2
    assert lines["/a~0~1b/1"] == 3
    assert lines["/a~0~1b/1/d"] == 4


def test_a_map_must_fit_the_struct_it_is_for():
    rules = {"title": "t", "rate": {"value": None}, "amount": "a"}
    compile_map({"fields": rules}, target=TaxLine)
    assert "no field 'colour'" in refusal({"fields": {**rules, "colour": "c"}}, target=TaxLine).reason
    assert refusal({"fields": {"title": "t"}}, target=TaxLine).reason == "TaxLine needs rate, amount"


def test_a_map_must_fit_the_structs_within():
    line = {"id": "id", "title": "t", "quantity": "q", "unit_price": "p", "discount": "d", "weight": "w"}
    found = refusal({"fields": {"lines": {"each": "l", "fields": line}}}, target=Order)
    assert found.pointer == "/fields/lines/weight"
    assert "OrderLine has no field 'weight'" in found.reason


def test_a_map_must_fit_by_every_branch():
    charge = {"list": [{"if": {"present": "tip"}, "then": {"fields": {"kind": "k", "title": "t"}}}]}
    found = refusal({"fields": {"charges": charge}}, target=Order)
    assert (found.pointer, found.reason) == ("/fields/charges", "Charge needs amount")
