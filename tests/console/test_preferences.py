"""How one person wants to read, stored for that person."""

from __future__ import annotations

import re

import pytest

from tenants.people.models import Person
from tests.console.pages import ADA
from tests.console.views.browser import browser, signed_in


@pytest.mark.parametrize(
    ("name", "value", "stored"),
    [
        ("theme", "dark", "dark"),
        ("density", "comfortable", "comfortable"),
        ("times", "absolute", "absolute"),
        ("zone", "utc", "utc"),
        ("shortcuts", "False", False),
        ("timezone", "Europe/Berlin", "Europe/Berlin"),
    ],
)
def test_a_choice_is_kept_and_leads_back(northgate, name, value, stored):
    answer = signed_in(ADA).post("/preferences/", {name: value, "next": "/messages/?door=poll"})
    assert answer.headers["Location"] == "/messages/?door=poll"
    assert getattr(Person.objects.get(email=ADA), name) == stored


def test_a_script_is_answered_without_a_page(northgate):
    answer = signed_in(ADA).post("/preferences/", {"theme": "dark"}, headers={"accept": "application/json"})
    assert (answer.status_code, answer.content) == (204, b"")


def test_the_theme_is_in_the_page_before_any_script_runs(northgate):
    client = signed_in(ADA)
    client.post("/preferences/", {"theme": "dark", "density": "comfortable"})
    page = client.get("/messages/").content.decode()
    assert 'data-theme="dark" data-density="comfortable"' in page


NO_CHOICE = [("theme", "neon"), ("zone", "Mars/Base"), ("timezone", "../etc/passwd"), ("shortcuts", "maybe")]


@pytest.mark.parametrize(("name", "value"), NO_CHOICE)
def test_what_is_no_choice_is_refused(northgate, name, value):
    assert signed_in(ADA).post("/preferences/", {name: value}).status_code == 400


def test_it_never_leads_to_another_site(northgate):
    answer = signed_in(ADA).post("/preferences/", {"theme": "dark", "next": "//evil.example/"})
    assert answer.headers["Location"] == "/"


def test_strangers_have_no_preferences(northgate):
    assert browser().post("/preferences/", {"theme": "dark"}).headers["Location"].startswith("/sign-in/")


def test_times_are_shown_in_the_chosen_form_and_zone(rows):
    client = signed_in(ADA)
    Person.objects.filter(email=ADA).update(timezone="Asia/Tokyo")
    assert re.search(r'data-form="relative"[^>]*>\d+ s ago<', client.get("/messages/").content.decode())
    client.post("/preferences/", {"times": "absolute"})
    page = client.get("/messages/").content.decode()
    assert re.search(r'title="[\d-]+ [\d:]+ \+0900" data-form="absolute"', page)
    assert ">Tokyo</span>" in page
