"""How targets are called, in a real browser: in both themes, wide and narrow, by dialog, live, and without script."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from playwright.sync_api import expect

from connectors.engine.models import Endpoint
from monitoring.exceptions.models import ExceptionItem
from monitoring.ledger.hints import Hint, notify
from tenants.context import require_scope
from tenants.retailers.models import Retailer
from tests.support import ledger_rows

pytestmark = pytest.mark.browser
ADA = "ada@northgate.example"
PAGE = "/connections/harbour-pine-erp/endpoint/"


@pytest.fixture
def shop(inside) -> ledger_rows.Shop:
    """Harbour & Pine's ERP is down with three deliveries waiting, Bluebell's was slowed."""
    now = datetime.now(UTC)
    shop = ledger_rows.connect(Retailer.objects.get(key="harbour-pine"), stores=3)
    ledger_rows.back_off(shop, ledger_rows.add(shop, outcome="retrying", at=now - timedelta(minutes=50), seed=9))
    item = ExceptionItem.objects.get(message_id=ledger_rows.add(shop, outcome="exception").id)
    lane = ledger_rows.park(shop, item)
    ledger_rows.wait_behind(lane, ledger_rows.add(shop, outcome="waiting", seed=2))
    lane.parked = False
    lane.share = 1
    lane.save()
    reason = "The target cannot be reached: the connection was refused."
    times = {"breaker_at": now - timedelta(minutes=42), "probe_at": now + timedelta(seconds=40)}
    ledger_rows.call(shop, breaker="open", breaker_reason=reason, own_concurrency=1, **times)
    bell = ledger_rows.connect(Retailer.objects.get(key="bluebell"), stores=2)
    ledger_rows.call(bell, pace=0.4, pace_gain=0.1, paced_at=now, window_calls=12, window_failures=2, window_at=now)
    return shop


def test_its_pages_stand_in_each_theme_and_width(shop, open_window, keep_picture):
    """`open_window` fails the test on any policy violation, script error or request that left the host."""
    pages = {"endpoints": "/endpoints/", "endpoint": PAGE, "endpoint-hold": f"{PAGE}hold/"}
    pages |= {"endpoint-limits": f"{PAGE}limits/", "connection-target": "/connections/harbour-pine-erp/"}
    for theme, width in product(("light", "dark"), (1440, 390)):
        page = open_window(ADA, theme=theme, width=width).page
        for name, path in pages.items():
            page.goto(path)
            expect(page.locator("main h1")).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} {width} scrolls aside"
            keep_picture(page, f"{name}-{theme}-{width}")


def test_a_target_is_held_in_a_dialog_and_let_go(shop, open_window):
    page = open_window(ADA).page
    page.goto(PAGE)
    page.get_by_role("link", name="Hold").click()
    dialog = page.locator("dialog[open]")
    expect(dialog).to_contain_text("3 deliveries to ERP, and what comes, will wait until somebody lets it go.")
    dialog.locator("textarea").fill("they change their server")
    dialog.get_by_role("button", name="Hold").click()
    expect(page.locator("#endpoint")).to_contain_text("ERP is held: nothing goes until somebody lets it go.")
    assert Endpoint.objects.get(pk=shop.target.pk).breaker == "held"
    page.get_by_role("link", name="Let go").click()
    page.locator("dialog textarea").fill("it is back")
    page.locator("dialog").get_by_role("button", name="Let go").click()
    expect(page.locator("#endpoint")).to_contain_text("ERP is called at 1")


def test_the_page_follows_what_happens(shop, open_window):
    page = open_window(ADA).page
    page.goto(PAGE)
    expect(page.locator("[data-live-badge]")).to_contain_text("Live")
    Endpoint.objects.update(breaker="closed", pace=1)
    notify(require_scope().schema, [Hint(shop.retailer.pk, "overview")])
    expect(page.locator("#endpoint")).to_contain_text("ERP is called as usual.")


def test_without_script_limits_are_changed_by_a_form(shop, open_window):
    window = open_window(ADA, script=False)
    page = window.page
    page.goto(PAGE)
    page.get_by_role("link", name="Change limits").click()
    page.locator("input[name=per_second]").fill("often")
    page.locator("textarea").fill("slower for the night")
    page.get_by_role("button", name="Change limits").click()
    expect(page.locator(".field-error")).to_contain_text("A number, or nothing for the connector's.")
    assert [problem for problem in window.problems if "409" not in problem] == []
    window.problems.clear()
    page.locator("input[name=per_second]").fill("0.5")
    page.get_by_role("button", name="Change limits").click()
    expect(page.locator("main")).to_contain_text("0.50 a second instead of 8")
