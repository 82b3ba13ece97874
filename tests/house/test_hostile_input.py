"""Whatever is put into an address or a form, no page answers 500."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.urls import reverse

from tests.house.matrix_world import OWN, MatrixWorld, build, undone
from tests.house.test_access_matrix import ARGUMENTS, MATRIX, ROUTES, row_of

HIGHEST_ID = "ffffffff-ffff-ffff-ffff-ffffffffffff"
TEXTS = ("a\x00b", "\ud800", "x" * 9000, "9" * 400, "-1", "' OR 1=1; --", "\u0664\u0662", "\u202e<script>%s{{x}}")
TIMES = ("now-9999w/M", "now-9999M", "now-9999h/h", "1e400", "0001-01-01", "9" * 30, "2199-12-31T23:59-14:00")
CURSORS = (HIGHEST_ID, "0" * 32, "x")
FREE = [
    "q",
    "outcome",
    "door",
    "connection",
    "flow",
    "topic",
    "store",
    "version",
    "attempt",
    "class",
    "find",
    "next",
    "open",
    "limit",
    "order",
]
PARTED = ["retailer", "tab", "part"]  # a bad one ends the request before the others are read


@pytest.fixture(scope="module")
def world(partners, django_db_blocker) -> Iterator[MatrixWorld]:
    with django_db_blocker.unblock(), undone():
        yield build(partners)


def hostile_queries() -> Iterator[dict[str, str]]:
    yield from (dict.fromkeys(FREE, text) for text in TEXTS)
    yield from ({name: text} for name in PARTED for text in TEXTS[:4])
    yield from ({end: time} for end in ("from", "to") for time in TIMES)
    yield from ({name: cursor} for name in ("before", "after", "through") for cursor in CURSORS)


def address(name: str, world: MatrixWorld) -> str:
    known = ARGUMENTS | world.objects[OWN].get(row_of(name).object, {})
    return reverse(name, kwargs={argument: known[argument] for argument in ROUTES[name].arguments})


def named(method: str) -> list[str]:
    return sorted(name for name, row in MATRIX["routes"].items() if method in row and name in ROUTES)


def urlencoded(values: dict[str, Any]) -> str:
    return urlencode(values, errors="surrogatepass")


@pytest.mark.parametrize("name", named("GET"))
def test_no_query_breaks_a_route(name, world):
    url, broken = address(name, world), []
    for query in hostile_queries():
        answer = world.ask("GET", f"{url}?{urlencoded(query)}", "owner")
        if answer.status_code >= 500:
            broken.append(f"{answer.status_code} for {urlencoded(query)[:80]}")
    assert not broken, f"{url}\n" + "\n".join(broken)


@pytest.mark.parametrize("name", named("POST"))
def test_no_form_breaks_a_route(name, world):
    url, good, broken = address(name, world), row_of(name).form, []
    for field in {"next", "reason", *good}:
        for text in TEXTS[:4]:
            body = urlencoded(good | {field: text}).encode()
            kind = "application/x-www-form-urlencoded"
            answer = world.ask("POST", url, "owner", data=body, content_type=kind)
            if answer.status_code >= 500:
                broken.append(f"{answer.status_code} for {field}={text[:20]!r}")
    assert not broken, f"{url}\n" + "\n".join(broken)


@pytest.mark.parametrize("piece", [*TEXTS, *CURSORS])
def test_no_path_breaks_the_url_table(piece, world):
    text = quote(piece, safe="", errors="surrogatepass")
    for path in (
        "/{}",
        "/messages/{}/",
        "/connections/{}/",
        "/people/{}/",
        "/welcome/{}/",
        "/overview/{}.csv",
        "/api/{}",
    ):
        assert world.ask("GET", path.format(text), "owner").status_code in (302, 404)


@pytest.mark.parametrize("text", ["a\x00b", "\\u0000"])
def test_what_no_text_can_hold_is_refused_with_a_sentence(text, world):
    answer = world.ask("GET", f"/messages/?q={quote(text)}", "owner")
    assert answer.status_code == (400 if "\x00" in text else 200)
    assert b"<h1>" in answer.content
