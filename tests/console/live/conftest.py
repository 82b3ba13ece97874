"""A real web server with only the live socket, and people with real sessions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn
import websockets
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from console.live.app import Live, routed
from monitoring.ledger.hints import Hint, notify
from tenants.context import ALL, in_scope, outside_scope, scope_of
from tenants.partners.models import Partner
from tenants.people.models import Person


@dataclass
class LiveServer:
    live: Live
    port: int
    partners: dict[str, Partner]

    async def session_of(self, partner: str, email: str) -> str:
        return await self.inside(partner, _sign_in, email)

    async def inside(self, partner: str, fn: Callable[..., Any], *args: Any) -> Any:
        return await in_scope(scope_of(self.partners[partner].schema_name, ALL), fn, *args)

    async def say(self, partner: str, *hints: Hint) -> None:
        await outside_scope(notify, self.partners[partner].schema_name, hints)

    def dial(
        self, session: str = "", *, host: str = "northgate.localhost", origin: str | None = "same", path: str = "/live"
    ) -> websockets.connect:
        """A handshake as a browser sends it. `origin="same"` is the page's own."""
        address = f"{host}:{self.port}"
        return websockets.connect(
            f"ws://{address}{path}",
            host="127.0.0.1",
            port=self.port,
            origin=f"http://{address}" if origin == "same" else origin,
            additional_headers={"Cookie": f"{settings.SESSION_COOKIE_NAME}={session}"} if session else {},
            proxy=None,
        )


def _sign_in(email: str) -> str:
    person = Person.objects.get(email=email)
    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.create()
    return session.session_key


@pytest.fixture
async def server(committed, partners) -> AsyncIterator[LiveServer]:
    live = Live()
    web = uvicorn.Server(uvicorn.Config(routed(live), port=0, lifespan="off", log_level="warning", ws_max_size=16384))
    serving = asyncio.create_task(web.serve())
    await live.start()
    await asyncio.wait_for(live.listener.listening.wait(), 10)
    while not web.started:
        await asyncio.sleep(0.01)
    port = web.servers[0].sockets[0].getsockname()[1]
    yield LiveServer(live, port, partners)
    await live.stop()
    web.should_exit = True
    await serving
