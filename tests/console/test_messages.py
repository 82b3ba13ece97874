"""The list of messages and its file."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from governance.audit.models import AuditEvent
from tenants.retailers.models import Retailer
from tests.console.pages import ADA, BEN, CLEO, PageSuite, Rows
from tests.console.views.browser import signed_in
from tests.support import ledger_rows

OUTCOMES = {
    "exception": "Needs a decision",
    "retrying": "Retrying",
    "waiting": "Waiting",
    "confirmed": "Delivered",
    "delivered": "Accepted",
    "ignored": "Ignored",
    "filtered": "Filtered",
    "deduplicated": "Deduplicated",
    "superseded": "Superseded",
    "older": "Superseded",
    "unreadable": "Unreadable",
}
TAB = {"confirmed": "delivered", "older": "superseded"}


class TestMessages(PageSuite):
    action = "messages.view"
    queries = 18

    def path(self, rows: Rows) -> str:
        return "/messages/"


class TestRows(PageSuite):
    action = "messages.view"
    queries = 14

    def path(self, rows: Rows) -> str:
        return f"/messages/rows/?through={rows.message.id}"


class TestFilters(PageSuite):
    action = "messages.view"
    queries = 10
    shows_canary = False

    def path(self, rows: Rows) -> str:
        return "/messages/filters/?topic=orders/create"


class TestExport(PageSuite):
    action = "messages.view"
    queries = 14
    is_html = False

    def path(self, rows: Rows) -> str:
        return "/messages/export.csv"


def shown(client, query: str) -> list[str]:
    """Ids of the rows a page shows, in order."""
    return re.findall(r'id="m-([0-9a-f-]{36})"', client.get(f"/messages/{query}").content.decode())


def exported(client, query: str, form: str = "csv") -> list[dict[str, str]]:
    text = client.get(f"/messages/export.{form}{query}").getvalue().decode()
    if form == "csv":
        return list(csv.DictReader(io.StringIO(text)))
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def shop(northgate) -> ledger_rows.Shop:
    return ledger_rows.connect(Retailer.objects.get(key="harbour-pine"), stores=3)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_each_outcome_is_found_under_its_tab_with_its_word(shop, outcome):
    wanted = ledger_rows.add(shop, outcome=outcome)
    ledger_rows.add(shop, outcome="ignored" if outcome != "ignored" else "confirmed")
    client = signed_in(ADA)
    assert shown(client, f"?outcome={TAB.get(outcome, outcome)}") == [str(wanted.id)]
    page = client.get(f"/messages/?outcome={TAB.get(outcome, outcome)}").content.decode()
    assert f"</svg>{OUTCOMES[outcome]}</span>" in page


@pytest.mark.parametrize("outcome", ["ignored", "filtered", "deduplicated", "older", "unreadable"])
def test_what_was_not_delivered_says_by_which_rule(shop, outcome):
    message = ledger_rows.add(shop, outcome=outcome)
    assert message.rule in signed_in(ADA).get("/messages/").content.decode()


def test_a_repeated_event_is_found_among_the_deduplicated(shop):
    message = ledger_rows.add(shop, outcome="repeated", at=datetime.now(UTC) - timedelta(hours=1))
    ledger_rows.add(shop, outcome="confirmed")
    assert shown(signed_in(ADA), "?outcome=deduplicated") == [str(message.id)]


@pytest.mark.parametrize(
    ("field", "value", "facts"),
    [
        ("store", "102", {"store": "102"}),
        ("topic", "refunds/create", {"topic": "refunds/create"}),
        ("version", "2026-07", {"api_version": "2026-07"}),
        ("version", "not-stated", {"api_version": ""}),
        ("door", "poll", {"door": "poll"}),
    ],
)
def test_each_field_filters_alone(shop, field, value, facts):
    usual = {"store": "101", "topic": "orders/create", "api_version": "2026-10", "door": "webhook"}
    wanted = ledger_rows.add(shop, **(usual | facts))
    ledger_rows.add(shop, seed=2, **usual)
    assert shown(signed_in(ADA), f"?{field}={value}") == [str(wanted.id)]


def test_a_target_finds_what_went_there_and_the_version_it_served(shop):
    wanted = ledger_rows.add(shop)
    ledger_rows.add(shop, outcome="ignored")
    client = signed_in(ADA)
    for query in (f"?connection={shop.target.key}", f"?flow={shop.flow.key}", "?version=8.2.1"):
        assert shown(client, query) == [str(wanted.id)], query


def test_a_search_finds_an_old_order_with_or_without_its_hash(shop):
    old = ledger_rows.add(shop, number="#4711", at=datetime.now(UTC) - timedelta(days=40))
    ledger_rows.add(shop, seed=3)
    client = signed_in(ADA)
    assert shown(client, "?q=4711") == shown(client, "?q=%234711") == [str(old.id)]
    assert shown(client, f"?q={old.id}") == [str(old.id)]
    assert shown(client, "?q=471") == []


def test_the_time_range_and_the_retailer_narrow_the_list(shop):
    recent = ledger_rows.add(shop, at=datetime.now(UTC) - timedelta(minutes=5))
    older = ledger_rows.add(shop, at=datetime.now(UTC) - timedelta(hours=3), seed=2)
    client = signed_in(ADA)
    assert shown(client, "?from=now-1h&to=now") == [str(recent.id)]
    assert shown(client, "?from=now-4h&to=now-1h") == [str(older.id)]
    assert shown(client, "?retailer=bluebell") == []
    assert shown(client, "?retailer=harbour-pine,bluebell") == [str(recent.id), str(older.id)]


def test_a_retailer_one_may_not_see_does_not_exist(shop):
    assert signed_in(CLEO).get("/messages/?retailer=harbour-pine").status_code == 404
    assert signed_in(ADA).get("/messages/?retailer=marlow").status_code == 404


def test_pages_follow_each_other_without_a_gap_in_both_directions(rows):
    rows.add(120, "confirmed")
    client = signed_in(ADA)
    first = shown(client, "")
    second = shown(client, f"?before={first[-1]}")
    third = shown(client, f"?before={second[-1]}")
    assert [len(first), len(second), len(third)] == [50, 50, 21]
    assert sorted(first + second + third, reverse=True) == first + second + third
    assert shown(client, f"?after={third[0]}") == second
    assert shown(client, f"?after={second[0]}") == first


def test_new_messages_wait_behind_the_pill(rows):
    top = rows.message.id
    ledger_rows.add(rows.shop, at=datetime.now(UTC))
    answer = signed_in(ADA).get(f"/messages/rows/?through={top}").content.decode()
    assert 'data-newer="1"' in answer
    assert answer.count("data-row id=") == 1


def test_the_file_holds_exactly_the_filtered_set(rows):
    rows.add(60, "confirmed")
    rows.add(3, "ignored")
    client = signed_in(ADA)
    found = exported(client, "?outcome=delivered")
    assert len(found) == 60
    assert [row["message_id"] for row in found][:50] == shown(client, "?outcome=delivered")
    assert exported(client, "?outcome=delivered", "jsonl")[0]["message_id"] == found[0]["message_id"]


def test_times_in_a_file_carry_their_offset_and_numbers_stay_numbers(rows):
    row = exported(signed_in(ADA), "")[0]
    assert datetime.fromisoformat(row["received_at"]).utcoffset() is not None
    assert float(row["value"]) > 0


def test_a_formula_in_a_file_is_no_formula(shop):
    ledger_rows.add(shop, number="=HYPERLINK(1)")
    assert exported(signed_in(ADA), "")[0]["number"] == "'=HYPERLINK(1)"


def test_an_export_is_in_the_trail_of_the_retailers_it_may_speak_of(rows, northgate):
    exported(signed_in(BEN), "?outcome=exception")
    event = AuditEvent.objects.get(action="list.exported")
    assert event.retailer_id == rows.shop.retailer.id
    assert '"outcome": "exception"' in event.after


def test_what_the_address_gets_wrong_is_said_and_not_dropped_silently(rows):
    page = signed_in(ADA).get("/messages/?outcome=lost&from=yesterday").content.decode()
    assert "“lost” is no outcome" in page
    assert "“yesterday” is not a time" in page


def test_the_three_kinds_of_nothing_differ(northgate):
    client = signed_in(ADA)
    assert "No messages yet" in client.get("/messages/").content.decode()
    ledger_rows.connect(Retailer.objects.get(key="harbour-pine"))
    assert "No messages in this range" in client.get("/messages/").content.decode()
    assert "No message matches" in client.get("/messages/?outcome=waiting").content.decode()


def test_links_keep_retailer_and_range_from_page_to_page(rows):
    page = signed_in(ADA).get("/messages/?retailer=harbour-pine&from=now-7d&to=now&topic=x").content.decode()
    assert 'href="/exceptions/?retailer=harbour-pine&amp;from=now-7d&amp;to=now"' in page
