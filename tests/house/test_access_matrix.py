"""Every route × method × role × target, as tests/house/access_matrix.toml says; a route without a row fails."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from governance.access.roles import ROLES
from tests.house.matrix_world import (
    HOST,
    OTHER_HOST,
    OTHER_PARTNER,
    OTHER_RETAILER,
    OWN,
    RETAILERS,
    UNKNOWN_HOST,
    MatrixWorld,
    build,
    undone,
)

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
ANONYMOUS = "anonymous"
ASKERS = (ANONYMOUS, *ROLES)
MATRIX = tomllib.loads((Path(__file__).parent / "access_matrix.toml").read_text())
# What routes without an object are asked for; texts of nobody.
ARGUMENTS = {
    "form": "csv",
    "name": "messages",
    "kind": "order",
    "connector_key": "shopify",
    "act": "hold",
    "number": 1,
    "token": "x" * 43,
    "version": "v1",
}


@dataclass(frozen=True)
class Route:
    """One route of the URL table. `name` is what the matrix calls it."""

    name: str
    path: str
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """The matrix' row of a route."""

    statuses: dict[str, dict[str, int]]
    object: str = ""
    narrowed: bool = False
    api: bool = False
    asks_first: bool = False
    found_first: list[str] = field(default_factory=list)
    stored: bool = False
    form: dict[str, Any] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)

    def expected(self, method: str, asker: str) -> int:
        """For one's own retailer. HEAD is as GET."""
        answers = self.statuses.get("GET" if method == "HEAD" else method)
        if answers is None:
            return self._without_such_a_method(asker)
        if asker in answers:
            return answers[asker]
        return self._refused(asker)

    def _without_such_a_method(self, asker: str) -> int:
        """Pages look at the method first, the API at who asks."""
        known = any(asker in answers for answers in self.statuses.values())
        return self._refused(asker) if (self.api or self.asks_first) and not known else 405

    def _refused(self, asker: str) -> int:
        return (401 if self.api else 302) if asker == ANONYMOUS else 403


def routes(resolver: URLResolver | None = None, path: str = "", names: tuple[str, ...] = ()) -> Iterator[Route]:
    for entry in (resolver or get_resolver()).url_patterns:
        here = path + str(entry.pattern)
        arguments = (*names, *entry.pattern.converters, *entry.pattern.regex.groupindex)
        if isinstance(entry, URLResolver):
            yield from routes(entry, here, arguments)
        elif isinstance(entry, URLPattern):
            yield Route(entry.name or here, here, tuple(dict.fromkeys(arguments)))


ROUTES = {route.name: route for route in routes()}


def row_of(name: str) -> Row:
    told = dict(MATRIX["routes"][name])
    statuses = {method: _by_asker(told.pop(method)) for method in METHODS if method in told}
    return Row(statuses, **told)


def _by_asker(answers: dict[str, int]) -> dict[str, int]:
    """Groups first, then single roles, so that a role may differ from its group."""
    groups = {"everybody": ASKERS, "signed_in": ROLES, **MATRIX["groups"]}
    found = {role: status for group, status in answers.items() for role in groups.get(group, ())}
    return found | {role: status for role, status in answers.items() if role not in groups}


@pytest.fixture(scope="module")
def world(partners, django_db_blocker) -> Iterator[MatrixWorld]:
    """Made once for all routes, in a transaction that is rolled back."""
    with django_db_blocker.unblock(), undone():
        yield build(partners)


def test_every_route_has_a_row_and_every_row_a_route():
    assert sorted(set(ROUTES) - set(MATRIX["routes"])) == [], "routes without a row in access_matrix.toml"
    assert sorted(set(MATRIX["routes"]) - set(ROUTES)) == [], "rows of access_matrix.toml without a route"


def test_routes_have_names_of_their_own():
    found = [route.name for route in routes()]
    assert len(found) == len(set(found))


@pytest.mark.parametrize("name", sorted(set(ROUTES) & set(MATRIX["routes"])))
def test_a_route_answers_as_its_row_says(name, world):
    row, wrong = row_of(name), []
    for target, host, query in targets(row):
        url = address(ROUTES[name], row, world, target, query)
        for method, asker in questions(row, target, host):
            expected = wanted(row, method, asker, target, host)
            answer = ask(world, row, method, url, asker, host)
            if problem := judge(answer, expected, host, row):
                wrong.append(f"{name}: {asker} {method} {url} ({target}, {host}): {problem}")
    assert not wrong, "\n".join([f"{len(wrong)} answers are not as the matrix says", *wrong[:30]])


def questions(row: Row, target: str, host: str) -> Iterator[tuple[str, str]]:
    """Every method × asker for one's own retailer; elsewhere without repeating what cannot differ."""
    for method in METHODS:
        if target != OWN and row.expected(method, "owner") == 405:
            continue
        for asker in (ANONYMOUS, "owner") if host == UNKNOWN_HOST else ASKERS:
            yield method, asker


def targets(row: Row) -> Iterator[tuple[str, str, dict[str, str]]]:
    """(target, host, query) of each column of the matrix."""
    yield OWN, HOST, {}
    yield OWN, OTHER_HOST, {}
    yield OWN, UNKNOWN_HOST, {}
    for target in (OTHER_RETAILER, OTHER_PARTNER):
        if row.object:
            yield target, HOST, {}
        if row.narrowed:
            yield target, HOST, {"retailer": RETAILERS[target]}


def wanted(row: Row, method: str, asker: str, target: str, host: str) -> int:
    if host == UNKNOWN_HOST:
        return 404
    if host == OTHER_HOST:
        return row.expected(method, ANONYMOUS)  # a session is worth nothing at another partner
    status = row.expected(method, asker)
    hidden = status not in (403, 405) or (status == 403 and asker in row.found_first)
    return 404 if hidden and target != OWN and asker != ANONYMOUS else status


def address(route: Route, row: Row, world: MatrixWorld, target: str, query: dict[str, str]) -> str:
    known = ARGUMENTS | world.objects[target].get(row.object, {})
    url = reverse(route.name, kwargs={name: known[name] for name in route.arguments})
    pairs = row.query | query
    return f"{url}?{urlencode(pairs)}" if pairs else url


def ask(world: MatrixWorld, row: Row, method: str, url: str, asker: str, host: str) -> Any:
    # Whoever forwards may say what they like: only the Host counts.
    headers = {"x-forwarded-host": OTHER_HOST if host != OTHER_HOST else HOST, "x-forwarded-server": OTHER_HOST}
    if method not in ("POST", "PUT", "PATCH"):
        return world.ask(method, url, asker, host=host, headers=headers)
    if row.api:
        return world.ask(method, url, asker, host=host, headers=headers, data=row.form, content_type="application/json")
    return world.ask(method, url, asker, host=host, headers=headers, data=row.form if method == "POST" else None)


def judge(answer: Any, expected: int, host: str, row: Row) -> str:
    """What is wrong with an answer; "" when nothing is."""
    if answer.status_code != expected:
        return f"{answer.status_code}, not {expected}"
    if host == UNKNOWN_HOST and not answer.streaming and answer.content:
        return "a body for an unknown host"
    if expected == 302 and not answer.headers["Location"].startswith("/"):
        return f"leads to {answer.headers['Location']}"
    if host != UNKNOWN_HOST and not row.stored and "no-store" not in answer.headers.get("Cache-Control", ""):
        return "may be stored"
    return ""
