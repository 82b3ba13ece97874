"""Ada's and Ben's morning in a real browser, on the running demo: live orders, a real sale, an exception put right."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from connectors.sandbox.shopify.catalogue import variant_by_sku
from connectors.sandbox.tryton.catalogue import Item
from tests.e2e.demo import NORTHGATE, Demo
from tests.e2e.window import Window
from tests.support.web import CHROMIUM, chromium

pytestmark = [pytest.mark.e2e, pytest.mark.browser]

OLGA, ADA, BEN = "olga@northgate.example", "ada@northgate.example", "ben@harbourpine.example"
# The shop sells it and the ERP does not know it, until these tests teach it.
UNKNOWN_SKU = "HP-LAMP-BRASS-OS"
# A busy machine books a sale in some seconds, and a hint is told at most once a second.
BOOKED_MS = 60_000
LIVE_MS = 20_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip("Debian's chromium is not installed")
    with chromium() as running:
        yield running


@pytest.fixture
def open_window(browser: Browser, calm: Demo) -> Iterator[Callable[..., Window]]:
    """Windows that asked nobody but us and had nothing to complain of."""
    windows: list[Window] = []

    def open_(**how: Any) -> Window:
        windows.append(Window(browser, calm, **how))
        return windows[-1]

    yield open_
    for window in windows:
        window.close()
        assert window.problems == []
        assert window.hosts == {f"{NORTHGATE}:{calm.port}"}


@pytest.fixture
def ada(open_window: Callable[..., Window]) -> Page:
    return open_window().sign_in(ADA)


def _watched(page: Page, path: str) -> Page:
    """The page with its socket open, and a mark that a reload would wipe out."""
    page.goto(path)
    expect(page.locator("[data-live-badge]")).to_contain_text("Live", timeout=LIVE_MS)
    page.evaluate("window.sameAsBefore = true")
    return page


def _never_reloaded(page: Page) -> bool:
    return page.evaluate("window.sameAsBefore === true")


def _settled(demo: Demo, order: dict[str, Any]) -> dict[str, Any]:
    demo.wait_until_quiet(within_seconds=BOOKED_MS / 1000)
    return order


def _sale_of(demo: Demo, order: dict[str, Any]) -> dict[str, Any]:
    """The one sale of that order, as the ERP's administrator sees it."""
    reference = f"shopify/{order['order_id']}"
    (sale,) = demo.erp.read("sale.sale", [["reference", "=", reference]], ["number", "total_amount", "state"])
    return sale


def test_ada_signs_in_and_the_empty_overview_fills_by_itself(open_window: Callable[..., Window], calm: Demo) -> None:
    window = open_window()
    window.page.goto("/")
    expect(window.page).to_have_url(re.compile("/sign-in/"))
    page = window.sign_in(ADA)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Overview")
    expect(page.locator("[data-live-badge]")).to_contain_text("Live", timeout=LIVE_MS)
    calm.shop.create()
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible(timeout=LIVE_MS)


def test_an_order_arrives_live_and_opens_on_the_sale_it_became(ada: Page, calm: Demo) -> None:
    _settled(calm, calm.shop.create())
    page = _watched(ada, "/messages/")
    order = calm.shop.create()
    page.locator(".pill:visible").wait_for(timeout=LIVE_MS)
    assert _never_reloaded(page)
    page.locator(".pill").click()
    row = page.locator("[data-row]").filter(has_text=order["name"]).first
    expect(row.locator(".c-status")).to_contain_text("Accepted", timeout=BOOKED_MS)
    row.get_by_role("link").first.click()
    sale = _sale_of(calm, order)
    assert (sale["total_amount"], sale["state"]) == (Decimal(order["total"]), "processing")
    expect(page.get_by_role("heading", level=1)).to_contain_text(order["name"])
    expect(page.locator(".facts").first).to_contain_text(f"{sale['number']} sale created")


def test_an_attempt_tells_versions_and_bodies_without_secrets(ada: Page, calm: Demo) -> None:
    order = _settled(calm, calm.shop.create(channel="web"))
    _search(ada, order["name"].removeprefix("#"))
    ada.locator("[data-row]").filter(has_text=order["name"]).first.get_by_role("link").first.click()
    ada.get_by_role("navigation", name="Parts of this message").get_by_role("link", name="Attempts").click()
    expect(ada.locator(".attempt .legend")).to_contain_text("not stated")
    steps = ada.locator(".table-steps tbody tr:not(.bodies)")
    assert {"search", "create", "quote", "confirm"} <= {text.split()[0] for text in steps.all_inner_texts()}
    made = steps.filter(has=ada.get_by_role("cell", name=re.compile(r"^create\b(?! \w+ )")))
    for words in ("Request", "Response"):
        made.last.get_by_role("link", name=words).click()
        expect(ada.locator(".body-box")).to_contain_text(re.compile("reference|number"))
    text = ada.content()
    for secret in (calm.told["application_key"], *calm.shop_secrets):
        assert secret not in text


