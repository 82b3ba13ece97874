"""The language is total: no map, however meant, runs long, grows large or takes the process with it."""

import random
import time
from contextlib import suppress

import pytest

from connectors.mapping import MappingError, MappingRefused, compile_map
from connectors.mapping.filters import MAX_LENGTH


def test_rules_nested_without_end_are_refused():
    rule = "a"
    for _ in range(30):
        rule = {"neg": rule}
    with pytest.raises(MappingRefused, match="nest more than"):
        compile_map({"fields": {"x": rule}})


def test_named_rules_that_double_each_other_are_refused():
    let = {"r0": {"concat": ["a", "a"]}}
    for index in range(1, 30):
        let[f"r{index}"] = {"concat": [{"ref": f"r{index - 1}"}, {"ref": f"r{index - 1}"}]}
    with pytest.raises(MappingRefused, match="too much work"):
        compile_map({"let": let, "fields": {"x": {"ref": "r29"}}})


@pytest.mark.parametrize(
    "rule",
    [
        {"each": "lines", "take": {"count": "$.lines"}},
        {"each": "lines", "take": {"sum": "$.lines"}},
        {"each": "lines", "take": {"each": {"coalesce": ["$.lines", "x"]}, "take": "n"}},
        {"each": "lines", "take": {"chain": ["$.lines", "$.lines"]}},
        {"each": "lines", "where": {"gt": [{"count": "$.lines"}, 0]}, "take": "n"},
        {"each": "lines", "take": {"first": {"path": "$.lines"}}},
    ],
)
def test_walking_the_whole_document_for_each_item_is_refused(rule):
    with pytest.raises(MappingRefused, match="from the item itself"):
        compile_map({"fields": {"x": rule}})


def test_a_named_rule_over_a_list_may_not_stand_within_a_list():
    let = {"all": {"sum": {"each": "lines", "take": "n"}}}
    with pytest.raises(MappingRefused, match="walks a list"):
        compile_map({"let": let, "fields": {"x": {"each": "lines", "take": {"ref": "all"}}}})


def test_a_list_of_too_many_items_is_refused():
    mapping = compile_map({"fields": {"x": {"each": "lines", "take": "@"}}})
    assert len(mapping.run({"lines": [1] * 10_000})["x"]) == 10_000
    with pytest.raises(MappingError, match="at most 10,000"):
        mapping.run({"lines": [1] * 10_001})


def test_a_text_of_too_many_characters_is_refused():
    mapping = compile_map({"fields": {"x": {"concat": ["a"] * 50}}})
    with pytest.raises(MappingError, match="at most 10,000"):
        mapping.run({"a": "y" * 1000})


def test_numbers_cannot_grow_without_end():
    mapping = compile_map({"fields": {"x": {"mul": [{"mul": ["a"] * 40}] * 40}}})
    with pytest.raises(MappingError, match="a size no amount has"):
        mapping.run({"a": 9 * 10**17})


def test_a_definition_of_too_many_bytes_is_refused():
    with pytest.raises(MappingRefused, match="at most 200,000"):
        compile_map('{"about": "' + "x" * 200_000 + '"}')


@pytest.mark.parametrize(
    "expression",
    ["@." * 100 + "a", "*" + ".*" * 100, "a" + "[*]" * 90, "a" + "[]" * 140, "(" * 140 + "a" + ")" * 140],
)
def test_no_filter_runs_long_on_a_large_document(expression):
    assert len(expression) <= MAX_LENGTH
    document = {"a": [[{"b": [1, 2, 3]}] * 20] * 100}
    started = time.perf_counter()
    with suppress(MappingRefused, MappingError):
        compile_map({"fields": {"x": {"jmespath": expression}}}).run(document)
    assert time.perf_counter() - started < 2


WORDS = """add sub mul div neg sum concat coalesce round date if each first count filter list chain fields lookup
jmespath path value ref"""
OPERATORS = WORDS.split()


def random_rule(rng, level=0):
    """Often nonsense, on purpose."""
    if level > 3 or rng.random() < 0.3:
        return rng.choice(
            ["a", "b.c", "l", "$.l", "@", "l[0].n", "$", {"value": rng.choice([1, "x", None, True])}, 7, []]
        )
    inner = [random_rule(rng, level + 1) for _ in range(rng.randrange(3))]
    name = rng.choice(OPERATORS)
    rule = {name: rng.choice([inner, *(inner or ["a"]), "a[?b]"])}
    for option in ("take", "fields", "where", "then", "else", "table", "cast", "default", "places"):
        if rng.random() < 0.25:
            rule[option] = rng.choice(
                [{"x": "a"}, {"present": "a"}, {"lt": ["a", "b.c"]}, *inner, "decimal", "text", "datetime", 2]
            )
    return rule


def random_document(rng, level=0):
    if level > 3 or rng.random() < 0.3:
        return rng.choice([None, True, 1, "1.5", "x", "2026-11-23T00:00:00Z", -7, ""])
    if rng.random() < 0.4:
        return [random_document(rng, level + 1) for _ in range(rng.randrange(4))]
    return {key: random_document(rng, level + 1) for key in rng.sample(["a", "b", "c", "l", "n"], rng.randrange(5))}


def test_any_rule_on_any_document_ends_in_a_value_or_an_error_of_ours():
    rng = random.Random(40)
    ran = failed = 0
    while ran < 2000:
        try:
            mapping = compile_map({"fields": {"x": random_rule(rng)}})
        except MappingRefused:
            continue
        for _ in range(4):
            document = random_document(rng)
            try:
                mapping.run(document)
                mapping.explain(document)
            except MappingError as error:
                failed += 1
                assert error.reason
            ran += 1
    assert 0 < failed < ran
