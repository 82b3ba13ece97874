"""Changing a connection: settings beside their fields, secrets replaced and retired, none ever shown."""

from __future__ import annotations

import pytest
from django.urls import reverse

from governance.audit.models import AuditEvent
from governance.credentials.models import Credential
from governance.credentials.selectors import secrets_for_connection
from governance.registry.models import RetailConnection
from tests.console.pages import PageSuite, Rows
from tests.console.views.browser import signed_in
from tests.console.views.test_connections import CANARY, EVE, connected, keys  # noqa: F401

EDIT, RETIRE, HERE = (reverse(f"connection{end}", args=["shop"]) for end in ("-edit", "-retire", ""))
SAME = {"label": "Harbour shop", "field-shop_domain": "harbour-pine.myshopify.com"}


class TestConnectionEdit(PageSuite):
    action = "connections.edit"
    reader = EVE
    queries = 12

    def path(self, rows: Rows) -> str:
        rows.canary = "Canary shop"
        RetailConnection.objects.filter(pk=rows.shop.source.pk).update(label=rows.canary)
        return reverse("connection-edit", args=[rows.shop.source.key])


class TestConnection(PageSuite):
    action = "connections.view"
    queries = 20
    one_object = True

    def path(self, rows: Rows) -> str:
        rows.canary = "Canary shop"
        RetailConnection.objects.filter(pk=rows.shop.source.pk).update(label=rows.canary)
        return reverse("connection", args=[rows.shop.source.key])


@pytest.fixture
def eve(keys):  # noqa: F811
    client = signed_in(EVE)
    connected(client)
    return client


def signing_secrets() -> list[str]:
    shop = RetailConnection.objects.get()
    return [secret.reveal() for secret in secrets_for_connection(shop.pk, "verify").get("webhook_secret", ())]


def replaced(client, value: str = f"{CANARY}-second"):
    return client.post(EDIT, SAME | {"field-webhook_secret": value, "reason": "yearly"}, follow=True)


def test_name_and_settings_change_and_secrets_left_empty_stay(eve):
    answer = eve.post(EDIT, {"label": "Pine shop", "field-shop_domain": "pine.myshopify.com", "reason": "renamed"})
    shop = RetailConnection.objects.get()
    assert answer.headers["Location"] == HERE
    assert (shop.label, shop.config, shop.key) == ("Pine shop", {"shop_domain": "pine.myshopify.com"}, "shop")
    assert signing_secrets() == [f"{CANARY}-signing"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"field-shop_domain": ""}, "Shop domain is missing."),
        ({"label": " "}, "A name is missing."),
        ({"reason": ""}, "Please give a reason"),
        ({"field-admin_url": "http://127.0.0.1:8101"}, "allow this host first"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_changes(eve, changes, says):
    answer = eve.post(EDIT, SAME | {"reason": "x", "field-webhook_secret": f"{CANARY}-new"} | changes)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert says in text.partition('class="form"')[2]
    assert CANARY not in text
    assert signing_secrets() == [f"{CANARY}-signing"]


def test_a_private_host_is_allowed_on_the_way_with_the_reason(eve):
    stand_in = SAME | {"field-admin_url": "http://127.0.0.1:8101", "reason": "our stand-in"}
    assert 'name="allow"' in eve.post(EDIT, stand_in).content.decode()
    assert "Type it again" in eve.post(EDIT, stand_in | {"allow": "yes"}).content.decode()
    token = {"field-access_token": f"{CANARY}-for the stand-in"}
    assert eve.post(EDIT, stand_in | token | {"allow": "yes"}).status_code == 302


def test_a_replaced_secret_leaves_the_old_one_valid_until_it_is_retired(eve):
    page = replaced(eve).content.decode()
    assert signing_secrets() == [f"{CANARY}-second", f"{CANARY}-signing"]
    assert "Retire version 1" in page
    old = Credential.objects.get(field="webhook_secret", version=1)
    eve.post(RETIRE, {"credential": old.pk, "reason": ""})
    assert len(signing_secrets()) == 2
    eve.post(RETIRE, {"credential": old.pk, "reason": "the shop uses the new one"})
    assert signing_secrets() == [f"{CANARY}-second"]
    assert "Retire version" not in eve.get(EDIT).content.decode()


def test_the_newest_secret_is_never_retired_here(eve):
    replaced(eve)
    newest = Credential.objects.get(field="webhook_secret", version=2)
    token = Credential.objects.get(field="access_token")
    for one in (newest, token):
        eve.post(RETIRE, {"credential": one.pk, "reason": "a slip"})
    assert len(signing_secrets()) == 2
    assert Credential.objects.active().filter(pk=token.pk).exists()


def test_a_secret_is_told_by_when_and_who_and_its_value_is_in_no_page(eve):
    pages = [replaced(eve), eve.get(EDIT), eve.get(HERE), eve.get(reverse("connections"))]
    text = pages[1].content.decode()
    assert "by Eve" in text
    assert "an older one works too" in text
    assert not any(CANARY.encode() in page.content for page in pages)
    assert not AuditEvent.objects.filter(canonical__contains=CANARY.encode()).exists()
