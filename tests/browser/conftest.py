"""One Chromium a file, one server and database a test. Set SIGNALBOX_SCREENSHOTS to a folder to keep pictures."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tenants.context import ALL, partner_scope
from tests.support.web import CHROMIUM, Window, chromium, session_of, web_server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip("Debian's chromium is not installed")
    with chromium() as running:
        # playwright's loop runs in this thread: Django would refuse the ORM beside it, and asyncio the tests of other
        # files that are coroutines, hence not for the whole session.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
        yield running
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def inside(committed, partners) -> Iterator[None]:
    """Inside Northgate, all retailers, in a database that the server sees too."""
    with partner_scope(partners["northgate"].schema_name, ALL):
        yield


@pytest.fixture
def port(inside) -> Iterator[int]:
    with web_server() as number:
        yield number


@pytest.fixture
def open_window(browser: Browser, port: int) -> Iterator[Callable[..., Window]]:
    windows: list[Window] = []

    def open_(email: str, **how: object) -> Window:
        windows.append(Window(browser, port, session_of(email), **how))
        return windows[-1]

    yield open_
    for window in windows:
        window.context.close()
        assert window.problems == []


@pytest.fixture
def keep_picture() -> Callable[[Page, str], None]:
    folder = os.environ.get("SIGNALBOX_SCREENSHOTS")

    def keep(page: Page, name: str) -> None:
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    return keep
