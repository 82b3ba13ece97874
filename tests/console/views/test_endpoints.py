"""How targets are called, on their pages: what is down and since when, what waits, and overrides with a reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connectors.engine.models import Endpoint
from governance.audit.models import AuditEvent
from governance.registry.models import Flow, RetailConnection
from monitoring.exceptions.models import ExceptionItem
from tenants.people.models import Person
from tenants.retailers.models import Retailer
from tests.console.pages import ADA, BEN, CLEO, PageSuite, Rows
from tests.console.views.browser import signed_in
from tests.support import ledger_rows

PAGE, LIST = "/connections/harbour-pine-erp/endpoint/", "/endpoints/"
DOWN = {"breaker": "open", "breaker_reason": "The target cannot be reached: refused."}
DIALOG = {"x-fragment": "dialog"}


class TestEndpoint(PageSuite):
    action = "connections.view"
    queries = 17
    one_object = True
    shows_canary = False

    def path(self, rows: Rows) -> str:
        ledger_rows.call(rows.shop, **DOWN)
        return PAGE


class TestEndpoints(PageSuite):
    action = "connections.view"
    queries = 16
    shows_canary = False

    def path(self, rows: Rows) -> str:
        ledger_rows.call(rows.shop, **DOWN)
        return LIST


class TestOverrideQuestion(TestEndpoint):
    action = "endpoints.control"

    def path(self, rows: Rows) -> str:
        return super().path(rows) + "hold/"


@pytest.fixture
def shop(northgate) -> ledger_rows.Shop:
    shop = ledger_rows.connect(Retailer.objects.get(key="harbour-pine"), stores=3)
    ledger_rows.call(shop)
    return shop


@pytest.fixture
def waiting(shop) -> ledger_rows.Shop:
    """Three deliveries wait: one backs off for an hour, two of one order go when their turn comes."""
    ledger_rows.back_off(shop, ledger_rows.add(shop, outcome="retrying", seed=9))
    item = ExceptionItem.objects.get(message_id=ledger_rows.add(shop, outcome="exception").id)
    lane = ledger_rows.park(shop, item)
    ledger_rows.wait_behind(lane, ledger_rows.add(shop, outcome="waiting", seed=2))
    lane.parked = False
    lane.save()
    return shop


def ask(path: str, who: str = ADA, **headers: str) -> str:
    return signed_in(who).get(path, headers=headers).content.decode()


def post(act: str, **form: str):
    return signed_in(ADA).post(f"{PAGE}{act}/", {"reason": "they change their server"} | form, follow=True)


def row(shop: ledger_rows.Shop) -> Endpoint:
    return Endpoint.objects.get(pk=shop.target.pk)


def minutes(number: float) -> datetime:
    return datetime.now(UTC) + timedelta(minutes=number)


def test_a_target_that_is_down_says_why_and_what_waits(waiting):
    ledger_rows.call(waiting, **DOWN, breaker_at=minutes(-12), probe_at=minutes(0.5))
    page = ask(PAGE)
    assert "ERP is not called: The target cannot be reached: refused. One delivery at a time" in page
    assert "12 min ago" in page
    assert "2 waiting, limits and overrides" not in page
    assert "3 waiting, limits and overrides" in ask("/connections/harbour-pine-erp/")


def test_the_list_shows_what_is_not_called_as_usual_and_on_request_all(waiting):
    assert "Every target is called as usual" in ask(LIST)
    assert "harbour-pine-erp" in ask(f"{LIST}?show=all")
    ledger_rows.call(waiting, **DOWN, breaker_at=minutes(-200))
    page = ask(LIST)
    assert "harbour-pine-erp" in page
    assert "3 h ago" in page
    assert "1 target is not called as usual" in ask("/connections/")


def test_what_is_worst_comes_first(waiting, northgate):
    bell = ledger_rows.connect(Retailer.objects.get(key="bluebell"), stores=2)
    ledger_rows.call(bell, **DOWN)
    ledger_rows.call(waiting, pace=0.5)
    page = ask(LIST)
    assert page.index("bluebell-erp") < page.index("harbour-pine-erp")
    assert "bluebell-erp" not in ask(f"{LIST}?retailer=harbour-pine")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"breaker": "held", "breaker_reason": "stock-taking"}, "ERP is held"),
        ({"not_before": minutes(10)}, "ERP asked us to wait"),
        ({"pace": 0.4, "pace_gain": 0.1}, "called at 40 % of its pace"),
        ({}, "called as usual"),
    ],
)
def test_every_state_is_said_in_words(shop, state, words):
    ledger_rows.call(shop, paced_at=minutes(0), **state)
    assert words in ask(PAGE)


def test_a_paused_connection_and_a_paused_flow_are_named(shop):
    Flow.objects.update(state="paused")
    assert "The flow Orders to ERP is paused" in ask(PAGE)
    RetailConnection.objects.filter(pk=shop.target.pk).update(state="paused")
    assert "ERP is paused: nothing goes until the connection is active again." in ask(PAGE)


def test_a_system_that_nothing_is_sent_to_has_no_such_page(shop):
    assert signed_in(ADA).get("/connections/harbour-pine-shop/endpoint/").status_code == 404
    assert "How it is called" not in ask("/connections/harbour-pine-shop/")
    assert signed_in(ADA).get(f"{PAGE}nonsense/").status_code == 404


def test_to_hold_names_what_will_wait_and_asks_for_a_reason(waiting):
    assert "3 deliveries to ERP, and what comes, will wait until somebody lets it go." in ask(f"{PAGE}hold/")
    assert ask(f"{PAGE}hold/", **DIALOG).lstrip().startswith("<form")
    refused = signed_in(ADA).post(f"{PAGE}hold/", {"reason": " "})
    assert refused.status_code == 409
    assert "Please give a reason" in refused.content.decode()
    assert row(waiting).breaker == "closed"


def test_held_it_says_why_and_offers_to_let_it_go(shop):
    page = post("hold").content.decode()
    assert "they change their server" in page
    assert "/endpoint/let-go/" in page
    assert "/endpoint/hold/" not in page
    event = AuditEvent.objects.get(action="endpoint.held", outcome="done")
    assert (event.object_text, event.reason) == ("ERP", "they change their server")
    post("let-go")
    assert row(shop).breaker == "closed"


@pytest.mark.parametrize(
    ("act", "state", "changed"),
    [
        ("probe", DOWN, {"breaker": "open"}),
        ("lift-wait", {"not_before": minutes(10)}, {"not_before": None}),
        ("full-pace", {"pace": 0.2, "pace_gain": 0.1}, {"pace": 1.0}),
        ("limits", {}, {"own_concurrency": None, "own_per_second": 0.5}),
    ],
)
def test_each_override_is_offered_done_and_recorded(shop, act, state, changed):
    ledger_rows.call(shop, paced_at=minutes(0), **state)
    assert f"/endpoint/{act}/" in ask(PAGE)
    answer = post(act, per_second="0.5")
    assert answer.redirect_chain
    assert {name: getattr(row(shop), name) for name in changed} == changed
    assert AuditEvent.objects.filter(object_type="endpoint", outcome="done").count() == 1


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"concurrency": "many"}, "A whole number, or nothing"),
        ({"concurrency": "0"}, "From 1 to 200 calls at once."),
        ({"per_second": "nan"}, "calls a second."),
        ({"per_second": "1e9"}, "From 0.01 to 1000 calls a second."),
        ({}, "These are its limits already."),
    ],
)
def test_a_limit_that_makes_no_sense_is_said_beside_its_field_and_kept(shop, form, said):
    answer = signed_in(ADA).post(f"{PAGE}limits/", {"reason": "slower"} | form)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert said in page
    assert all(f'value="{value}"' in page for value in form.values())
    assert row(shop).own_concurrency is None


def test_an_override_with_nothing_to_override_says_so(shop):
    refused = signed_in(ADA).post(f"{PAGE}let-go/", {"reason": "x"})
    assert refused.status_code == 409
    assert "ERP is called already." in refused.content.decode()


def test_who_may_not_override_is_told_who_may(shop):
    page = ask(PAGE, BEN)
    assert "/endpoint/hold/" not in page
    assert "Roles that may hold a target" in page
    assert signed_in(BEN).post(f"{PAGE}hold/", {"reason": "x"}).status_code == 403


def test_another_retailers_operator_finds_nothing_to_hold(shop):
    Person.objects.filter(email=CLEO).update(role="operator")
    assert signed_in(CLEO).post(f"{PAGE}hold/", {"reason": "x"}).status_code == 404
    assert row(shop).breaker == "closed"


def test_an_engineer_sees_what_people_did(shop):
    post("hold")
    Person.objects.filter(email=BEN).update(role="engineer", all_retailers=True)
    assert "endpoint.held" in ask(PAGE, BEN)
