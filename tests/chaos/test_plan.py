"""A seed decides what a run does: who is struck when, how the ERP answers, what the shops tell."""

from __future__ import annotations

from collections import Counter
from importlib import import_module
from itertools import islice

from tests.chaos import modes, pace
from tests.chaos.plan import CLASSES, Kind, Profile, blows, shops
from tests.chaos.replies import REPLIES
from tests.chaos.trade import events
from tests.chaos.world import Sender

PROFILE = Profile(seed=7, seconds=180.0)


def senders(seed: int = 7) -> list[Sender]:
    return [Sender(shop, f"/in/{shop.retailer}", "secret") for shop in shops(Profile(seed=seed, seconds=1.0))]


def test_the_same_seed_strikes_the_same_and_another_seed_does_not():
    assert blows(PROFILE) == blows(PROFILE)
    assert blows(PROFILE) != blows(Profile(seed=8, seconds=180.0))


def test_three_minutes_strike_every_part_and_freeze_longer_than_a_lease():
    planned = blows(PROFILE)
    assert {victim.rstrip("0123456789") for blow in planned for victim in blow.victims} == {
        *("web", "worker", "broker", "postgres", "beat"),
    }
    assert all(blow.seconds > 10 for blow in planned if blow.kind is Kind.FREEZE)


def test_every_class_has_a_retailer_and_every_retailer_a_canary_of_its_own():
    made = shops(PROFILE)
    assert {books.connector for shop in made for books in shop.books} == set(CLASSES)
    assert len({shop.canary for shop in made}) == len(made) == 9


def test_the_shops_tell_the_same_story_and_give_every_event_a_version_of_its_own():
    first, second = list(islice(events(7, senders()), 500)), list(islice(events(7, senders()), 500))
    assert [one.body for one in first] == [one.body for one in second]
    assert len({one.version for one in first}) == 500
    kinds = Counter((bool(one.late_seconds), bool(one.again), bool(one.twisted), one.card) for one in first)
    assert len(kinds) > 5, "late ones, repeated ones, twisted ones and cards"


def test_the_erps_temper_is_a_matter_of_the_seed_and_of_the_call():
    drawn = [modes.draw(7, "an order", nth, 0.5) for nth in range(400)]
    assert drawn == [modes.draw(7, "an order", nth, 0.5) for nth in range(400)]
    assert {modes.OK, modes.SLOW, *modes.WEIGHTS} >= set(drawn)
    assert 150 < sum(mode in modes.WEIGHTS for mode in drawn) < 250


def test_every_mode_has_its_reply():
    assert {modes.kind(mode) for mode in modes.WEIGHTS} == set(REPLIES)


def test_what_a_runs_pace_shortens_is_still_there():
    for module, name in pace.SECONDS:
        assert isinstance(getattr(import_module(module), name), float), f"{module}.{name}"
