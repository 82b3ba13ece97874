"""Hints are few, small and say nothing but where to look."""

from __future__ import annotations

from uuid import uuid4

import psycopg
import pytest

from monitoring.ledger.hints import (
    CHANNEL,
    Hint,
    exception_changed,
    messages_changed,
    notify,
    notify_sql,
    read_payload,
)
from tenants.asyncdb import conninfo


def payloads(*hints: Hint) -> list[str]:
    _, (_, found) = notify_sql("p_north", hints)
    return found


def test_a_batch_sends_one_hint_a_retailer_and_topic():
    many = [messages_changed(1, uuid4()) for _ in range(200)] + [messages_changed(2)]
    assert payloads(*many) == [
        "p_north|1|messages|",
        "p_north|1|overview|",
        "p_north|2|messages|",
        "p_north|2|overview|",
    ]


def test_a_single_change_names_what_changed():
    changed = uuid4()
    assert f"p_north|7|exceptions|{changed}" in payloads(exception_changed(7, changed))


def test_nothing_changed_sends_nothing():
    assert notify_sql("p_north", []) is None


def test_an_unknown_topic_is_refused():
    with pytest.raises(ValueError, match="prices"):
        notify_sql("p_north", [Hint(1, "prices")])


@pytest.mark.parametrize("payload", ["", "p_x", "p_x|one|messages|", "p_x|1|prices|", "p_x|1|messages|a|b", "x|1"])
def test_what_is_not_a_hint_is_not_read_as_one(payload):
    assert read_payload(payload) is None


@pytest.mark.usefixtures("committed")
def test_a_hint_arrives_on_the_channel_after_the_commit():
    with psycopg.connect(conninfo(), autocommit=True) as listener:
        listener.execute(f"LISTEN {CHANNEL}")
        notify("p_north", [exception_changed(7)])
        heard = [note.payload for note in listener.notifies(timeout=5, stop_after=2)]
    assert read_payload(heard[0]) == ("p_north", Hint(7, "exceptions", ""))
