"""The API's reader works under its own policy and asks nobody outside."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tenants.retailers.models import Retailer
from tests.support import ledger_rows

pytestmark = pytest.mark.browser
ADA = "ada@northgate.example"


def test_a_signed_in_person_reads_the_api_and_tries_it_out(inside, open_window, keep_picture):
    shop = ledger_rows.connect(Retailer.objects.get(key="harbour-pine"), stores=1)
    ledger_rows.add(shop, outcome="exception", number="#API-1")
    page = open_window(ADA).page
    page.goto("/api/v1/docs")
    expect(page.get_by_role("heading", name="Northgate Retail Services API")).to_be_visible(timeout=20_000)
    operation = page.locator("#operations-messages-messages")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table")).to_contain_text("#API-1", timeout=20_000)
    keep_picture(page, "api-docs")
