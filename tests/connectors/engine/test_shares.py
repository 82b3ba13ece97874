"""How what is limited is shared: pure."""

from __future__ import annotations

import random
from collections import Counter
from uuid import UUID

from connectors.engine.drain.turns import Found, take_turns
from connectors.engine.shares import PARTNER, equal_parts, may_take

RNG = random.Random(7)


def settled(capacity: int, hogs: int, factor: int = 1) -> list[int]:
    """What each of so many holds when all take whatever they may and give nothing back."""
    held = [0] * hogs
    for _ in range(200):
        for hog in range(hogs):
            held[hog] += min(1, may_take(capacity - sum(held), held[hog], factor))
    return held


def test_one_alone_may_hold_half_and_a_partner_three_quarters():
    assert settled(100, 1) == [50]
    assert settled(100, 1, PARTNER) == [75]


def test_however_many_take_all_they_may_something_is_left():
    for hogs in (2, 9, 19):
        held = settled(100, hogs)
        assert max(held) - min(held) <= 1
        assert sum(held) < 100


def test_what_one_leaves_is_the_others():
    assert equal_parts({"whale": 5000, "a": 3, "b": 40}, 100, RNG) == {"whale": 57, "a": 3, "b": 40}
    assert equal_parts({"whale": 5000}, 256, RNG) == {"whale": 256}


def test_where_there_are_more_than_places_lots_decide():
    seen: Counter[int] = Counter()
    for _ in range(200):
        parts = equal_parts(dict.fromkeys(range(20), 9), 5, RNG)
        assert sum(parts.values()) == 5
        seen.update(parts)
    assert set(seen) == set(range(20))


def found(*positions: int, more: bool = False, seen_to: int = 0, at_watermark: bool = False) -> Found:
    return Found(
        positions, [UUID(int=position) for position in positions], more, seen_to or positions[-1], at_watermark
    )


def test_a_burst_is_left_behind_and_the_others_go_on():
    ahead = {1: found(1, 2, 3, 4, more=True, seen_to=40), 2: found(20, 41)}
    taken, reached = take_turns(ahead, {}, {}, 4, RNG)
    assert sorted(one.int for one in taken) == [1, 2, 20, 41]
    assert (reached.watermark, reached.behind, reached.caught_up) == (41, {1: 2}, [])


def test_who_is_behind_is_not_served_from_ahead():
    """Its order: what is ahead of it comes after what it has left."""
    window = found(3, 4, 5, 6, more=True, seen_to=41)
    taken, reached = take_turns({1: found(42, 43), 2: found(44)}, {1: window}, {1: 2}, 4, RNG)
    assert sorted(one.int for one in taken) == [3, 4, 5, 44]
    assert (reached.watermark, reached.behind) == (44, {1: 5})


def test_who_has_caught_up_is_forgotten_unless_more_came():
    window = found(3, 4, seen_to=41, at_watermark=True)
    assert take_turns({}, {1: window}, {1: 2}, 4, RNG)[1].caught_up == [1]
    assert take_turns({1: found(42)}, {1: window}, {1: 2}, 4, RNG)[1].behind == {1: 41}


def test_a_window_without_any_of_it_moves_on():
    window = Found((), (), False, 2050)
    taken, reached = take_turns({}, {1: window}, {1: 2}, 4, RNG)
    assert (taken, reached.behind, reached.watermark) == ([], {1: 2050}, 0)
