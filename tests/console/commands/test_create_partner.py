"""`manage.py create_partner`: what it prints opens the new partner's console, once."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.urls import reverse

from governance.audit.models import AuditEvent
from governance.credentials.keyring import keyring_at
from tenants.context import partner_scope
from tenants.partners.models import Partner
from tenants.people.models import Person
from tests.console.commands.conftest import Shell
from tests.console.views.browser import browser

KESTREL = ("--name", "Kestrel Works", "--host", "kestrel.localhost", "--owner-email", "kim@kestrel.example")
PASSWORD = "boats in the quiet fog"


def test_the_printed_link_lets_the_owner_in_and_an_empty_console_leads_to_the_first_connection(shell: Shell):
    ended = shell.run("create_partner", "kestrel", *KESTREL, "--owner-name", "Kim Owner")
    assert (ended.code, ended.err) == (0, "")
    assert "http://kestrel.localhost:8000/welcome/" in ended.out
    kim = browser("kestrel.localhost")
    assert kim.get(ended.link).status_code == 302
    assert kim.post(reverse("welcome"), {"password": PASSWORD, "again": PASSWORD}).status_code == 302
    assert kim.get(reverse("home")).headers["Location"] == reverse("connect")
    assert kim.get(reverse("connect")).status_code == 200
    assert browser("northgate.localhost").get(ended.link).status_code == 404


def test_the_link_names_the_port_the_console_listens_on(shell: Shell):
    shell.remember(web_port=8123)
    ended = shell.run("create_partner", "kestrel", *KESTREL)
    assert "http://kestrel.localhost:8123/welcome/" in ended.out


def test_a_partner_has_schema_keys_owner_and_a_first_line_in_its_trail(shell: Shell):
    assert shell.run("create_partner", "kestrel", *KESTREL).code == 0
    partner = Partner.objects.get(key="kestrel")
    keyring_at(settings.KEYS_DIR).personal(partner.schema_name)
    with partner_scope(partner.schema_name):
        owner = Person.objects.get()
        told = list(AuditEvent.objects.order_by("event_id").values_list("action", flat=True))
    assert (owner.email, owner.role, owner.has_usable_password()) == ("kim@kestrel.example", "owner", False)
    assert told[0] == "partner.created"
    assert "person.invited" in told


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"key": "northgate"}, "already"),
        ({"key": "Kestrel"}, "cannot be a key"),
        ({"--host": "northgate.localhost"}, "belongs to a partner"),
        ({"--host": "kestrel.localhost:8000"}, "not a host name"),
        ({"--host": "127.0.0.1"}, "not a host name"),
        ({"--owner-email": "kim"}, "not an e-mail address"),
    ],
)
def test_what_cannot_be_is_refused_before_a_schema_is_made(partners, db, changes, says):
    options = dict(zip(KESTREL[::2], KESTREL[1::2], strict=True)) | changes
    key = options.pop("key", "kestrel")
    with pytest.raises(CommandError, match=says):
        call_command("create_partner", key, *(part for pair in options.items() for part in pair))
    assert Partner.objects.count() == len(partners)


def test_refused_ends_with_1_and_wrong_usage_with_2(shell: Shell):
    assert shell.run("create_partner", "northgate", *KESTREL).code == 1
    assert shell.run("create_partner", "kestrel").code == 2
