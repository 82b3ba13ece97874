"""The overview: who sees which numbers, that they lead to what is behind them, and that no data is not green."""

from __future__ import annotations

import csv
import html
import io
import re
from datetime import UTC, datetime, timedelta

import pytest

from monitoring.ledger.models import Attempt, Delivery, Message
from tenants.context import ALL, partner_scope
from tenants.retailers.models import Retailer
from tests.console.pages import ADA, BEN, CANARY, CLEO, EXECUTIVE, PageSuite, Rows, executive
from tests.console.views.browser import signed_in
from tests.support import ledger_rows
from tests.support.rollup_rows import count_ledger

TILE = re.compile(r'tile tile-(\w+)">.*?class="tile-value">(.*?)</p>\s*<p class="tile-more">(.*?)</p>', re.S)


class OverviewSuite(PageSuite):
    action = "overview.view"

    def test_another_role_is_told_what_is_missing_and_who_can_grant_it(self, rows):
        """Every role may see the overview; those who may see nothing else get it without names and links."""
        executive()
        answer = signed_in(EXECUTIVE).get(self.path(rows))
        assert answer.status_code == 200
        assert CANARY not in answer.content.decode()


class TestOverview(OverviewSuite):
    queries = 18

    def path(self, rows: Rows) -> str:
        return "/"


class TestEquation(OverviewSuite):
    queries = 9
    shows_canary = False

    def path(self, rows: Rows) -> str:
        return "/overview/equation/"


class TestFile(OverviewSuite):
    queries = 13
    shows_canary = False
    is_html = False

    def path(self, rows: Rows) -> str:
        return "/overview/failures.csv"


def tiles(client, query: str = "") -> dict[str, tuple[str, str]]:
    """Key -> what the tile says, without markup: (value, small print)."""
    page = client.get(f"/{query}").content.decode()
    return {key: (_plain(value), _plain(more)) for key, value, more in TILE.findall(page)}


def _plain(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())


@pytest.fixture
def shop(northgate) -> ledger_rows.Shop:
    return ledger_rows.connect(Retailer.objects.get(key="harbour-pine"), stores=3)


def test_before_the_first_connection_it_leads_to_one(northgate):
    page = signed_in(ADA).get("/").content.decode()
    assert "Connect the first system" in page
    assert "plotly" not in page


def test_before_the_first_message_it_says_that_systems_are_connected(shop):
    assert "The systems are connected" in signed_in(ADA).get("/").content.decode()


def test_an_hour_without_messages_says_so_and_is_not_green(shop):
    ledger_rows.add(shop, at=datetime.now(UTC) - timedelta(hours=5))
    count_ledger()
    page = signed_in(ADA).get("/?from=now-1h&to=now").content.decode()
    assert "Nothing arrives" in page
    assert "Nothing was received in this range." in page


def test_tiles_tell_what_was_counted(shop):
    at = datetime.now(UTC) - timedelta(minutes=2)
    for outcome in ("confirmed", "confirmed", "exception", "unreadable", "waiting", "retrying"):
        ledger_rows.add(shop, outcome=outcome, at=at, seed=len(outcome), value="100.00")
    count_ledger()
    shown = tiles(signed_in(ADA))
    assert shown["received"] == ("1.2 a minute now", "6 received · last 24 hours")
    assert shown["failed"][0] == "3 failed attempts"
    assert "2 needed a person" in shown["failed"][1]
    assert shown["open"][0] == "2 open"
    assert shown["waiting"] == ("1 delivery", "1 retrying · oldest 2 m 0 s")


def test_a_young_system_is_shown_from_its_first_minute(shop):
    ledger_rows.add(shop, at=datetime.now(UTC) - timedelta(minutes=40))
    count_ledger()
    found = list(csv.DictReader(io.StringIO(signed_in(ADA).get("/overview/messages.csv").content.decode())))
    assert 40 <= len(found) <= 43
    assert sum(int(row["Received"]) for row in found) == 1


def test_every_number_of_a_tile_finds_as_many_messages(shop):
    ledger_rows.add_day(shop, messages=120, at=datetime.now(UTC), hours=3)
    count_ledger()
    client = signed_in(ADA)
    page = client.get("/").content.decode()
    links = dict(re.findall(r'<a href="([^"]*/messages/[^"]*)">\s*(?:<span>)?([\d,]+)', page))
    assert {"outcome=waiting", "outcome=retrying", "attempt=failed"} <= {link.partition("?")[2] for link in links}
    failed = Message.objects.filter(id__in=_with_failed_attempts()).count()
    assert len(_found(client, "?attempt=failed")) == failed
    waiting = Delivery.objects.filter(state="waiting").count()
    assert len(_found(client, "?outcome=waiting")) == waiting


