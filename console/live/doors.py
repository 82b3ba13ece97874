"""Who may open a socket: judged before it is accepted, and again while it is open.

Channels' own origin check accepts anything when ALLOWED_HOSTS is `*`; here the Origin's host must be the Host, and the
Host one of our active domains.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.http.cookie import parse_cookie
from django.utils.crypto import constant_time_compare

from governance.access.principal import Principal
from governance.access.principals import person_principal
from tenants.context import ALL, outside_scope, partner_scope
from tenants.people.models import Person
from tenants.selectors import partner_by_host


@dataclass(frozen=True, slots=True)
class Visitor:
    """Someone signed in: at which partner, in which session, and what they may see right now."""

    schema: str
    host: str
    session_key: str = field(repr=False)
    principal: Principal

    @property
    def person_id(self) -> str:
        return self.principal.id

    def has_same_rights(self, other: Visitor) -> bool:
        return (self.principal.retailers, self.principal.actions) == (
            other.principal.retailers,
            other.principal.actions,
        )


async def admitted(scope: Mapping[str, Any]) -> Visitor | None:
    """The visitor behind a websocket handshake, or None: foreign or no Origin, unknown host, nobody signed in."""
    headers = _headers(scope)
    host = same_origin_host(headers)
    session_key = parse_cookie(headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME, "")
    if host is None or not session_key.isalnum():
        return None
    return await outside_scope(_visitor, host, session_key)


async def still_admitted(visitor: Visitor) -> bool:
    """Whether the session still stands and its person may see and do exactly what they could before."""
    now = await outside_scope(_visitor, visitor.host, visitor.session_key)
    return now is not None and now.schema == visitor.schema and now.has_same_rights(visitor)


def same_origin_host(headers: Mapping[str, str]) -> str | None:
    """The Host (with its port) if there is exactly one and the Origin's is the same; else None."""
    host, origin = headers.get("host", ""), headers.get("origin", "")
    parts = urlsplit(origin)
    if not host or "," in host or parts.scheme not in {"http", "https"}:
        return None
    return host.lower() if origin.lower() == f"{parts.scheme}://{host.lower()}" else None


def _headers(scope: Mapping[str, Any]) -> dict[str, str]:
    """Header names are lower case already; a repeated one is joined, so a second Host or Origin never matches."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        joiner = "; " if name == "cookie" else ","
        headers[name] = f"{headers[name]}{joiner}{value}" if name in headers else value
    return headers


def _visitor(host: str, session_key: str) -> Visitor | None:
    partner = partner_by_host(host)
    if partner is None:
        return None
    with partner_scope(partner.schema, ALL):
        person = _person(session_key)
        if person is None:
            return None
        return Visitor(partner.schema, host, session_key, person_principal(person))


def _person(session_key: str) -> Person | None:
    """Whose session this is. Read only: looking must neither renew an idle session nor touch its key."""
    session = import_module(settings.SESSION_ENGINE).SessionStore(session_key).load()
    seen = session.get("seen")
    if seen is not None and datetime.now(UTC).timestamp() - seen > settings.SESSION_IDLE_SECONDS:
        return None
    person = Person.objects.filter(pk=session.get(SESSION_KEY), is_active=True).first()
    if person is None or not constant_time_compare(session.get(HASH_SESSION_KEY, ""), person.get_session_auth_hash()):
        return None
    return person
