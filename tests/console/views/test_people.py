"""The people pages: who sees whom, and links that are shown once."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from tenants.people.models import Person
from tests.console.views.browser import browser, enter, signed_in

OLGA = "olga@northgate.example"
INVITE = {"email": "finn@northgate.example", "name": "Finn", "role": "operator", "reach": "all"}


@pytest.fixture
def olga(northgate):
    return signed_in(OLGA)


def link_on(page) -> str:
    found = re.search(r"http://northgate\.localhost:\d+(/welcome/[\w-]{43}/)", page.content.decode())
    return found[1] if found else ""


def page_of(email: str) -> str:
    return reverse("person", args=[Person.objects.get(email=email).pk])


def test_an_invited_person_gets_in_by_the_link_shown_once(olga):
    link = link_on(olga.post(reverse("invite"), INVITE))
    assert link
    assert link not in olga.get(reverse("people")).content.decode()
    finn = browser()
    finn.get(link)
    finn.post(reverse("welcome"), {"password": "boats in the quiet fog", "again": "boats in the quiet fog"})
    assert enter(browser(), "finn@northgate.example", "boats in the quiet fog").status_code == 302


@pytest.mark.parametrize(
    "changes",
    [{"email": "nobody"}, {"email": OLGA}, {"role": "king"}, {"role": "staff"}, {"reach": "listed", "role": "staff"}],
)
def test_a_bad_invitation_is_refused_in_words(olga, changes):
    page = olga.post(reverse("invite"), INVITE | changes)
    assert page.status_code == 422
    assert not Person.objects.filter(name="Finn").exists()


def test_staff_is_invited_to_its_own_retailer(olga):
    olga.post(reverse("invite"), INVITE | {"role": "staff", "reach": "listed", "retailer": ["bluebell"]})
    finn = Person.objects.get(name="Finn")
    assert [grant.retailer.key for grant in finn.grants.all()] == ["bluebell"]
    assert not finn.all_retailers


def test_a_retailer_of_another_partner_is_not_granted(olga):
    page = olga.post(reverse("invite"), INVITE | {"role": "staff", "reach": "listed", "retailer": ["marlow"]})
    assert page.status_code == 422


@pytest.mark.parametrize("email", ["ada@northgate.example", "ben@harbourpine.example"])
def test_who_may_not_see_people_is_told_what_is_missing(northgate, email):
    page = signed_in(email).get(reverse("people"))
    assert page.status_code == 403
    assert "people.view" in page.content.decode()


def test_an_auditor_of_one_retailer_sees_its_people_and_the_partners(northgate):
    iris = signed_in("iris@audit.example")
    text = iris.get(reverse("people")).content.decode()
    assert "Ben Pine" in text
    assert "Ada Ohm" in text
    assert "Cleo" not in text
    assert iris.get(reverse("invite")).status_code == 403


def test_someone_at_another_partner_is_not_there(olga):
    assert olga.get(reverse("person", args=[10_000])).status_code == 404


def test_a_new_link_replaces_a_forgotten_password(olga):
    link = link_on(olga.post(page_of("ada@northgate.example") + "link/"))
    assert link
    assert browser().get(link).status_code == 302


def test_a_changed_role_needs_a_reason(olga):
    there = page_of("ada@northgate.example")
    olga.post(there + "role/", {"role": "engineer", "reason": ""})
    assert Person.objects.get(email="ada@northgate.example").role == "operator"
    olga.post(there + "role/", {"role": "engineer", "reason": "new job"})
    assert Person.objects.get(email="ada@northgate.example").role == "engineer"


def test_taking_access_away_is_refused_for_oneself(olga):
    olga.post(page_of(OLGA) + "deactivate/", {"reason": "bye"})
    assert Person.objects.get(email=OLGA).is_active
    olga.post(page_of("ada@northgate.example") + "deactivate/", {"reason": "left"})
    assert not Person.objects.get(email="ada@northgate.example").is_active


def test_an_admin_is_offered_no_role_above_their_own(olga):
    olga.post(reverse("invite"), INVITE | {"role": "admin"})
    Person.objects.filter(name="Finn").update(password=Person.objects.get(email=OLGA).password)
    page = signed_in("finn@northgate.example").get(reverse("invite")).content.decode()
    assert "<option>admin" in page
    assert "<option>owner" not in page
