"""Connecting a first system through the pages; secrets and addresses are never shown twice."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from governance.audit.models import AuditEvent
from governance.credentials.services import keyring
from governance.egress.models import AllowedHost
from governance.registry.models import RetailConnection
from tenants.context import partner_scope
from tenants.people.models import Person, RetailerGrant
from tenants.retailers.models import Retailer
from tests.console.views.browser import TIDEWATER, signed_in
from tests.support.world import PASSWORD

OLGA, ADA, EVE = "olga@northgate.example", "ada@northgate.example", "eve@northgate.example"
CANARY = "canary-5c1d77"
FORM = {
    "retailer": "harbour-pine",
    "label": "Harbour shop",
    "key": "shop",
    "live": "live",
    "field-shop_domain": "harbour-pine.myshopify.com",
    "field-access_token": f"{CANARY}-token",
    "field-webhook_secret": f"{CANARY}-signing",
}
NEW = reverse("connect-new", args=["shopify"])


@pytest.fixture(autouse=True)
def keys(northgate):
    keyring().create(northgate.schema)


def connected(client, **changes):
    return client.post(NEW, FORM | changes)


def address_on(page) -> str:
    found = re.search(r"http://northgate\.localhost:\d+(/in/[a-z2-7]+-[a-z2-7]{32})", page.content.decode())
    return found[1] if found else ""


def test_an_empty_console_leads_to_the_first_connection():
    client = signed_in(EVE)
    assert client.get(reverse("home")).headers["Location"] == reverse("connect")
    assert client.get(reverse("connections")).headers["Location"] == reverse("connect")
    assert "Connect your first system" in client.get(reverse("connect")).content.decode()


def test_an_empty_console_tells_who_may_not_connect_whom_to_ask():
    page = signed_in(ADA).get(reverse("connections"))
    assert page.status_code == 200
    assert "An owner, admin or engineer" in page.content.decode()


def test_the_address_is_shown_once_with_how_to_subscribe():
    client = signed_in(EVE)
    page = connected(client)
    assert page.status_code == 200
    address = address_on(page)
    assert address
    assert "orders/create" in page.content.decode()
    for path in (reverse("connections"), reverse("connection", args=["shop"]), NEW):
        assert address.split("-")[1] not in client.get(path).content.decode()


def test_a_connected_system_is_listed_with_its_state():
    client = signed_in(EVE)
    connected(client)
    page = client.get(reverse("connections")).content.decode()
    assert "Harbour shop" in page
    assert "none in 24 h" in page
    assert client.get(reverse("home")).headers["Location"] == reverse("overview")


def test_no_page_ever_shows_a_secret():
    client = signed_in(EVE)
    pages = [connected(client), connected(client), connected(client, key="second", **{"field-shop_domain": ""})]
    pages += [client.get(path) for path in (reverse("connections"), reverse("connection", args=["shop"]))]
    assert [page.status_code for page in pages] == [200, 422, 422, 200, 200]
    assert not any(CANARY in page.content.decode() for page in pages)
    assert not AuditEvent.objects.filter(canonical__contains=CANARY.encode()).exists()


def test_what_is_wrong_is_said_beside_its_field_and_the_rest_is_kept():
    page = connected(signed_in(EVE), **{"field-webhook_secret": "", "label": "My shop"})
    text = page.content.decode()
    assert page.status_code == 422
    assert "Webhook signing secret is missing." in text
    assert 'value="My shop"' in text
    assert not RetailConnection.objects.exists()


def test_a_field_the_form_does_not_have_is_not_stored():
    connected(signed_in(EVE), **{"field-is_admin": "yes", "intake_hash": "x", "state": "disconnected"})
    made = RetailConnection.objects.get()
    assert (made.config, made.state) == ({"shop_domain": "harbour-pine.myshopify.com"}, "active")


def test_a_private_host_needs_to_be_allowed_with_a_reason():
    client = signed_in(EVE)
    stand_in = {"field-admin_url": "http://127.0.0.1:8101"}
    assert "allow this host first" in connected(client, **stand_in).content.decode()
    assert "Please give a reason" in connected(client, **stand_in, allow="yes").content.decode()
    assert not AllowedHost.objects.exists()
    assert address_on(connected(client, **stand_in, allow="yes", reason="our stand-in"))
    assert str(AllowedHost.objects.get()) == "http://127.0.0.1:8101"


def test_a_metadata_address_cannot_even_be_allowed():
    page = connected(signed_in(EVE), **{"field-admin_url": "http://169.254.169.254/"}, allow="yes", reason="please")
    assert page.status_code == 422
    assert not RetailConnection.objects.exists()


def test_the_first_retailer_can_be_made_on_the_way():
    client = signed_in(EVE)
    made = {"retailer": "+", "retailer_name": "Kestrel & Co", "currency": "gbp", "timezone": "Europe/London"}
    assert connected(client, **made, **{"field-shop_domain": ""}).status_code == 422
    assert not Retailer.objects.filter(key="kestrel-co").exists()
    assert address_on(connected(client, **made))
    kestrel = Retailer.objects.get(key="kestrel-co")
    assert (kestrel.name, kestrel.currency, kestrel.timezone) == ("Kestrel & Co", "GBP", "Europe/London")


BAD_RETAILERS = [{"timezone": "Mars/Olympus"}, {"timezone": "/etc/passwd"}, {"currency": "€"}, {"retailer_name": ""}]


@pytest.mark.parametrize("changes", BAD_RETAILERS)
def test_a_bad_new_retailer_is_refused_in_words(changes):
    made = {"retailer": "+", "retailer_name": "Kestrel", "currency": "GBP", "timezone": "Europe/London"} | changes
    assert connected(signed_in(EVE), **made).status_code == 422


def test_a_retailer_of_another_partner_cannot_be_chosen():
    page = connected(signed_in(EVE), retailer="marlow")
    assert page.status_code == 422
    assert "Choose a retailer." in page.content.decode()


@pytest.mark.parametrize("key", ["new", "Shop", "9shop", "shop/../x", "x" * 61, "a b"])
def test_a_bad_key_is_refused(key):
    assert connected(signed_in(EVE), key=key).status_code == 422


def test_an_unknown_connector_is_not_there():
    assert signed_in(EVE).get(reverse("connect-new", args=["nothing"])).status_code == 404


@pytest.mark.parametrize("email", [ADA, "ben@harbourpine.example", "iris@audit.example"])
def test_who_may_not_connect_learns_what_is_missing_and_whom_to_ask(email):
    page = signed_in(email).get(NEW)
    text = page.content.decode()
    assert page.status_code == 403
    assert "connections.edit" in text
    assert "owner or admin" in text
    assert connected(signed_in(email)).status_code == 403


def test_a_connection_outside_the_scope_is_not_there():
    connected(signed_in(EVE))
    there = reverse("connection", args=["shop"])
    assert signed_in("ben@harbourpine.example").get(there).status_code == 200
    assert signed_in("cleo@bluebell.example").get(there).status_code == 404
    assert signed_in("theo@tidewater.example", TIDEWATER).get(there).status_code == 404


def test_the_list_shows_each_reader_their_own():
    connected(signed_in(EVE))
    assert "Harbour shop" in signed_in("ben@harbourpine.example").get(reverse("connections")).content.decode()
    assert "Harbour shop" not in signed_in("cleo@bluebell.example").get(reverse("connections")).content.decode()


def test_disconnecting_needs_a_reason():
    client = signed_in(EVE)
    connected(client)
    act = reverse("connection-state", args=["shop"])
    client.post(act, {"state": "disconnected", "seen": "active", "reason": ""})
    assert RetailConnection.objects.get().state == "active"
    client.post(act, {"state": "disconnected", "seen": "active", "reason": "maintenance"})
    assert RetailConnection.objects.get().state == "disconnected"
    assert "Please give a reason" in client.get(reverse("connection", args=["shop"])).content.decode()


def test_an_act_on_a_page_that_is_out_of_date_is_refused():
    client = signed_in(EVE)
    connected(client)
    act = reverse("connection-state", args=["shop"])
    client.post(act, {"state": "active", "seen": "disconnected", "reason": "second thought"})
    assert RetailConnection.objects.get().state == "active"
    assert "is active by now" in client.get(reverse("connection", args=["shop"])).content.decode()


@pytest.mark.parametrize("state", ["", "deleted", "ACTIVE", "paused"])
def test_an_unknown_state_is_refused(state):
    client = signed_in(EVE)
    connected(client)
    answer = client.post(reverse("connection-state", args=["shop"]), {"state": state, "reason": "x"})
    assert answer.status_code == 400


def test_a_new_address_replaces_the_old_one_and_is_shown_once():
    client = signed_in(EVE)
    old = address_on(connected(client))
    new = address_on(client.post(reverse("connection-address", args=["shop"]), {"reason": "it leaked"}))
    assert new
    assert new != old


def test_a_key_of_a_retailer_out_of_sight_is_taken_all_the_same(northgate):
    connected(signed_in(EVE))
    bluebell = Retailer.objects.get(key="bluebell")
    with partner_scope(northgate.schema):
        eve = _limited_engineer(bluebell)
    page = connected(signed_in(eve), retailer="bluebell")
    assert page.status_code == 422
    assert "taken" in page.content.decode()


def _limited_engineer(retailer) -> str:
    person = Person(email="enno@northgate.example", name="Enno", role="engineer")
    person.set_password(PASSWORD)
    person.save()
    RetailerGrant.objects.create(person=person, retailer=retailer)
    return person.email
