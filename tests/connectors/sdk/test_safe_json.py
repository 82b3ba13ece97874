"""The quick parser against a slow one that is obviously right."""

import json
import random
from decimal import Decimal

import pytest

from connectors.sdk import safe_json
from connectors.sdk.errors import PayloadChanged
from connectors.sdk.safe_json import UnreadablePayload, depth, parse


class Refused(Exception):
    pass


def reference(body: bytes):
    """Python's own parser with every rule checked one after the other."""
    try:
        document = json.loads(
            body.decode("utf-8"), object_pairs_hook=_unique, parse_float=Decimal, parse_constant=_no_constant
        )
        levels, nodes = _measure(document)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise Refused from error
    if levels > 64 or nodes > 100_000:
        raise Refused
    return document


def _unique(pairs):
    for key, value in pairs:
        _check_text(key)
        _check_text(value)
    if len({key for key, _ in pairs}) != len(pairs):
        raise Refused
    return dict(pairs)


def _check_text(value):
    if isinstance(value, str):
        value.encode("utf-8")
        if "\0" in value:
            raise Refused
    elif isinstance(value, list):
        for inner in value:
            _check_text(inner)


def _no_constant(name):
    raise Refused


def _measure(value):
    _check_text(value)
    if not isinstance(value, (dict, list)):
        return 0, 1
    inner = [_measure(one) for one in (value.values() if isinstance(value, dict) else value)]
    return 1 + max((levels for levels, _ in inner), default=0), 1 + sum(nodes for _, nodes in inner)


def outcome(parser, body):
    try:
        return "read", parser(body)
    except (Refused, UnreadablePayload):
        return "refused", None


WORDS = r"""
"a" "b" "" "\"" "\\" "\\\"" "é" "\u00e9" "\u0000" "\\u0000" "\ud83d\ude00" "\ud800" "\ude00x" "{[:,]}" "a:b" "\"
0 -0 1 -12 1.50 1e5 1E-7 12345678901234567890123 01 1. +1 .5 NaN Infinity -Infinity true false null nul 'a' //x
"""
PIECES = [*WORDS.split(), "\x00", "\x1f", "\x7f"]


def random_text(rng, level=0):
    roll = rng.random()
    if level > 4 or roll < 0.45:
        return rng.choice(PIECES)
    space = rng.choice(["", "", " ", "\n\t", "\r\n "])
    if roll < 0.7:
        return "[" + space + ",".join(random_text(rng, level + 1) for _ in range(rng.randrange(4))) + space + "]"
    keys = (rng.choice(['"a"', '"b"', '"c"', '"d"', '"\\u0061"', '"a\\\\"', '"\\""']) for _ in range(rng.randrange(4)))
    return "{" + ",".join(f"{key}{space}:{space}{random_text(rng, level + 1)}" for key in keys) + "}"


def test_random_documents_are_read_and_refused_as_by_the_reference():
    rng = random.Random(20261123)
    seen = {"read": 0, "refused": 0}
    for _ in range(4000):
        body = random_text(rng).encode("utf-8", "surrogatepass")
        expected = outcome(reference, body)
        assert outcome(parse, body) == expected, body
        seen[expected[0]] += 1
    assert min(seen.values()) > 500


def test_valid_documents_with_one_damaged_byte_end_as_by_the_reference():
    rng = random.Random(7)
    whole = json.dumps({"id": 12, "a": ['x\\"y', {"b": 1.25, "é": None}], "c": "\\u0041", "d": True}).encode()
    for _ in range(3000):
        position = rng.randrange(len(whole))
        body = whole[:position] + bytes((rng.randrange(256),)) + whole[position + rng.randrange(2) :]
        assert outcome(parse, body) == outcome(reference, body), body


def test_depth_is_exact_for_valid_documents():
    rng = random.Random(11)
    checked = 0
    while checked < 500:
        body = random_text(rng).encode("utf-8", "surrogatepass")
        kind, document = outcome(reference, body)
        if kind == "read":
            assert depth(body) == _measure(document)[0], body
            checked += 1


@pytest.mark.parametrize("levels", [63, 64, 65, 66, 10_000])
def test_sixty_four_levels_are_read_and_no_more(levels):
    body = b"[" * levels + b"]" * levels
    assert outcome(parse, body)[0] == ("read" if levels <= 64 else "refused")
    assert (depth(body) > safe_json.MAX_DEPTH) == (levels > 64)


@pytest.mark.parametrize("body", [b"[" * 100, b'{"a":' * 100, b"[{" * 50 + b"]", b"]" * 100 + b"[" * 70])
def test_depth_of_unfinished_bodies_is_never_underrated(body):
    assert depth(body) > safe_json.MAX_DEPTH


def test_brackets_within_text_are_no_depth():
    assert depth(json.dumps({"a": "[" * 500, "b": '\\"' + "{" * 500}).encode()) == 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "is empty"),
        (b"  \n", "is empty"),
        (b'{"a":1,}', "trailing comma"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b'"\xff"', "UTF-8"),
        (b'{"a":1,"a":2}', "same key twice"),
        (b'{"a":{"b":1,"b":1}}', "same key twice"),
        (b'{"a":1,"\\u0061":2}', "same key twice"),
        (b'{"a":"\\u0000"}', "NUL"),
        (b'{"a":\x00}', "NUL"),
        (b'["\\ud800"]', "surrogate"),
        (b'["\\udc00\\ud800"]', "surrogate"),
        (b"[NaN]", "not JSON"),
        (b"[-Infinity]", "not JSON"),
        (b"1" * 5000, "too large"),
        (b"[1e99999999999999999999]", "too large"),
        (b"[" * 65 + b"]" * 65, "64 levels"),
        (b"[" + b"1," * 100_000 + b"1]", "100,000 values"),
    ],
)
def test_each_refusal_says_why_in_a_sentence(body, reason):
    with pytest.raises(UnreadablePayload, match=reason) as caught:
        parse(body)
    assert caught.value.operator_message.endswith(".")
    assert isinstance(caught.value, PayloadChanged)


def test_a_body_above_the_callers_limit_is_not_even_looked_at():
    with pytest.raises(UnreadablePayload, match="at most 9"):
        parse(b'{"a": "\xff"}', max_bytes=9)


def test_numbers_keep_their_value():
    found = parse(b'{"id": 820982911946154508, "big": 1234567890123456789012345, "price": 19.90, "rate": 1e-3}')
    assert found == {
        "id": 820982911946154508,
        "big": 1234567890123456789012345,
        "price": Decimal("19.90"),
        "rate": Decimal("0.001"),
    }
    assert str(found["price"]) == "19.90"


def test_an_escaped_backslash_before_u0000_is_text():
    assert parse(rb'["\\u0000"]') == ["\\u0000"]


def test_exactly_one_hundred_thousand_values_are_read():
    assert len(parse(b"[" + b"1," * 99_998 + b"1]")) == 99_999
