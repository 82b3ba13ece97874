"""What stands still, on its pages: made for one or for many retailers in one act, told with what waits, and ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connectors.engine.models import Endpoint
from governance.access.principal import command
from governance.audit.models import AuditEvent
from governance.registry.models import Flow, Pause
from tenants.retailers.models import Retailer
from tests.console.pages import ADA, BEN, CLEO, PageSuite, Rows
from tests.console.views.browser import signed_in
from tests.support import ledger_rows
from tests.support.pauses import stop

LIST, NEW, END = "/pauses/", "/pauses/new/", "/pauses/end/"
FLOW = {"on": "flow:harbour-pine-orders", "reason": "stock-taking", "sla": "counts"}


class TestPauses(PageSuite):
    action = "connections.view"
    queries = 22

    def path(self, rows: Rows) -> str:
        rows.canary = "Canary stock-taking"
        if not Pause.objects.exists():
            stop(rows.shop, "flow", reason=rows.canary)
        return LIST


class TestPauseNew(PageSuite):
    action = "pauses.control"
    queries = 20
    one_object = True
    shows_canary = False

    def path(self, rows: Rows) -> str:
        return f"{NEW}?on=flow:{rows.shop.flow.key}"


@pytest.fixture
def shop(northgate) -> ledger_rows.Shop:
    shop = ledger_rows.connect(Retailer.objects.get(key="harbour-pine"), stores=3)
    ledger_rows.call(shop)
    ledger_rows.back_off(shop, ledger_rows.add(shop, outcome="retrying", seed=9))
    return shop


@pytest.fixture
def both(shop) -> list[ledger_rows.Shop]:
    bell = ledger_rows.connect(Retailer.objects.get(key="bluebell"), stores=2)
    ledger_rows.call(bell)
    return [shop, bell]


def ask(path: str, who: str = ADA) -> str:
    return signed_in(who).get(path).content.decode()


def post(who: str = ADA, **form: object):
    return signed_in(who).post(NEW, FLOW | form, follow=True)


def test_a_flow_is_paused_from_its_connections_page_and_resumed_there(shop):
    page = ask("/connections/harbour-pine-shop/")
    assert f"{NEW}?on=flow:harbour-pine-orders" in page
    assert f"{NEW}?on=source:harbour-pine-shop" in page
    answer = post(next="/connections/harbour-pine-shop/")
    assert answer.redirect_chain == [("/connections/harbour-pine-shop/", 302)]
    assert "The flow waits" in answer.content.decode()
    assert Flow.objects.get().state == "paused"
    row = Pause.objects.get()
    assert f"{END}?id={row.pk}" in answer.content.decode()
    ended = signed_in(ADA).post(END, {"id": str(row.pk), "reason": "counted"}, follow=True)
    assert "What was paused" in ended.content.decode()
    assert Flow.objects.get().state == "active"


def test_the_list_says_what_waits_since_when_until_when_and_how_long_it_takes(shop):
    post(length="4h", sla="excluded", sla_reason="agreed with the retailer")
    page = ask(LIST)
    for said in ("Orders to ERP", "stock-taking", "excluded", "agreed with the retailer", "1 delivery waits"):
        assert said in page
    assert "unknown: ERP took nothing in the last 24 hours" in page
    row = Pause.objects.get()
    assert timedelta(hours=3.9) < row.expires_at - row.opened_at <= timedelta(hours=4)


def test_of_one_system_that_is_down_all_retailers_are_held_in_one_act(both):
    page = ask(f"{NEW}?connector=tryton")
    names = [f"target:{shop.target.key}" for shop in both]
    assert all(f'value="{name}" checked' in page for name in names)
    assert "source:harbour-pine-shop" not in page
    post(on=names, reason="Tryton is down", seen="")
    assert list(Endpoint.objects.values_list("breaker", flat=True)) == ["held", "held"]
    assert len(set(Pause.objects.values_list("request_id", flat=True))) == 1
    held = AuditEvent.objects.filter(action="endpoint.held", outcome="done")
    assert {event.retailer_id for event in held} == {shop.retailer.pk for shop in both}
    assert len({event.request_id for event in held}) == 1
    listed = ask(LIST)
    assert "2 at once" in listed
    assert "Resume all 2" in listed
    ids = [str(row.pk) for row in Pause.objects.all()]
    signed_in(ADA).post(END, {"id": ids, "reason": "it is back"})
    assert list(Endpoint.objects.values_list("breaker", "pace")) == [("closed", 0.1)] * 2


def test_a_retailers_people_see_and_pause_only_theirs(both):
    page = ask(f"{NEW}?connector=tryton", BEN)
    assert "harbour-pine-erp" in page
    assert "bluebell" not in page.lower()
    assert signed_in(BEN).post(NEW, FLOW | {"on": "flow:bluebell-orders"}).status_code == 404
    assert post(BEN).redirect_chain
    assert signed_in(CLEO).get(f"{END}?id={Pause.objects.get().pk}").status_code == 404
    assert "stock-taking" not in ask(LIST, CLEO)


def test_what_the_partner_paused_its_retailers_people_do_not_resume(shop):
    post()
    row = Pause.objects.get()
    assert END not in ask(LIST, BEN)
    refused = signed_in(BEN).post(END, {"id": str(row.pk), "reason": "we want to sell"})
    assert refused.status_code == 409
    assert "ask them to resume it" in refused.content.decode()
    assert Flow.objects.get().state == "paused"


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"reason": " "}, "Please give a reason"),
        ({"until": "2020-01-01T10:00"}, "This time is over already."),
        ({"until": "tomorrow"}, "A day and a time."),
        ({"length": "for ever"}, "Choose one of these."),
        ({"sla": "excluded"}, "Say why it does not count"),
        ({"on": []}, "Choose what to pause."),
    ],
)
def test_what_makes_no_sense_is_said_and_what_was_typed_is_kept(shop, form, said):
    answer = signed_in(ADA).post(f"{NEW}?on=flow:harbour-pine-orders", FLOW | {"sla_reason": ""} | form)
    assert answer.status_code == 409
    assert said in answer.content.decode()
    assert Pause.objects.count() == 0


def test_a_page_that_is_out_of_date_is_told_of_the_other_pause(shop):
    stop(shop, "flow", by=command("Eve"), reason="she was faster")
    refused = signed_in(ADA).post(NEW, FLOW | {"seen": ""})
    assert refused.status_code == 409
    assert "Somebody has paused Orders to ERP meanwhile: “she was faster”" in refused.content.decode()
    looked = signed_in(ADA).post(NEW, FLOW | {"seen": str(Pause.objects.get().pk)})
    assert looked.status_code == 302
    assert "1 more pause stands over the same" in ask(LIST)


def test_the_overview_says_that_something_stands_still(shop):
    assert "pauses_url" not in ask("/")
    stop(shop, "target", at=datetime.now(UTC) - timedelta(hours=2))
    page = ask("/")
    assert "1 pause stands" in page
    assert "1 delivery waits" in page
    assert 'id="overview-pauses"' in ask("/?part=numbers")


def test_a_target_that_is_held_on_its_page_is_a_pause_and_the_other_way_round(shop):
    signed_in(ADA).post("/connections/harbour-pine-erp/endpoint/hold/", {"reason": "they change their server"})
    assert "they change their server" in ask(LIST)
    signed_in(ADA).post("/connections/harbour-pine-erp/endpoint/let-go/", {"reason": "done"})
    assert Pause.objects.get().end_reason == "done"
    assert "Nothing is paused" in ask(LIST)


def test_nonsense_in_the_address_is_not_found(shop):
    for path in (f"{END}?id=nonsense", END, f"{NEW}?on=flow:nowhere"):
        assert signed_in(ADA).get(path).status_code == 404
    assert "No connection of this system" in ask(f"{NEW}?connector=nonsense")
