"""The hashed bytes are the same on every machine, and a verifier can build them again from the row."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from governance.audit.canonical import NotCanonical, canonical, leaf_hash, utc_text


def test_keys_are_sorted_and_text_is_plain_utf8() -> None:
    assert canonical({"b": 'é\n"', "a": {"z": 1, "B": ""}}) == '{"a":{"B":"","z":1},"b":"é\\n\\""}'.encode()


def test_the_order_of_writing_does_not_matter() -> None:
    assert canonical({"a": 1, "b": 2}) == canonical({"b": 2, "a": 1})


@pytest.mark.parametrize("value", [1.5, None, True, Decimal("1"), ["a"], b"a", {1: "a"}, datetime.now(UTC)])
def test_values_without_one_form_are_refused(value: object) -> None:
    with pytest.raises(NotCanonical):
        canonical({"a": {"b": value}})


def test_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(NotCanonical):
        canonical({"a": "\ud800"})


def test_times_are_utc_with_microseconds() -> None:
    eastern = timezone(timedelta(hours=-5))
    assert utc_text(datetime(2026, 11, 23, 1, 30, tzinfo=eastern)) == "2026-11-23T06:30:00.000000Z"
    with pytest.raises(NotCanonical):
        utc_text(datetime(2026, 11, 23))  # noqa: DTZ001


def test_the_leaf_is_that_of_rfc_6962() -> None:
    """The published vectors: the hash of an empty leaf and of one zero byte."""
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert leaf_hash(b"\x00").hex() == "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"


def test_canonical_bytes_are_json_that_reads_back() -> None:
    record = {"a": "\u2028\x7f", "n": 2**80}
    assert json.loads(canonical(record)) == record
    assert leaf_hash(canonical(record)) == hashlib.sha256(b"\x00" + canonical(record)).digest()
