"""A person's browser window on the running demo."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect

from tests.e2e.demo import Demo

Theme = Literal["light", "dark"]
WIDTH, HEIGHT = 1440, 900


class Window:
    """`problems`: script errors, policy violations, and whatever it asked of another host than ours."""

    def __init__(self, browser: Browser, demo: Demo, *, theme: Theme = "light") -> None:
        self.demo = demo
        self.context: BrowserContext = browser.new_context(
            base_url=demo.url, viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=theme
        )
        self.problems: list[str] = []
        self.hosts: set[str] = set()
        self.page: Page = self.context.new_page()
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("request", self._asked)
        self.page.on("websocket", lambda socket: self.hosts.add(urlsplit(socket.url).netloc))

    def sign_in(self, email: str) -> Page:
        """By the form, as anybody does."""
        self.page.goto("/")
        self.page.get_by_label("E-mail address").fill(email)
        self.page.get_by_label("Password").fill(self.demo.password)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("navigation", name="Main")).to_be_visible()
        return self.page

    def close(self) -> None:
        self.context.close()

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(message.text)

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob"):
            self.hosts.add(parts.netloc)
