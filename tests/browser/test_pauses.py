"""A vendor is down for nine retailers: seen together, held in one act, told with what waits, resumed in one act."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from playwright.sync_api import expect

from connectors.engine.models import Endpoint
from governance.access.principal import command
from governance.audit.models import AuditEvent
from governance.registry.models import Pause
from tenants.retailers.models import Retailer
from tests.console.pages import ADA, BEN
from tests.support import ledger_rows
from tests.support.pauses import stop

NAMES = ("Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Gorse")


@pytest.fixture
def nine(inside) -> list[ledger_rows.Shop]:
    """Nine retailers, each with a shop, a Tryton and three deliveries that wait for it."""
    for name in NAMES:
        Retailer.objects.create(key=name.lower(), name=f"{name} Stores")
    shops = [ledger_rows.connect(retailer, stores=2) for retailer in Retailer.objects.order_by("name")]
    for shop in shops:
        ledger_rows.call(shop)
        for seed in range(3):
            ledger_rows.back_off(shop, ledger_rows.add(shop, outcome="retrying", seed=seed, object_id=f"{seed}"))
    assert len(shops) == 9
    return shops


def test_a_vendor_that_is_down_for_nine_is_held_for_all_of_them_and_resumed(nine, open_window, keep_picture):
    page = open_window(ADA, width=1440).page
    page.goto("/pauses/")
    expect(page.locator("main")).to_contain_text("Nothing is paused")
    page.get_by_role("link", name="Pause many at once").click()
    page.get_by_label("Which system is down?").select_option(label="Tryton (9 connections)")
    page.get_by_role("button", name="Show its connections").click()
    expect(page.locator("input[name=on]:checked")).to_have_count(9)
    page.get_by_label("Why? It is kept in the trail.").fill("Tryton's host is down")
    page.get_by_label("How long").select_option("4h")
    page.get_by_role("radio", name="It does not count").check()
    page.get_by_label("Why it does not count").fill("the vendor's outage, agreed")
    keep_picture(page, "pauses-new")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#pauses")).to_contain_text("9 at once")
    expect(page.locator("#pauses")).to_contain_text("27 deliveries wait")
    keep_picture(page, "pauses-nine")
    assert set(Endpoint.objects.values_list("breaker", flat=True)) == {"held"}
    acts = AuditEvent.objects.filter(action="endpoint.held", outcome="done")
    assert len(set(acts.values_list("request_id", flat=True))) == 1
    page.get_by_role("link", name="Resume all 9").click()
    page.get_by_label("Why? It is kept in the trail.").fill("it is back")
    keep_picture(page, "pauses-end")
    page.get_by_role("button", name="Resume all 9").click()
    expect(page.locator("main")).to_contain_text("Nothing is paused")
    expect(page.locator(".past tbody tr")).to_have_count(9)
    assert set(Endpoint.objects.values_list("breaker", "pace")) == {("closed", 0.1)}


def test_its_pages_stand_in_each_theme_and_width(nine, open_window, keep_picture):
    began = datetime.now(UTC) - timedelta(hours=3)
    for shop in nine[:4]:
        stop(
            shop, "target", by=command("Ada", actions=frozenset({"pauses.control"})), reason="Tryton is down", at=began
        )
    stop(nine[4], "flow", "source", reason="stock-taking until the shop opens")
    first = Pause.objects.open().first()
    pages = {
        "pauses": "/pauses/",
        "pause-new": "/pauses/new/?connector=tryton",
        "pause-end": f"/pauses/end/?id={first.pk}",
    }
    pages |= {
        "pause-banner": "/",
        "pause-connection": f"/connections/{nine[4].source.key}/",
        "pause-list": "/connections/",
    }
    for theme, width in product(("light", "dark"), (1440, 390)):
        page = open_window(ADA, theme=theme, width=width).page
        for name, path in pages.items():
            page.goto(path)
            expect(page.locator("main h1")).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} {width} scrolls aside"
            keep_picture(page, f"{name}-{theme}-{width}")


def test_a_page_shows_a_pause_as_it_is_made_elsewhere(nine, open_window):
    page = open_window(ADA).page
    page.goto("/pauses/")
    expect(page.locator("[data-live-badge]")).to_contain_text("Live")
    stop(nine[0], "flow", reason="somebody else did it")
    expect(page.locator("#pauses")).to_contain_text("somebody else did it", timeout=20_000)


def test_a_retailers_person_pauses_their_own_without_script(nine, open_window):
    page = open_window(BEN, script=False).page
    page.goto("/connections/harbour-pine-shop/")
    page.get_by_role("link", name="Pause what Storefront sends").click()
    page.get_by_label("Why? It is kept in the trail.").fill("stock-taking")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("main")).to_contain_text("What Storefront sends waits")
    page.get_by_role("link", name="Resume").click()
    page.get_by_label("Why? It is kept in the trail.").fill("counted")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("main")).not_to_contain_text("What Storefront sends waits")
    assert Pause.objects.get().ended_at is not None
