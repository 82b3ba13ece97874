"""The overview in a real browser: drawn under our policy, live without reloading, right in both themes and widths."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from playwright.sync_api import Page, expect

from monitoring.ledger.hints import messages_changed, notify
from tenants.context import require_scope
from tenants.people.models import Person
from tenants.retailers.models import Retailer
from tests.support import ledger_rows
from tests.support.rollup_rows import count_ledger

pytestmark = pytest.mark.browser
ADA = "ada@northgate.example"
NO_SOCKETS = """window.WebSocket = class extends EventTarget {
  constructor() { super(); setTimeout(() => this.dispatchEvent(new Event("close"))); }
  close() {}
}"""
PIXEL = """(selector) => getComputedStyle(document.querySelector(selector)).stroke"""


@pytest.fixture
def shop(inside) -> ledger_rows.Shop:
    shop = ledger_rows.connect(Retailer.objects.get(key="harbour-pine"), stores=3)
    ledger_rows.add_day(shop, messages=80, at=datetime.now(UTC) - timedelta(minutes=5), hours=3)
    ledger_rows.add(shop, outcome="exception", at=datetime.now(UTC) - timedelta(minutes=20))
    count_ledger()
    return shop


def drawn(page: Page, charts: int = 5) -> None:
    expect(page.locator(".js-plotly-plot .main-svg:first-child")).to_have_count(charts)


def test_it_is_drawn_under_our_policy_and_asks_nobody_else(shop, open_window, keep_picture):
    """`open_window` fails the test on any policy violation, script error or request that left the host."""
    for theme, width in product(("light", "dark"), (1440, 760)):
        page = open_window(ADA, theme=theme, width=width).page
        page.goto("/")
        drawn(page)
        expect(page.locator(".equation-check")).to_contain_text("Adds up")
        expect(page.locator("[data-live-badge]")).to_contain_text("Live")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        keep_picture(page, f"overview-{theme}-{width}")


def test_before_the_first_message_it_leads_to_the_first_connection(inside, open_window, keep_picture):
    for theme in ("light", "dark"):
        page = open_window(ADA, theme=theme).page
        page.goto("/")
        expect(page.get_by_role("heading", name="No messages yet")).to_be_visible()
        keep_picture(page, f"overview-empty-{theme}")


def test_an_arriving_order_shows_without_a_reload(shop, open_window):
    page = open_window(ADA).page
    page.goto("/")
    drawn(page)
    page.evaluate("window.here = true; document.querySelector('#plot-messages').here = true")
    page.locator("#table-messages summary").click()
    received = page.locator(".tile-received .tile-more")
    before = received.inner_text()
    ledger_rows.add(shop, outcome="exception", number="#LIVE-1")
    count_ledger(slot=2)  # the day once more, and the new one
    notify(require_scope().schema, [messages_changed(shop.retailer.id)])
    expect(received).not_to_have_text(before, timeout=15_000)
    expect(page.locator(".recent")).to_contain_text("#LIVE-1")
    expect(page.locator("#table-messages")).to_have_attribute("open", "")
    assert page.evaluate("window.here && document.querySelector('#plot-messages').here")
    drawn(page)


def test_changing_the_theme_repaints_the_charts(shop, open_window):
    page = open_window(ADA, theme="light").page
    page.goto("/")
    drawn(page)
    line = "#plot-messages .scatterlayer .trace path.js-line"
    light = page.evaluate(PIXEL, line)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert page.evaluate(PIXEL, line) != light


def test_without_a_socket_the_page_says_that_it_polls(shop, open_window):
    page = open_window(ADA).page
    page.add_init_script(NO_SOCKETS)
    page.goto("/")
    expect(page.locator("[data-live-badge]")).to_contain_text("Polling 60 s", timeout=20_000)


def test_the_page_tells_when_the_session_has_ended(shop, open_window):
    page = open_window(ADA).page
    page.goto("/")
    drawn(page)
    person = Person.objects.get(email=ADA)
    Person.objects.filter(pk=person.pk).update(session_epoch=person.session_epoch + 1)
    notify(require_scope().schema, [messages_changed(shop.retailer.id)])
    expect(page).to_have_url(re.compile("/sign-in/"), timeout=15_000)
