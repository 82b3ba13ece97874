"""Somebody opens every route of the URL table, with everybody's ids; what came back is searched for others' words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import product
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.http import SimpleCookie
from django.test import Client
from django.urls import reverse

from console.views.deeds import DEEDS
from console.views.rules import DEEDS as RULE_DEEDS
from tenants.context import ALL, partner_scope
from tenants.partners.models import Partner
from tenants.people.models import Person
from tests.house.matrix_world import undone
from tests.house.test_access_matrix import MATRIX, ROUTES, Route
from tests.isolation.canaries import NAMES, PARTNER_WORDS, SECRET, Shop

CHARTS = ("messages", "latency", "hops", "failures", "versions")
FORMS = ("csv", "jsonl")
CONNECTORS = ("shopify", "tryton")
TABS = ("timeline", "attempts", "payload", "related", "trail")
# What may be added to a route's address to see another part of it.
PARTS: dict[str, tuple[dict[str, str], ...]] = {
    "message": tuple({"tab": tab} for tab in TABS),
    "exception": tuple({"tab": tab} for tab in TABS),
    "exceptions": ({"tab": "open"}, {"tab": "resolved"}),
    "exception-rows": ({"tab": "resolved"},),
    "exceptions-export": ({"tab": "resolved"},),
    "api-exceptions": ({"tab": "resolved"}, {"limit": "200"}),
    "api-messages": ({"limit": "200"},),
    "overview": ({"part": "numbers"},),
    "endpoints": ({"show": "all"},),
}
SCRIPTED = {"hx-request": "true", "x-fragment": "dialog"}
# Not walked: they end the walker's own session.
LEAVING = {"sign-out"}


@dataclass
class Walker:
    """One person at their partner's host. `foreign`: bytes, in lower case, that must never reach them."""

    name: str
    partner: Partner
    session: str
    foreign: tuple[bytes, ...]
    client: Client

    def get(self, path: str, query: dict[str, Any] | None = None, **headers: str) -> Any:
        return self._ask("get", path, query or {}, headers)

    def post(self, path: str, form: dict[str, Any], *, as_json: bool = False) -> Any:
        kind = {"content_type": "application/json"} if as_json else {}
        return self._ask("post", path, form, {}, **kind)

    def _ask(self, method: str, path: str, data: dict[str, Any], headers: dict[str, str], **more: Any) -> Any:
        self.client.cookies = SimpleCookie({settings.SESSION_COOKIE_NAME: self.session})
        sent = {"host": f"{self.partner.key}.localhost", **headers}
        return getattr(self.client, method)(path, data, headers=sent, **more)

    def leaked(self, answer: Any, *, typed: str = "") -> list[str]:
        """The foreign words in an answer's body and headers, but for what the asker typed."""
        told = everything(answer).lower()
        if typed:
            told = told.replace(typed.encode(), b"")
        return [word.decode() for word in self.foreign if word in told]


def walker(partner: Partner, email: str, *, sees: tuple[str, ...], sees_partner: bool = False) -> Walker:
    """`sees`: keys of the retailers whose rows are this person's to see."""
    foreign = {word for key, words in NAMES.items() if key not in sees for word in words} | {SECRET.encode()}
    foreign |= {word.encode() for key, word in PARTNER_WORDS.items() if not (sees_partner and key == partner.key)}
    with partner_scope(partner.schema_name, ALL):
        session = _session(Person.objects.get(email=email))
    client = Client(raise_request_exception=False)
    return Walker(email.partition("@")[0], partner, session, tuple(sorted(foreign)), client)


def _session(person: Person) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.create()
    return session.session_key


def everything(answer: Any) -> bytes:
    """Body, headers and cookies."""
    body = answer.getvalue() if answer.streaming else answer.content
    headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
    return body + headers.encode() + answer.cookies.output().encode()