def _with_failed_attempts() -> list:
    return list(Attempt.objects.exclude(outcome="ok").values_list("message_id", flat=True))


def _found(client, query: str) -> list[str]:
    return re.findall(r'id="m-([0-9a-f-]{36})"', client.get(f"/messages/{query}").content.decode())


def test_a_retailers_own_people_see_their_own_numbers(shop, northgate):
    other = ledger_rows.connect(Retailer.objects.get(key="bluebell"), stores=1)
    at = datetime.now(UTC) - timedelta(minutes=10)
    for seed in range(3):
        ledger_rows.add(shop, at=at, seed=seed)
    ledger_rows.add(other, at=at)
    count_ledger()
    assert tiles(signed_in(ADA))["received"][1].startswith("4 received")
    assert tiles(signed_in(BEN))["received"][1].startswith("3 received")
    assert tiles(signed_in(CLEO))["received"][1].startswith("1 received")
    assert tiles(signed_in(ADA), "?retailer=bluebell")["received"][1].startswith("1 received")


def test_picking_a_retailer_of_others_finds_nothing(shop):
    assert signed_in(BEN).get("/?retailer=bluebell").status_code == 404


def test_an_executive_gets_numbers_without_links_to_pages_they_may_not_open(rows):
    executive()
    count_ledger()
    page = signed_in(EXECUTIVE).get("/").content.decode()
    assert "1 received" in page
    assert "/messages/" not in page
    assert "Recent failures" not in page


def test_a_hint_refetches_tiles_and_charts_without_the_page_around_them(rows):
    count_ledger()
    answer = signed_in(ADA).get("/?part=numbers", headers={"HX-Request": "true"})
    fragment = answer.content.decode()
    assert "<html" not in fragment
    assert 'id="overview-tiles"' in fragment
    assert 'hx-swap-oob="true"' in fragment
    assert fragment.count("data-chart=") >= 3


def test_charts_come_as_data_with_a_summary_and_a_table(rows):
    count_ledger()
    page = signed_in(ADA).get("/").content.decode()
    for chart in re.findall(r'data-chart="(chart-[\w-]+)"', page):
        assert f'<script id="{chart}" type="application/json">' in page
    assert page.count('role="img" aria-label="') == page.count("data-chart=")
    assert page.count("View as table") == page.count("data-chart=")


def test_the_equation_adds_up_and_links_its_terms(rows):
    rows.add(4, outcome="confirmed")
    count_ledger()
    page = signed_in(ADA).get("/overview/equation/").content.decode()
    assert _plain(page).startswith("5 received = 4 delivered + 1 need a person + 0 waiting")
    assert "Adds up" in page
    assert "/messages/?outcome=exception" in page


def test_what_does_not_add_up_is_said(rows):
    count_ledger()
    count_ledger(slot=2)
    assert "Does not add up" in signed_in(ADA).get("/overview/equation/").content.decode()


def test_too_many_arrivals_for_the_equation_ask_for_a_shorter_range(rows, monkeypatch):
    monkeypatch.setattr("console.views.overview.MOST_ARRIVALS", 0)
    count_ledger()
    assert "Choose a shorter one" in signed_in(ADA).get("/overview/equation/").content.decode()


def test_a_charts_file_has_the_same_numbers_with_offsets(rows):
    count_ledger()
    answer = signed_in(ADA).get("/overview/messages.csv?from=now-1h&to=now")
    assert "attachment" in answer.headers["Content-Disposition"]
    found = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert sum(int(row["Received"]) for row in found) == 1
    assert re.search(r"[+-]\d\d:\d\d$", found[0]["Time"])


def test_a_chart_that_is_none_is_not_found(rows):
    assert signed_in(ADA).get("/overview/secrets.csv").status_code == 404


def test_another_partners_overview_counts_nothing_of_it(rows, partners):
    count_ledger()
    with partner_scope(partners["tidewater"].schema_name, ALL):
        page = signed_in("theo@tidewater.example", "tidewater.localhost").get("/").content.decode()
    assert "Connect the first system" in page
