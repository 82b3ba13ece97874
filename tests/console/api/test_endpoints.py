"""The state of a target and its overrides through the API: the same services, the same refusals in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connectors.engine.models import Endpoint
from governance.audit.models import AuditEvent
from tenants.retailers.models import Retailer
from tests.console.api.calls import Caller, problem
from tests.console.pages import ADA
from tests.support import ledger_rows

PATH = "endpoints/harbour-pine-erp"


@pytest.fixture
def shop(northgate) -> ledger_rows.Shop:
    shop = ledger_rows.connect(Retailer.objects.get(key="harbour-pine"), stores=2)
    ledger_rows.back_off(shop, ledger_rows.add(shop, outcome="retrying"))
    ledger_rows.call(shop)
    return shop


def post(act: str, **body: object):
    return Caller(ADA).post(f"{PATH}/{act}", {"reason": "they change their server"} | body)


def test_the_state_is_told_in_figures_and_in_words(shop):
    told = Caller(ADA).get(PATH).json()
    assert (told["standing"], told["says"]) == ("usual", "ERP is called as usual.")
    assert (told["calls_at_once"], told["calls_per_second"], told["tokens"], told["pace"]) == (2, 8.0, 4, 1.0)
    assert [(one["share"], one["count"], one["due"]) for one in told["waiting"]] == [("live", 1, 0)]
    assert Caller(ADA).get("endpoints").json()["results"] == [told]


def test_an_override_answers_with_what_it_made(shop):
    held = post("hold").json()
    assert (held["standing"], held["reason"], held["calls_at_once"]) == ("held", "they change their server", 0)
    assert post("let-go").json()["pace"] == pytest.approx(0.1, abs=0.01)
    limited = post("limits", concurrency=1, per_second=0.5).json()
    assert limited["limits"] == {"concurrency": 1, "per_second": 0.5, "own_concurrency": 1, "own_per_second": 0.5}
    assert AuditEvent.objects.filter(object_type="endpoint", outcome="done").count() == 3


def test_what_there_is_nothing_to_override_of_is_a_conflict(shop):
    refused = post("lift-wait")
    assert refused.status_code == 409
    assert problem(refused)["code"] == "cannot_override"
    assert problem(refused)["detail"] == "ERP does not ask us to wait."
    Endpoint.objects.update(not_before=datetime.now(UTC) + timedelta(minutes=9))
    assert post("lift-wait").json()["not_before"] is None


@pytest.mark.parametrize("wrong", [{"concurrency": 0}, {"per_second": -1}, {"per_second": 1e6}, {"concurrency": "x"}])
def test_a_limit_that_makes_no_sense_is_named(shop, wrong):
    refused = post("limits", **({"concurrency": None, "per_second": None} | wrong))
    assert refused.status_code == 400
    assert list(problem(refused)["errors"]) == list(wrong)


def test_a_limit_left_out_is_not_taken_for_the_connectors(shop):
    assert post("limits", concurrency=1).status_code == 400
