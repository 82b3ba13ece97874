"""Pausing and resuming through the API: the same services, the same refusals in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from governance.audit.models import AuditEvent
from governance.registry.models import Flow, Pause
from tenants.retailers.models import Retailer
from tests.console.api.calls import Caller, problem
from tests.console.pages import ADA, BEN
from tests.support import ledger_rows

ON = ["flow:harbour-pine-orders", "target:harbour-pine-erp"]


@pytest.fixture
def shop(northgate) -> ledger_rows.Shop:
    shop = ledger_rows.connect(Retailer.objects.get(key="harbour-pine"), stores=2)
    ledger_rows.back_off(shop, ledger_rows.add(shop, outcome="retrying"))
    ledger_rows.call(shop)
    return shop


def begin(who: str = ADA, **body: object):
    return Caller(who).post("pauses/begin", {"on": ON, "reason": "stock-taking"} | body)


def test_what_is_paused_is_told_with_its_backlog_and_its_estimate(shop):
    made = begin(sla="excluded", sla_reason="agreed").json()["results"]
    assert [one["on"] for one in made] == ON
    flow = made[0]
    assert (flow["retailer"], flow["label"], flow["sla"], flow["others"]) == (
        "harbour-pine",
        "Orders to ERP",
        "excluded",
        1,
    )
    assert flow["backlog"]["count"] == 1
    assert flow["backlog"]["says"] == "unknown: ERP took nothing in the last 24 hours"
    assert flow["backlog"]["drain_seconds"] is None
    assert Caller(ADA).get("pauses").json()["results"] == made


def test_ended_it_is_past_and_says_by_whom(shop):
    ids = [one["id"] for one in begin().json()["results"]]
    assert Caller(ADA).post("pauses/end", {"ids": ids, "reason": "counted"}).status_code == 200
    assert Caller(ADA).get("pauses").json()["results"] == []
    past = Caller(ADA).get("pauses?state=past").json()["results"]
    assert {(one["ended_by"], one["end_reason"]) for one in past} == {("Ada Ohm <ada@northgate.example>", "counted")}
    again = Caller(ADA).post("pauses/end", {"ids": ids, "reason": "counted"})
    assert (again.status_code, problem(again)["code"]) == (409, "stale_state")


def test_the_same_request_twice_is_one_pause(shop):
    body = {"on": ON[:1], "reason": "stock-taking"}
    first, second = (Caller(ADA).post("pauses/begin", body, **{"Idempotency-Key": "k1"}) for _ in range(2))
    assert first.json() == second.json()
    assert Pause.objects.count() == 1


def test_a_time_that_is_over_is_refused_beside_its_field(shop):
    refused = begin(expires_at=(datetime.now(UTC) - timedelta(minutes=1)).isoformat())
    assert refused.status_code == 400
    assert problem(refused)["errors"] == {"expires_at": ["This time is over already."]}
    assert Flow.objects.get().state == "active"


def test_what_is_out_of_sight_is_not_there_and_nothing_of_the_act_happens(shop):
    ledger_rows.connect(Retailer.objects.get(key="bluebell"), stores=2)
    refused = begin(BEN, on=[*ON, "flow:bluebell-orders"])
    assert refused.status_code == 404
    assert Pause.objects.count() == 0
    assert not AuditEvent.objects.filter(action="flow.paused").exists()


def test_a_retailers_staff_cannot_end_what_the_partner_paused(shop):
    ids = [one["id"] for one in begin().json()["results"]]
    refused = Caller(BEN).post("pauses/end", {"ids": ids, "reason": "we want to sell"})
    assert refused.status_code == 403
    assert "Somebody who looks after every retailer paused it" in problem(refused)["detail"]
    own = [one["id"] for one in begin(BEN, on=ON[:1]).json()["results"]]
    assert Caller(BEN).post("pauses/end", {"ids": own, "reason": "done"}).status_code == 200
    assert Flow.objects.get().state == "paused"
