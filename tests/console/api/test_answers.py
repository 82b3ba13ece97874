"""What the API answers is what the pages show: the same filters, the same rows, the same acts in the same trail."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from console.api.records import plain
from governance.audit.models import AuditEvent
from tests.console.api.calls import Caller
from tests.console.pages import ADA, BEN, CANARY, Rows
from tests.support import ledger_rows
from tests.support.rollup_rows import count_ledger


def pages(caller: Caller, path: str) -> list[list[str]]:
    """Ids of every page, following `older` to the end."""
    found = []
    while path:
        answer = caller.get(path).json()
        found.append([row["id"] for row in answer["results"]])
        path = (answer["older"] or "").removeprefix("/api/v1/")
    return found


def test_following_the_cursor_lists_every_message_once(rows: Rows):
    rows.add(24, outcome="confirmed")
    found = pages(Caller(ADA), "messages?limit=10")
    assert [len(page) for page in found] == [10, 10, 5]
    ids = [id for page in found for id in page]
    assert ids == sorted(set(ids), reverse=True)


def test_a_page_leads_back_to_the_newer_one(rows: Rows):
    rows.add(4, outcome="confirmed")
    ada = Caller(ADA)
    first = ada.get("messages?limit=2").json()
    second = ada.get(first["older"].removeprefix("/api/v1/")).json()
    back = ada.get(second["newer"].removeprefix("/api/v1/")).json()
    assert [r["id"] for r in back["results"]] == [r["id"] for r in first["results"]]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?outcome=exception",
        "?outcome=delivered",
        "?attempt=failed",
        "?q=77001",
        "?version=2026-10",
        "?door=webhook",
    ],
)
def test_the_same_query_finds_what_the_page_shows(rows: Rows, query):
    ledger_rows.add_day(rows.shop, messages=40, at=datetime.now(UTC), hours=2)
    ada = Caller(ADA)
    page = ada.client.get(f"/messages/{query}").content.decode()
    assert [row["id"] for row in ada.get(f"messages{query}").json()["results"]] == re.findall(
        r'id="m-([0-9a-f-]{36})"', page
    )


def test_a_message_has_its_deliveries_attempts_and_steps(rows: Rows):
    found = Caller(ADA).get(f"messages/{rows.message.id}").json()
    (delivery,) = found["deliveries"]
    (attempt,) = delivery["attempts"]
    assert (found["number"], found["status"], delivery["state"]) == (CANARY, "exception", "exception")
    assert attempt["outcome"] == "failed"
    assert [step["number"] for step in attempt["steps"]] == [1, 2]
    assert found["exception_ids"] == [str(rows.exception.id)]


def test_what_is_not_stated_or_unknown_is_null(rows: Rows):
    message = ledger_rows.add(rows.shop, outcome="confirmed", api_version="", value=None)
    found = Caller(ADA).get(f"messages/{message.id}").json()
    assert (found["api_version"], found["value"]) == (None, None)


@pytest.mark.parametrize(
    ("value", "text"),
    [("79.000000", "79.00"), ("0.1000", "0.10"), ("1.234500", "1.2345"), ("1E+3", "1000.00")],
)
def test_money_is_text_with_its_digits(value, text):
    assert plain(Decimal(value)) == text


def test_times_have_offsets(rows: Rows):
    found = Caller(ADA).get(f"messages/{rows.message.id}").json()
    assert datetime.fromisoformat(found["received_at"]).utcoffset() == timedelta(0)


def test_exceptions_by_state_with_their_history(rows: Rows):
    ada = Caller(ADA)
    ada.post(f"exceptions/{rows.exception.id}/resolve", {"reason": "settled by phone"})
    assert ada.get("exceptions").json()["results"] == []
    (closed,) = ada.get("exceptions?tab=resolved").json()["results"]
    found = ada.get(f"exceptions/{closed['id']}").json()
    assert (found["state"], found["resolution"]) == ("resolved", "settled by phone")
    assert found["transitions"][-1]["by"].startswith("Ada Ohm")
    assert found["why_not_retry"] == "It is resolved already."


def test_an_act_by_the_api_is_in_the_trail_under_its_actor(rows: Rows):
    answer = Caller(ADA).post(f"exceptions/{rows.exception.id}/resolve", {"reason": "settled by phone"})
    event = AuditEvent.objects.filter(action="exception.resolved").latest("event_id")
    assert answer.json() == {"id": str(rows.exception.id), "state": "resolved"}
    assert event.request_id == answer.headers["X-Request-Id"]
    assert "ada@northgate.example" in json.dumps(event.__dict__, default=str)


def test_connections_carry_no_settings(rows: Rows):
    found = Caller(BEN).get("connections").json()["results"]
    assert [(one["key"], one["connector"]) for one in found] == [
        ("harbour-pine-erp", "tryton"),
        ("harbour-pine-shop", "shopify"),
    ]
    assert "config" not in json.dumps(found)


def test_the_overview_has_the_pages_numbers(rows: Rows):
    ledger_rows.add_day(rows.shop, messages=60, at=datetime.now(UTC), hours=3)
    count_ledger()
    found = Caller(ADA).get("overview?from=now-4h&to=now").json()
    assert found["received"] == 61
    assert found["equation"].pop("received") == sum(found["equation"].values())
    assert found["failed_attempts"] == sum(found["failures_by_class"].values())
    assert [hop["hop"] for hop in found["latency"]][-1] == "end to end"
    assert all(hop["p50_ms"] <= hop["p95_ms"] for hop in found["latency"])
