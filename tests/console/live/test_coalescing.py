"""A busy second is one hint; a quiet topic does not wait."""

from __future__ import annotations

from console.live.coalescing import Coalescer


def test_the_first_hint_of_a_quiet_topic_goes_out_at_once():
    hints = Coalescer()
    hints.offer("messages", "a")
    assert hints.due(100.0) == [("messages", "a")]
    assert hints.next_due() is None


def test_what_follows_within_the_second_becomes_one_hint_without_an_id():
    hints = Coalescer()
    hints.offer("messages", "a")
    hints.due(100.0)
    for id in "bcd" * 500:
        hints.offer("messages", id)
    assert hints.due(100.9) == []
    assert hints.next_due() == 101.0
    assert hints.due(101.0) == [("messages", "")]


def test_the_same_id_again_keeps_its_name():
    hints = Coalescer()
    hints.offer("exceptions", "x")
    hints.offer("exceptions", "x")
    assert hints.due(5.0) == [("exceptions", "x")]


def test_topics_do_not_wait_for_each_other():
    hints = Coalescer()
    hints.offer("messages", "a")
    hints.due(100.0)
    hints.offer("exceptions", "x")
    assert hints.due(100.1) == [("exceptions", "x")]
