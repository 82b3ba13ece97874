"""Flows on the console: from nothing to a delivered order by the pages alone; paused, resumed, refused in words."""

from __future__ import annotations

import asyncio

import pytest
from django.db import connection
from django.urls import reverse

from connectors.engine.intake.app import Intake
from connectors.engine.pauses.services import pause
from connectors.engine.pauses.targets import on_connection
from governance.access.principal import command
from governance.credentials.services import keyring
from governance.registry.models import Flow, RetailConnection
from tenants.context import Scope, partner_scope, scope_of
from tenants.partners.models import Partner
from tests.console.pages import PageSuite, Rows
from tests.console.views.browser import signed_in
from tests.console.views.test_connections import EVE, FORM, NEW, address_on, connected, keys  # noqa: F401
from tests.support.engine import SIGNING, World, erp, fake_connectors  # noqa: F401
from tests.support.orders import order

FLOW_NEW = reverse("flow-new")
FAKE_ERP = {"retailer": "harbour-pine", "label": "ERP", "key": "erp", "live": "live", "allow": "yes", "reason": "tests"}
FLOW = {
    "label": "Sales to ERP",
    "key": "sales",
    "object_type": ["order", "refund"],
    "mode": "strict",
    "latency": "live",
}


class TestFlowNew(PageSuite):
    action = "flows.edit"
    reader = EVE
    queries = 14

    def path(self, rows: Rows) -> str:
        rows.canary = "Canary shop"
        RetailConnection.objects.filter(pk=rows.shop.source.pk).update(label=rows.canary)
        return FLOW_NEW


class TestFlowChoice(TestFlowNew):
    def path(self, rows: Rows) -> str:
        RetailConnection.objects.get_or_create(
            key="second", defaults={"retailer": rows.shop.retailer, "label": "Second", "connector": "tryton"}
        )
        return super().path(rows)


@pytest.fixture
def eve(keys):  # noqa: F811
    return signed_in(EVE)


@pytest.fixture
def joined(eve):
    connected(eve)
    shop = RetailConnection.objects.get()
    RetailConnection.objects.create(retailer=shop.retailer, key="erp", label="ERP", connector="tryton")
    assert eve.post(FLOW_NEW, FLOW).status_code == 302
    return eve


def test_each_step_leads_to_the_next(eve):
    assert "To the first delivered order" in eve.get(reverse("connect")).content.decode()
    page = connected(eve).content.decode()
    assert 'aria-current="step"' in page
    assert f"{reverse('connect')}?retailer=harbour-pine" in page
    shop = RetailConnection.objects.get()
    RetailConnection.objects.create(retailer=shop.retailer, key="erp", label="ERP", connector="tryton")
    for path in (reverse("connections"), reverse("connection", args=["shop"]), reverse("connection", args=["erp"])):
        assert f"{FLOW_NEW}?source=shop&amp;target=erp" in eve.get(path).content.decode()


def test_what_goes_is_what_the_target_writes_and_nothing_it_only_reads(joined):
    flow = Flow.objects.get()
    assert flow.operations == {"order": "order.upsert", "refund": "refund.create"}
    assert "sale.read" not in joined.get(FLOW_NEW).content.decode()


def test_a_flow_is_shown_at_both_its_ends(joined):
    for key in ("shop", "erp"):
        page = joined.get(reverse("connection", args=[key])).content.decode()
        assert "Sales to ERP" in page
        assert "orders, refunds · in order · within seconds" in page


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"object_type": []}, "at least one operation"),
        ({"object_type": ["sale", "nonsense"]}, "at least one operation"),
        ({"mode": "sideways"}, "Choose one of these."),
        ({"latency": "never"}, "Choose one of these."),
        ({"label": ""}, "A name is missing."),
        ({"key": "Not A Key"}, "A key has up to 60"),
        ({"key": "new"}, "A key has up to 60"),
        ({"key": "sales"}, "is taken"),
        ({"key": "twice"}, "Sales to ERP takes order, refund to ERP already."),
    ],
)
def test_a_flow_that_cannot_be_is_refused_in_words(joined, changes, says):
    answer = joined.post(FLOW_NEW, FLOW | changes)
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert Flow.objects.count() == 1


def test_an_end_out_of_sight_is_not_there_and_without_two_ends_there_is_nothing_to_join(eve):
    connected(eve)
    assert "nothing to join yet" in eve.get(FLOW_NEW).content.decode()
    assert eve.get(FLOW_NEW, {"source": "nowhere"}).status_code == 404


def test_a_flow_of_a_paused_source_is_set_up_waiting(eve):
    connected(eve)
    shop = RetailConnection.objects.select_related("retailer").get()
    RetailConnection.objects.create(retailer=shop.retailer, key="erp", label="ERP", connector="tryton")
    pause([on_connection(shop, "source")], by=command("tests"), reason="they move house")
    assert eve.post(FLOW_NEW, FLOW).status_code == 302
    assert Flow.objects.get().state == "paused"
    assert "What Harbour shop sends waits" in eve.get(reverse("connection", args=["shop"])).content.decode()


def _by_the_pages(erp_url: str) -> tuple[Scope, str]:
    """Connect the shop, connect the ERP, set up the flow: whose, and the intake's path that the first page showed."""
    partner = Partner.objects.get(key="northgate")
    with partner_scope(partner.schema_name):
        keyring().create(partner.schema_name)
        client = signed_in(EVE)
        path = address_on(client.post(NEW, FORM | {"field-webhook_secret": SIGNING}))
        erp_form = FAKE_ERP | {"field-url": erp_url}
        made = client.post(reverse("connect-new", args=["fake_search"]), erp_form).content.decode()
        assert f"{FLOW_NEW}?source=shop&amp;target=erp" in made
        assert client.post(f"{FLOW_NEW}?source=shop&target=erp", FLOW).status_code == 302
    connection.close()
    return scope_of(partner.schema_name), path


async def test_a_stranger_gets_an_order_delivered_by_the_pages_alone(committed, fake_connectors, erp):  # noqa: F811
    scope, path = await asyncio.to_thread(_by_the_pages, erp.url)
    world = World(scope, erp, shop=None, flow=None, intake=Intake())
    await world.intake.start()
    status, _ = await world.post(order(1001), path=path)
    await world.settle()
    await world.intake.stop()
    assert status == 202
    assert sum(erp.journal.effects.values()) == 1


def test_a_flow_in_which_only_the_newest_counts_is_offered_and_says_so(eve):
    connected(eve)
    shop = RetailConnection.objects.get()
    RetailConnection.objects.create(retailer=shop.retailer, key="erp", label="ERP", connector="tryton")
    assert "right for stock and prices" in eve.get(FLOW_NEW).content.decode()
    assert eve.post(FLOW_NEW, FLOW | {"mode": "latest-wins"}).status_code == 302
    assert "only the newest" in eve.get(reverse("connection", args=["erp"])).content.decode()
