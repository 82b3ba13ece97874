"""`manage.py load_history`: a past in one command, and never beside real data by mistake."""

from __future__ import annotations

from governance.registry.models import RetailConnection
from monitoring.exceptions.models import ExceptionItem
from monitoring.ledger.models import Delivery, Message
from monitoring.rollups.folding import folded_state
from monitoring.rollups.tiling import Folded
from tenants.context import partner_scope
from tenants.partners.models import Partner
from tenants.retailers.models import Retailer
from tests.console.commands.conftest import Shell
from tests.console.pages import ADA
from tests.console.views.browser import signed_in
from tests.support.ledger_rows import connect

LITTLE = ("load_history", "--deliveries", "1500", "--days", "10")


def northgate() -> Partner:
    return Partner.objects.get(key="northgate")


def test_one_command_fills_a_partner_that_has_no_flow_and_every_page_opens_on_it(shell: Shell):
    ended = shell.run(*LITTLE)
    assert (ended.code, ended.err) == (0, "")
    assert "a shop, an ERP and a flow between them were made" in ended.out
    assert "1,500 deliveries of 1,576 messages" in ended.out
    with partner_scope(northgate().schema_name):
        assert Delivery.objects.count() == 1500
        assert not RetailConnection.objects.filter(live=True).exists()
        assert folded_state() == Folded(folded_state().until)
        message, item = Message.objects.latest("id"), ExceptionItem.objects.filter(state="open").latest("id")
    ada = signed_in(ADA)
    for path in (
        "/",
        "/?from=now-30d&to=now",
        "/overview/equation/",
        "/exceptions/",
        "/exceptions/?tab=resolved&from=now-30d&to=now",
        "/messages/?from=now-30d&to=now",
        f"/messages/{message.id}/",
        f"/exceptions/{item.id}/",
        "/connections/",
    ):
        assert ada.get(path).status_code == 200, path


def test_a_second_past_must_be_meant(shell: Shell):
    assert shell.run(*LITTLE).code == 0
    again = shell.run(*LITTLE)
    assert again.code == 1
    assert "has a loaded past already" in again.err
    assert shell.run(*LITTLE, "--force").code == 0
    with partner_scope(northgate().schema_name):
        assert Delivery.objects.count() == 3000


def test_a_live_connection_is_never_mixed_with_a_made_up_past(shell: Shell):
    with partner_scope(northgate().schema_name):
        connect(Retailer.objects.get(key="harbour-pine"), stores=2, live=True)
    ended = shell.run(*LITTLE)
    assert ended.code == 1
    assert "has a live connection" in ended.err
    with partner_scope(northgate().schema_name):
        assert not Message.objects.exists()


def test_a_partner_that_does_not_exist_is_named(shell: Shell):
    ended = shell.run("load_history", "--deliveries", "5", "--partner", "nobody")
    assert ended.code == 1
    assert "there is no partner 'nobody'" in ended.err