def test_an_unknown_sku_is_put_right_and_seen_to_be_resolved(ada: Page, calm: Demo) -> None:
    page = _watched(ada, "/exceptions/")
    order = calm.shop.create(skus=[UNKNOWN_SKU])
    row = page.locator("[data-row]").filter(has_text=order["name"])
    page.locator(".pill:visible").or_(row).first.wait_for(timeout=BOOKED_MS)
    page.goto("/exceptions/")
    row.get_by_role("link").first.click()
    expect(page.locator(".panel")).to_contain_text(UNKNOWN_SKU)
    expect(page.locator("[data-live-badge]")).to_contain_text("Live", timeout=LIVE_MS)
    missing = variant_by_sku(UNKNOWN_SKU)
    calm.catalogue.ensure_products([Item(UNKNOWN_SKU, missing.name, Decimal(missing.price) / 100)])
    page.locator(".panel-acts").get_by_role("link", name="Retry").click()
    page.get_by_label("What changed?").fill("The lantern is in the ERP now")
    page.get_by_role("button", name=re.compile("Retry order")).click()
    expect(page.locator(".panel")).to_contain_text("Resolved", timeout=BOOKED_MS)
    expect(page.locator(".sentence")).to_contain_text(f"accepted it as {_sale_of(calm, order)['number']}")


def test_the_keyboard_alone_is_enough(ada: Page, calm: Demo) -> None:
    order = _settled(calm, calm.shop.create())
    ada.goto("/messages/")
    for key, row in (("j", 0), ("j", 1), ("k", 0)):
        ada.keyboard.press(key)
        assert ada.evaluate("document.activeElement.closest('[data-row]').id") == (
            ada.locator("[data-row]").nth(row).get_attribute("id")
        )
    ada.keyboard.press("Enter")
    expect(ada).to_have_url(re.compile(r"/messages/[0-9a-f-]{36}/"))
    _search(ada, order["name"].removeprefix("#"))
    expect(ada.locator("[data-row]").first).to_contain_text(order["name"])
    ada.locator("h1").click()
    ada.keyboard.press("?")
    expect(ada.get_by_role("heading", name="Keyboard shortcuts")).to_be_visible()


def _search(page: Page, number: str) -> None:
    page.keyboard.press("/")
    page.keyboard.type(number)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"q={number}"))


def test_ben_sees_the_exception_and_no_way_to_retry_it(open_window: Callable[..., Window], calm: Demo) -> None:
    _settled(calm, calm.shop.create(skus=["HP-CLOG-BARK-9"]))
    page = open_window().sign_in(BEN)
    page.goto("/exceptions/")
    page.locator("[data-row]").first.get_by_role("link").first.click()
    expect(page.locator(".panel")).to_be_visible()
    assert page.locator("a[href*='/retry/'], a[href*='/resolve/'], form[action*='/retry/']").count() == 0


def test_signing_out_closes_the_door(ada: Page) -> None:
    ada.locator(".side-foot summary").click()
    ada.get_by_role("button", name="Sign out").click()
    expect(ada).to_have_url(re.compile("/sign-in/"))
    ada.goto("/messages/")
    expect(ada).to_have_url(re.compile("/sign-in/"))
    assert ada.locator("[data-row]").count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_kind_of_page_stands_in_both_themes(
    theme: str, open_window: Callable[..., Window], calm: Demo, tmp_path: Path
) -> None:
    """Set SIGNALBOX_SCREENSHOTS to a folder to look at them."""
    folder = Path(os.environ.get("SIGNALBOX_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    window = open_window(theme=theme)
    window.page.goto("/sign-in/")
    window.page.screenshot(path=folder / f"sign-in-{theme}.png")
    page = window.sign_in(OLGA)
    for name, path in _pages(calm).items():
        page.goto(path)
        if name == "overview":
            expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        page.screenshot(path=folder / f"{name}-{theme}.png", full_page=True)


def _pages(demo: Demo) -> dict[str, str]:
    """One of each kind, with what the demo holds by now."""
    sold = demo.rows("SELECT message_id FROM ledger_delivery WHERE state = 'delivered' ORDER BY id DESC LIMIT 1")
    stuck = demo.rows("SELECT id, message_id FROM exceptions_exceptionitem WHERE state = 'open' ORDER BY id LIMIT 1")
    message = f"/messages/{sold[0]['message_id']}/"
    pages = {"overview": "/", "messages": "/messages/", "nothing-matches": "/messages/?q=nothing"}
    pages |= {f"message-{tab}": f"{message}?tab={tab}" for tab in ("timeline", "attempts", "payload", "related")}
    pages |= {"exceptions": "/exceptions/", "resolved": "/exceptions/?tab=resolved"}
    pages |= {"exception": f"/messages/{stuck[0]['message_id']}/", "retry": f"/exceptions/{stuck[0]['id']}/retry/"}
    return pages | {"connections": "/connections/", "connection": "/connections/shopify/", "people": "/people/"}
