"""The doors beside the URL table: intake, websocket, health, static files; the Host of each, and what every answer
carries in its headers.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from connectors.engine.intake.address import PREFIX
from console.asgi import application
from console.live.app import PATH
from console.views import messages
from tenants import selectors
from tests.console.views.browser import NORTHGATE, TIDEWATER, browser, signed_in
from tests.support.engine import ADDRESS, World
from tests.support.orders import order

DOORS = {"intake": PREFIX, "live": PATH, "health": "/livez", "ready": "/readyz", "static": settings.STATIC_URL}
METHODS = ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS")
OWN_HOSTS = (NORTHGATE, "NORTHGATE.Localhost", f"{NORTHGATE}:8000", f"{NORTHGATE}:443")
NO_HOSTS = (
    "",
    "unknown.example",
    "localhost",
    "127.0.0.1",
    "[::1]:8000",
    f"{NORTHGATE}.",
    f"{NORTHGATE}:",
    f"{NORTHGATE}:80:80",
    f"{NORTHGATE}:\u00b2",
    f"{NORTHGATE},{TIDEWATER}",
    f"{NORTHGATE}@evil.example",
    f"evil@{NORTHGATE}",
    f"{NORTHGATE}/",
    f"{NORTHGATE}\t",
    f" {NORTHGATE}",
    f"{NORTHGATE}\x00",
    f"x.{NORTHGATE}",
    "xn--nrthgate-h9a.localhost",
    "n\u00f6rthgate.localhost",
    "n" * 60_000,
)


def test_the_doors_are_those_that_are_tested_here():
    """A door that is added to console.asgi is to be added to DOORS and to these tests."""
    assert DOORS == {"intake": "/in/", "live": "/live", "health": "/livez", "ready": "/readyz", "static": "/static/"}


@pytest.mark.parametrize("host", OWN_HOSTS)
def test_a_host_is_known_in_any_case_and_with_any_port(db, host):
    assert browser(host).get("/sign-in/").status_code == 200


@pytest.mark.parametrize("host", NO_HOSTS, ids=lambda host: repr(host[:40]))
@pytest.mark.parametrize("path", ["/sign-in/", "/nothing/", "/static/css/base.css", "/api/v1/messages"])
def test_any_other_host_gets_an_empty_404(db, host, path):
    answer = Client().get(path, headers={"host": host, "x-forwarded-host": NORTHGATE})
    assert (answer.status_code, answer.content) == (404, b"")


def test_hosts_that_nobody_can_have_are_neither_asked_for_nor_remembered(db, django_assert_num_queries):
    selectors.forget_hosts()
    with django_assert_num_queries(0):
        assert selectors.partner_by_host("n" * 60_000) is None
    assert selectors._hosts == {}


def test_remembered_hosts_are_bounded(db, monkeypatch):
    monkeypatch.setattr(selectors, "MOST_HOSTS", 5)
    for number in range(20):
        selectors.partner_by_host(f"h{number}.example")
    assert len(selectors._hosts) <= 5


@pytest.mark.parametrize("method", METHODS)
async def test_the_intake_takes_posts_only_and_tells_strangers_nothing_of_it(world: World, method):
    assert (await world.post(order(1), method=method))[0] == 405
    assert await world.post(order(1), method=method, path=f"/in/zzzzzzzz-{ADDRESS}") == (404, {})
    assert await world.post(order(1), method=method, host=TIDEWATER) == (404, {})


@pytest.mark.parametrize("host", NO_HOSTS, ids=lambda host: repr(host[:40]))
async def test_the_intake_answers_other_hosts_with_an_empty_404(world: World, host):
    assert await world.post(order(1), headers={"host": host, "x-forwarded-host": NORTHGATE}) == (404, {})


async def test_a_second_host_or_signature_is_no_help(world: World):
    twice = [(b"host", NORTHGATE.encode()), (b"host", NORTHGATE.encode())]
    answer = await ask("http", f"/in/{world.scope.schema[2:]}-{ADDRESS}", twice, method="POST")
    assert answer[0]["status"] == 404


@pytest.mark.parametrize("stated", ["\u00b2", "9" * 5000, "-1", "1e3", str(3 * 2**20)])
async def test_an_odd_content_length_is_413_and_no_error(world: World, stated):
    assert (await world.post(order(1), headers={"content-length": stated}))[0] == 413


@pytest.mark.parametrize("host", [*NO_HOSTS, NORTHGATE, TIDEWATER], ids=lambda host: repr(host[:40]))
async def test_a_socket_is_refused_before_it_is_accepted_whatever_the_host(committed, host):
    headers = [(b"host", host.encode("latin-1", "replace")), (b"origin", f"http://{host}".encode("latin-1", "replace"))]
    sent = await ask("websocket", PATH, headers)
    assert [message["type"] for message in sent] == ["websocket.close"]


async def test_an_address_in_the_request_line_counts_for_nothing(committed):
    """`GET http://tidewater.localhost/sign-in/ HTTP/1.1`: servers hand the whole of it on as the path."""
    sent = await ask("http", f"http://{TIDEWATER}/sign-in/", [(b"host", NORTHGATE.encode())])
    assert sent[0]["status"] == 404


def test_health_is_open_and_says_nothing(db):
    for path in ("/livez", "/readyz"):
        answer = Client().get(path, headers={"host": "10.0.0.7"})
        assert answer.status_code == 200
        assert answer.content in (b"", b"ready")


def kinds_of_answers() -> dict[str, Any]:
    """One of each kind: page, redirect, refusal, 404, 405, API, static file, a file that is not there, health."""
    stranger, ada = browser(), signed_in("ada@northgate.example")
    ada.raise_request_exception = False
    return {
        "page": ada.get("/messages/"),
        "export": ada.get("/messages/export.csv"),
        "sign-in": stranger.get("/sign-in/"),
        "redirect": stranger.get("/messages/"),
        "refusal": ada.get("/people/"),
        "no page": ada.get("/nothing/"),
        "no method": ada.delete("/messages/"),
        "no token": Client(enforce_csrf_checks=True, headers={"host": NORTHGATE}).post("/sign-in/"),
        "api": ada.get("/api/v1/messages"),
        "api refusal": stranger.get("/api/v1/messages"),
        "api reader": ada.get("/api/v1/docs"),
        "static": stranger.get("/static/css/base.css"),
        "no static": stranger.get("/static/nothing.css"),
        "favicon": stranger.get("/favicon.svg"),
        "health": stranger.get("/livez"),
        "unknown host": browser("unknown.example").get("/"),
    }


def test_every_kind_of_answer_carries_the_headers(northgate, monkeypatch):
    answers = kinds_of_answers()
    monkeypatch.setattr(messages, "message_page", lambda *args, **kwargs: 1 / 0)
    broken = signed_in("ada@northgate.example")
    broken.raise_request_exception = False
    answers["500"] = broken.get("/messages/")
    assert answers["500"].status_code == 500
    missing = [f"{kind}: {name}" for kind, answer in answers.items() for name in missing_headers(kind, answer)]
    assert missing == []


def missing_headers(kind: str, answer: Any) -> list[str]:
    wanted = {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Content-Security-Policy": "default-src 'none'",
        "X-Request-Id": "",
    }
    if kind not in ("static", "favicon"):
        wanted["Cache-Control"] = "no-store"
    policy = answer.headers.get("Content-Security-Policy", "")
    found = [name for name, value in wanted.items() if value not in answer.headers.get(name, "missing")]
    found += [
        name for name in ("frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'") if name not in policy
    ]
    scripts = next((part for part in policy.split(";") if "script-src" in part), "").split()
    return found + (["inline scripts"] if "'unsafe-inline'" in scripts else [])


async def ask(kind: str, path: str, headers: list[tuple[bytes, bytes]], *, method: str = "GET") -> list[dict[str, Any]]:
    """What the whole ASGI application sends to one request."""
    scope = {"type": kind, "method": method, "path": path, "query_string": b"", "headers": headers}
    scope |= {"http_version": "1.1", "scheme": "http", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80)}
    events = [{"type": "websocket.connect"}] if kind == "websocket" else [{"type": "http.request", "body": b""}]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return events.pop(0) if events else await asyncio.get_running_loop().create_future()

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await application(scope, receive, send)
    return sent
