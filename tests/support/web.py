"""A real web server in this process (pages, API and live socket), and a real Chromium in front of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core.asgi import get_asgi_application
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

from console.live.app import Live
from tenants.people.models import Person
from tests.support.waiting import eventually

CHROMIUM = "/usr/bin/chromium"
QUIETLY = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


@contextmanager
def web_server() -> Iterator[int]:
    """The port of a server over the current settings' database."""
    pages, live = get_asgi_application(), Live()

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await (live if scope["type"] == "websocket" else pages)(scope, receive, send)

    server = uvicorn.Server(uvicorn.Config(application, port=0, lifespan="off", log_level="warning"))

    async def serve() -> None:
        await live.start()
        await server.serve()
        await live.stop()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    eventually(lambda: server.started and live.listener.listening.is_set())
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(20)


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIETLY)
        yield browser
        browser.close()


def session_of(email: str) -> str:
    """A new session of a person, inside their partner's scope."""
    person = Person.objects.get(email=email)
    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.create()
    return session.session_key


class Window:
    """One person's window on one host. `problems`: script errors, policy violations, requests that left the host."""

    def __init__(
        self,
        browser: Browser,
        port: int,
        session: str,
        *,
        width: int = 1440,
        theme: str = "light",
        script: bool = True,
    ) -> None:
        self.address = f"http://northgate.localhost:{port}"
        self.context: BrowserContext = browser.new_context(
            base_url=self.address,
            viewport={"width": width, "height": 1000},
            color_scheme=theme,
            java_script_enabled=script,
        )
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": self.address}
        self.context.add_cookies([cookie])
        self.problems: list[str] = []
        self.page: Page = self.context.new_page()
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("request", self._asked)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(message.text)

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.address, self.address.replace("http", "ws"), "data:", "blob:")):
            self.problems.append(f"asked {request.url}")
