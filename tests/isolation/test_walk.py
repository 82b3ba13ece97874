"""Theo, Cleo and Iris open everything there is: nothing of others comes back, with both walls and with each alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.isolation.canaries import Shop
from tests.isolation.layers import Walls, rows_the_database_shows, standing, the_scope_filters
from tests.isolation.walk import SCRIPTED, SEARCHES, Walker, addresses, everything, finds_as_little_as_nonsense, visits

EITHER = (Walls.BOTH, Walls.SCOPE, Walls.POLICIES)
WALKERS = ("theo", "tia", "cleo", "clara", "iris")
OWN = {"theo": "marlow", "tia": "marlow", "cleo": "bluebell", "clara": "bluebell", "iris": "harbour-pine"}


@pytest.fixture(params=EITHER, ids=str)
def walls(request, world, monkeypatch):
    with standing(request.param, world.url, monkeypatch):
        yield request.param


def test_the_walls_are_really_down(world, monkeypatch):
    """Otherwise the tests below would prove nothing."""
    bell = world.shops["bluebell"]
    schema, own = bell.partner.schema_name, [bell.retailer.pk]
    for walls, shown, filters in (
        (Walls.BOTH, False, True),
        (Walls.SCOPE, True, True),
        (Walls.POLICIES, False, False),
        (Walls.NONE, True, False),
    ):
        with standing(walls, world.url, monkeypatch):
            assert (rows_the_database_shows(schema, own) > 0) is shown, walls
            assert the_scope_filters(schema, own) is filters, walls


def test_without_any_wall_the_walk_finds_the_leaks(world, monkeypatch):
    clara, pine = world.walkers["clara"], world.shops["harbour-pine"]
    with standing(Walls.NONE, world.url, monkeypatch):
        answers = visits(clara, pine, posts=False)
        found = [what for what, typed, answer in answers if clara.leaked(answer, typed=typed)]
    assert len(found) > 100
    for part in ("GET /messages/?", "export.csv", "export.jsonl", "/api/v1/overview", "GET /?", "GET /connections/"):
        assert any(part in what for what in found), part


@pytest.mark.parametrize("name", WALKERS)
def test_nothing_of_others_is_in_any_answer(world, walls, name):
    if name == "tia" and walls is not Walls.BOTH:
        pytest.skip("Theo walks at Tidewater with each wall alone; Tia opens what he may not")
    walker, leaks, asked = world.walkers[name], [], 0
    for shop in world.shops.values():
        for what, typed, answer in visits(walker, shop):
            asked += 1
            if answer.status_code >= 500:
                leaks.append(f"{what}: {answer.status_code}")
            if words := walker.leaked(answer, typed=typed):
                leaks.append(f"{what}: {', '.join(words)}")
    assert asked > 100
    assert not leaks, f"{walls}: {name} was sent\n" + "\n".join(leaks[:40])


@pytest.mark.parametrize("name", WALKERS)
def test_ones_own_rows_are_there(world, walls, name):
    """Or the walk would have found nothing because there was nothing."""
    walker, own = world.walkers[name], world.shops[OWN[name]]
    message = own.objects["message_id"][0]["message_id"]
    for path in ("/messages/", f"/messages/{message}/", "/exceptions/", "/connections/", "/api/v1/exceptions"):
        answer = walker.get(path)
        assert answer.status_code == 200, path
        assert own.word.encode() in everything(answer), path


@pytest.mark.parametrize("name", WALKERS)
def test_others_objects_are_not_there_at_all(world, walls, name):
    """404 for whoever may open such a page, and 403 or 405 for whoever may not: never an answer about the object."""
    walker, own = world.walkers[name], OWN[name]
    wrong = [
        f"{what}: {answer.status_code}"
        for key, shop in world.shops.items()
        if key != own
        for what, answer in foreign_objects(walker, shop)
        if answer.status_code not in (403, 404, 405)
    ]
    assert not wrong, f"{walls}: {name}\n" + "\n".join(wrong[:40])


@pytest.mark.parametrize("name", ["theo", "cleo", "iris"])
@pytest.mark.parametrize("field", sorted(SEARCHES))
def test_a_search_for_others_words_finds_what_nonsense_finds(world, walls, name, field):
    """To the byte: neither a row, nor a suggestion, nor a count, nor another sentence betrays that there is one."""
    walker = world.walkers[name]
    for key, shop in world.shops.items():
        if key != OWN[name]:
            for text in what_to_search(shop, field):
                for route in SEARCHES[field]:
                    assert finds_as_little_as_nonsense(walker, route, field, text), (route, text)


def foreign_objects(walker: Walker, shop: Shop) -> Iterator[tuple[str, Any]]:
    for route, path in addresses(shop):
        if set(route.arguments) & set(shop.objects):
            yield f"GET {path}", walker.get(path)
            yield f"GET {path} by a script", walker.get(path, **SCRIPTED)


def what_to_search(shop: Shop, field: str) -> list[str]:
    connection = shop.objects["key"][0]["key"]
    return {
        "q": [*shop.numbers[:1], str(shop.objects["message_id"][0]["message_id"])],
        "connection": [connection],
        "flow": [f"{shop.key}-orders-{shop.word}"],
        "store": [f"101-{shop.word}"],
        "topic": [f"orders/create-{shop.word}"],
        "version": [f"8.2.1-{shop.word}"],
        "find": [*shop.numbers[:1], shop.word],
        "class": [f"transport-{shop.word}"],
    }[field]