def addresses(shop: Shop) -> Iterator[tuple[Route, str]]:
    """Every route with every object of one retailer. Raises KeyError for an argument that nobody has described."""
    given: dict[str, list[dict[str, Any]]] = {
        "name": [{"name": name} for name in CHARTS],
        "form": [{"form": form} for form in FORMS],
        "act": [{"act": act} for act in DEEDS],
        "connector_key": [{"connector_key": key} for key in CONNECTORS],
        "kind": [{"kind": "order"}, {"kind": "journal_entry"}],
        "token": [{"token": "x" * 43}],
        **shop.objects,
    }
    for route in ROUTES.values():
        if route.name in LEAVING:
            continue
        if set(route.arguments) == {"message_id", "payload_id"}:
            chosen: list[dict[str, Any]] = given["payload_id"]
        elif "number" in route.arguments:
            chosen = [{**found, "act": act} for found in given["rules"] for act in RULE_DEEDS]
        elif route.name.startswith("flow-") and "key" in route.arguments:
            chosen = given["flow"]
        else:
            chosen = [_joined(parts) for parts in product(*(given[name] for name in route.arguments))]
        for arguments in chosen:
            yield route, reverse(route.name, kwargs=arguments)


def _joined(parts: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    return {name: value for part in parts for name, value in part.items()}


def visits(walker: Walker, shop: Shop, *, posts: bool = True) -> Iterator[tuple[str, str, Any]]:
    """(what was asked, what was typed, answer) of every route with the shop's ids: pages, parts, scripts, posts.

    With others' ids, routes that take none are only asked for their retailer: they were opened with one's own.
    """
    own = shop.word.encode() not in walker.foreign
    for route, path in addresses(shop):
        row = MATRIX["routes"].get(route.name, {})
        takes_ids = bool(set(route.arguments) & set(shop.objects))
        queries = ({}, *PARTS.get(route.name, ())) if own or takes_ids or not posts else ()
        narrow = ({"retailer": shop.retailer.key},) if row.get("narrowed") else ()
        for query in (*queries, *narrow):
            yield f"GET {path}?{urlencode(query)}", query.get("retailer", ""), walker.get(path, query)
        if queries:
            yield f"GET {path} by a script", "", walker.get(path, **SCRIPTED)
        if posts and queries and "POST" in row:
            yield f"POST {path}", "", _post(walker, path, row, undo=own)


def _post(walker: Walker, path: str, row: dict[str, Any], *, undo: bool) -> Any:
    """What one does to one's own is undone, so that the next walker finds it; to others' nothing must happen."""
    with undone() if undo else nullcontext():
        return walker.post(path, dict(row.get("form", {})), as_json=row.get("api", False))


# field of an address -> the routes that read it
SEARCHES = {
    "q": ("messages", "message-rows", "message-filters", "messages-export", "api-messages"),
    "connection": ("messages", "messages-export", "api-messages", "exceptions", "exceptions-export", "api-exceptions"),
    "flow": ("messages", "messages-export", "api-messages"),
    "store": ("messages", "messages-export", "api-messages"),
    "topic": ("messages", "messages-export", "api-messages"),
    "version": ("messages", "messages-export", "api-messages"),
    "find": ("exceptions", "exception-rows", "exceptions-export", "api-exceptions"),
    "class": ("exceptions", "exception-rows", "exceptions-export", "api-exceptions"),
}
VOLATILE = re.compile(
    rb"[0-9a-f]{16}(?![0-9a-f-])|[A-Za-z0-9]{64}|\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?|"
    rb"\d{8}T\d{6}Z|sessionid=\S+|csrftoken=\S+"
)


NONSENSE = str.maketrans("abcdefghijklmnopqrstuvwxyz0123456789", "nopqrstuvwxyzabcdefghijklm5678901234")


def finds_as_little_as_nonsense(walker: Walker, name: str, field: str, text: str) -> bool:
    """Whether a search answers to the byte as one for a word of nobody's. Asked again if the clock came between."""
    return any(_search(walker, name, field, text) == _search(walker, name, field, _nonsense(text)) for _ in range(3))


def _nonsense(text: str) -> str:
    return text.translate(NONSENSE)


def _search(walker: Walker, name: str, field: str, text: str) -> bytes:
    """The answer, with the text itself and what differs from one moment to the next taken out."""
    arguments = {"form": "jsonl"} if "form" in ROUTES[name].arguments else {}
    told = everything(walker.get(reverse(name, kwargs=arguments), {field: text}))
    bare = re.escape(text.lstrip("#")).replace(r"\-", "[- _]").replace("/", "(?:/|%2F)").encode()
    return VOLATILE.sub(b"", re.sub(rb"(#|%23)?" + bare, b"TEXT", told, flags=re.IGNORECASE))
