"""A list in a real browser: what changed is refreshed in place, what is new waits behind "n new · show"."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from monitoring.ledger.hints import exception_changed, messages_changed, notify
from monitoring.ledger.models import Delivery
from tenants.context import require_scope
from tenants.retailers.models import Retailer
from tests.support import ledger_rows

pytestmark = pytest.mark.browser
ADA = "ada@northgate.example"


@pytest.fixture
def shop(inside) -> ledger_rows.Shop:
    return ledger_rows.connect(Retailer.objects.get(key="harbour-pine"), stores=1)


def test_new_messages_wait_behind_a_pill_and_known_rows_change_in_place(shop, open_window):
    before = datetime.now(UTC) - timedelta(minutes=1)
    known = ledger_rows.add(shop, outcome="waiting", at=before, number="#LIST-1")
    page = open_window(ADA).page
    page.goto("/messages/")
    row = page.locator(f"#m-{known.id}")
    expect(row).to_contain_text("Waiting")
    expect(page.locator("[data-live-badge]")).to_contain_text("Live")
    Delivery.objects.filter(message_id=known.id).update(state="superseded")
    for number in (2, 3):
        ledger_rows.add(shop, at=datetime.now(UTC), number=f"#LIST-{number}", seed=number)
    notify(require_scope().schema, [messages_changed(shop.retailer.id)])
    pill = page.locator("[data-new-pill]")
    expect(pill).to_contain_text("2 new", timeout=10_000)
    expect(row).to_contain_text("Superseded")
    expect(page.locator("body")).not_to_contain_text("#LIST-2")
    pill.get_by_role("link").click()
    expect(page.locator("body")).to_contain_text("#LIST-3")


def test_new_exceptions_wait_behind_a_pill(shop, open_window):
    at = datetime.now(UTC) - timedelta(minutes=1)
    ledger_rows.add(shop, outcome="exception", at=at, number="#LIST-1")
    page = open_window(ADA).page
    page.goto("/exceptions/")
    expect(page.locator("[data-live-badge]")).to_contain_text("Live")
    ledger_rows.add(shop, outcome="exception", at=datetime.now(UTC), number="#LIST-2", seed=2)
    notify(require_scope().schema, [exception_changed(shop.retailer.id)])
    expect(page.locator("[data-new-pill]")).to_contain_text("1 new", timeout=10_000)
