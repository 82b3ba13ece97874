"""Messages and exceptions in a real browser: by keyboard, live, in both themes and every width, and without script."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from playwright.sync_api import Page, expect

from monitoring.exceptions.models import ExceptionItem
from monitoring.ledger.hints import exception_changed, messages_changed, notify
from monitoring.ledger.models import Delivery
from tenants.context import require_scope
from tenants.people.models import Person
from tenants.retailers.models import Retailer
from tests.support import ledger_rows

pytestmark = pytest.mark.browser
ADA = "ada@northgate.example"
WIDTHS = (1440, 760, 390)


@pytest.fixture
def shop(inside) -> ledger_rows.Shop:
    shop = ledger_rows.connect(Retailer.objects.get(key="harbour-pine"), stores=3)
    now = datetime.now(UTC)
    ledger_rows.add_day(shop, messages=60, at=now - timedelta(hours=2), hours=4)
    for number in range(3):
        at = now - timedelta(minutes=30 - number)
        message = ledger_rows.add(shop, outcome="exception", number=f"#810{number}", at=at, seed=number)
        ledger_rows.park(shop, ExceptionItem.objects.get(message_id=message.id))
    return shop


def failed(number: str) -> ExceptionItem:
    return ExceptionItem.objects.get(order_number=number)


def focused_row(page: Page) -> str:
    return page.evaluate("document.activeElement.closest('[data-row]')?.id ?? ''")


def test_every_page_stands_under_our_policy_in_each_theme_and_width(shop, open_window, keep_picture):
    """`open_window` fails the test on any policy violation, script error or request that left the host."""
    item = failed("#8102")
    pages = {
        "messages": "/messages/",
        "ignored": "/messages/?outcome=ignored",
        "nothing-matches": "/messages/?q=nothing",
        "message": f"/messages/{item.message_id}/",
        "attempts": f"/messages/{item.message_id}/?tab=attempts",
        "payload": f"/messages/{item.message_id}/?tab=payload",
        "exceptions": "/exceptions/",
        "resolved": "/exceptions/?tab=resolved",
        "retry": f"/exceptions/{item.id}/retry/",
    }
    for theme, width in product(("light", "dark"), WIDTHS):
        page = open_window(ADA, theme=theme, width=width).page
        for name, path in pages.items():
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} at {width}"
            keep_picture(page, f"{name}-{theme}-{width}")


def test_the_keyboard_alone_finds_opens_and_comes_back(shop, open_window):
    page = open_window(ADA).page
    page.goto("/messages/?outcome=exception")
    rows = page.locator("[data-row]")
    page.keyboard.press("j")
    page.keyboard.press("j")
    second = rows.nth(1).get_attribute("id")
    assert focused_row(page) == second
    page.keyboard.press("o")
    expect(page).to_have_url(re.compile(r"/messages/[0-9a-f-]{36}/$"))
    page.wait_for_load_state()
    page.keyboard.press("u")
    expect(page).to_have_url(re.compile(r"/messages/\?outcome=exception#m-"))
    expect(page.locator(f"[id='{second}'][data-current]")).to_be_visible()


def test_keys_lead_from_page_to_page_and_stay_out_of_fields(shop, open_window):
    page = open_window(ADA).page
    page.goto("/messages/")
    page.keyboard.press("g")
    page.keyboard.press("e")
    expect(page.get_by_role("heading", name="Exceptions")).to_be_visible()
    page.wait_for_load_state()
    page.keyboard.press("/")
    page.keyboard.type("8101 gm?")
    expect(page.locator("#search")).to_have_value("8101 gm?")
    expect(page.locator("#shortcuts")).to_be_hidden()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_visible()


def test_shortcuts_can_be_switched_off(shop, open_window):
    Person.objects.filter(email=ADA).update(shortcuts=False)
    page = open_window(ADA).page
    page.goto("/messages/")
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_hidden()


def test_a_search_finds_an_order(shop, open_window):
    page = open_window(ADA).page
    page.goto("/")
    page.keyboard.press("/")
    page.keyboard.type("8101")
    page.keyboard.press("Enter")
    expect(page.locator("[data-row]")).to_have_count(1)
    expect(page.locator("[data-row]")).to_contain_text("#8101")
    assert "q=8101" in page.url


def test_the_filter_menu_narrows_the_list(shop, open_window):
    page = open_window(ADA).page
    page.goto("/messages/")
    page.keyboard.press("f")
    page.get_by_label("Door").select_option("poll")
    page.get_by_role("button", name="Apply").click()
    expect(page).to_have_url(re.compile(r"/messages/\?door=poll$"))
    page.locator(".chip").click()
    expect(page).to_have_url(re.compile(r"/messages/\??$"))


def test_a_retry_asks_first_then_greys_the_row_and_moves_on(shop, open_window):
    page = open_window(ADA).page
    page.goto("/exceptions/")
    page.keyboard.press("j")
    page.keyboard.press("r")
    expect(page.get_by_role("heading", name="Retry order #8102?")).to_be_visible()
    assert page.evaluate("document.activeElement.textContent") == "Cancel"
    page.get_by_label("What changed?").fill("the SKU was added")
    page.get_by_role("button", name="Retry order #8102").click()
    expect(page.locator("tr[data-done]")).to_contain_text("#8102")
    expect(page.locator("#toasts")).to_contain_text("Order #8102 is being sent again.")
    assert focused_row(page) == f"e-{failed('#8101').id}"
    assert failed("#8102").state == "retrying"


def test_a_missing_reason_is_said_in_the_dialog_and_nothing_happens(shop, open_window):
    window = open_window(ADA)
    page = window.page
    page.goto("/exceptions/")
    page.keyboard.press("j")
    page.keyboard.press("e")
    page.get_by_label("How was it settled?").fill(" ")
    page.get_by_role("button", name="Resolve order #8102").click()
    expect(page.get_by_role("alert")).to_contain_text("Please give a reason")
    assert failed("#8102").state == "open"
    assert [problem for problem in window.problems if "409" not in problem] == []
    window.problems.clear()


def test_new_messages_wait_behind_a_pill_and_rows_change_in_place(shop, open_window):
    page = open_window(ADA).page
    page.goto("/messages/")
    expect(page.locator("[data-live-badge]")).to_contain_text("Live")
    row = page.locator(f"[id='m-{failed('#8102').message_id}']")
    expect(row).to_contain_text("Needs a decision")
    Delivery.objects.filter(pk=failed("#8102").delivery_id).update(state="retrying")
    ledger_rows.add(shop, number="#NEW-1", at=datetime.now(UTC))
    notify(require_scope().schema, [messages_changed(shop.retailer.id)])
    expect(row).to_contain_text("Retrying", timeout=10_000)
    expect(page.locator(".pill")).to_have_text(re.compile(r"1\s+new · show"))
    expect(page.get_by_text("#NEW-1")).to_have_count(0)
    page.locator(".pill").click()
    expect(page.locator("[data-row]").first).to_contain_text("#NEW-1")


def test_the_open_count_follows_in_menu_title_and_icon(shop, open_window):
    page = open_window(ADA).page
    page.goto("/messages/")
    count = ExceptionItem.objects.filter(state="open").count()
    expect(page).to_have_title(re.compile(rf"^\({count}\) "))
    expect(page.locator("[data-live-badge]")).to_contain_text("Live")
    ledger_rows.add(shop, outcome="exception")
    notify(require_scope().schema, [exception_changed(shop.retailer.id)])
    expect(page).to_have_title(re.compile(rf"^\({count + 1}\) "), timeout=10_000)
    expect(page.locator("[data-open-count]")).to_have_text(str(count + 1))
    assert page.locator("#favicon").get_attribute("href").endswith(f"open={count + 1}")


def test_an_open_message_follows_what_happens_to_it(shop, open_window):
    item = failed("#8102")
    page = open_window(ADA).page
    page.goto(f"/messages/{item.message_id}/")
    expect(page.locator("[data-live-badge]")).to_contain_text("Live")
    now = datetime.now(UTC)
    Delivery.objects.filter(pk=item.delivery_id).update(state="delivered", accepted_at=now, document_id="SO-4711")
    ExceptionItem.objects.filter(pk=item.id).update(state="resolved", resolution="Accepted.", resolved_at=now)
    notify(require_scope().schema, [messages_changed(item.retailer_id, item.message_id)])
    expect(page.locator(".sentence")).to_contain_text("ERP accepted it as SO-4711", timeout=10_000)


def test_bodies_of_a_call_open_in_place(shop, open_window):
    page = open_window(ADA).page
    page.goto(f"/messages/{failed('#8102').message_id}/?tab=attempts")
    page.get_by_role("link", name="Request").first.click()
    expect(page.locator(".body-box")).to_contain_text("model.sale.sale")
    assert "/bodies/" not in page.url


def test_the_theme_changes_at_once_and_stays(shop, open_window):
    page = open_window(ADA, theme="light").page
    page.goto("/messages/")
    page.locator(".side-foot summary").click()
    with page.expect_response(re.compile("/preferences/")):
        page.get_by_role("button", name="Dark").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(13, 15, 19)"
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_copying_says_what_was_copied(shop, open_window):
    window = open_window(ADA)
    window.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = window.page
    page.goto(f"/messages/{failed('#8102').message_id}/")
    page.keyboard.press("y")
    expect(page.locator("#toasts")).to_contain_text("Copied the order number")
    assert page.evaluate("navigator.clipboard.readText()") == "#8102"


def test_without_script_everything_is_still_there(shop, open_window):
    page = open_window(ADA, script=False).page
    page.goto("/exceptions/")
    page.locator("[data-row]").first.get_by_role("link", name="Retry").click()
    page.get_by_role("button", name="Retry order #8102").click()
    expect(page.locator(".notice-ok")).to_contain_text("Order #8102 is being sent again.")
    page.goto("/messages/")
    page.locator(".list-head summary").click()
    page.get_by_role("link", name="All filters").click()
    page.get_by_label("Door").select_option("poll")
    page.get_by_role("button", name="Apply").click()
    assert "door=poll" in page.url


def test_focus_is_visible_on_everything_one_can_reach(shop, open_window):
    page = open_window(ADA).page
    page.goto("/exceptions/")
    unseen = []
    for _ in range(22):
        page.keyboard.press("Tab")
        seen = page.evaluate(
            """() => { const e = document.activeElement, s = getComputedStyle(e), a = getComputedStyle(e, '::after');
                       return s.outlineStyle !== 'none' || a.outlineStyle !== 'none' }"""
        )
        if not seen:
            unseen.append(page.evaluate("document.activeElement.outerHTML.slice(0, 80)"))
    assert unseen == []


def test_everything_to_press_has_a_name_and_is_large_enough(shop, open_window):
    """WCAG 2.2: names (4.1.2) and targets of 24 px (2.5.8); links inside sentences may be as high as their line."""
    for width in (1440, 390):
        page = open_window(ADA, width=width).page
        for path in ("/messages/", "/exceptions/", f"/messages/{failed('#8102').message_id}/?tab=attempts"):
            page.goto(path)
            found = page.evaluate(
                """() => [...document.querySelectorAll('a, button, summary, input, select, textarea')]
                  .filter((e) => e.checkVisibility())
                  .flatMap((e) => {
                    const name = e.getAttribute('aria-label') || e.labels?.[0]?.textContent || e.innerText || e.title
                      || e.querySelector('[aria-label]')?.getAttribute('aria-label');
                    const box = e.getBoundingClientRect();
                    const small = e.matches('.btn, .act, .chip, .nav a, .tabs a, summary, button, input, select')
                      && Math.min(box.width, box.height) < 24;
                    return (name || '').trim() && !small ? [] : [e.outerHTML.slice(0, 90)];
                  })"""
            )
            assert found == [], f"{path} at {width}"
            assert page.locator("h1").count() == 1
