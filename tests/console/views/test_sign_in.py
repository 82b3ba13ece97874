"""The doors for strangers, through the whole stack of middleware."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.urls import reverse

from governance.access.links import Purpose, make_link
from governance.access.lockout import PER_PAIR
from governance.access.people import change_role, deactivate_person
from governance.access.principal import command
from governance.access.principals import person_principal
from tenants.context import partner_scope
from tenants.people.models import Person
from tests.console.views.browser import NORTHGATE, TIDEWATER, browser, enter, signed_in
from tests.support.world import PASSWORD

ADA = "ada@northgate.example"
NEW = "lanterns over the harbour"
PROTECTED = "/connections/"


@pytest.fixture
def ada(northgate) -> Person:
    return Person.objects.get(email=ADA)


def link_for(person, purpose=Purpose.RESET) -> str:
    token = make_link(person=person, purpose=purpose, by=command("test"), at=datetime.now(UTC))
    return reverse("one-time-link", args=[token])


def test_who_signs_in_comes_where_they_wanted(northgate):
    answer = enter(browser(), ADA, next="/connections/?retailer=bluebell")
    assert answer.headers["Location"] == "/connections/?retailer=bluebell"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "http:///evil.example",
        f"http://{TIDEWATER}/",
        "connections/",
    ],
)
def test_sign_in_never_leads_to_another_site(northgate, elsewhere):
    answer = enter(browser(), ADA, next=elsewhere)
    assert answer.headers["Location"] == reverse("home")


def test_a_stranger_is_sent_to_sign_in_and_back(northgate):
    answer = browser().get(PROTECTED, {"retailer": "bluebell"})
    assert answer.headers["Location"] == f"{reverse('sign-in')}?next=%2Fconnections%2F%3Fretailer%3Dbluebell"


def test_a_fragment_asked_by_a_stranger_moves_the_whole_page(northgate):
    answer = browser().get(
        PROTECTED, headers={"hx-request": "true", "hx-current-url": f"http://{NORTHGATE}/connections/?retailer=x"}
    )
    assert answer.headers["HX-Redirect"].startswith(reverse("sign-in"))
    assert answer.content == b""


def test_unknown_and_wrong_get_the_same_page(northgate):
    pages = [enter(browser(), email, "wrong") for email in (ADA, "bob@northgate.example")]
    texts = [
        page.content.replace(email.encode(), b"")
        for page, email in zip(pages, (ADA, "bob@northgate.example"), strict=True)
    ]
    assert [page.status_code for page in pages] == [403, 403]
    assert _without_token(texts[0]) == _without_token(texts[1])


def test_the_sixth_try_is_locked_out_also_with_the_right_password(northgate):
    client = browser()
    for _ in range(PER_PAIR):
        assert enter(client, ADA, "wrong").status_code == 403
    assert enter(client, ADA).status_code == 429


def test_a_forwarded_address_does_not_escape_the_lock(northgate):
    client = browser()
    for number in range(PER_PAIR):
        client.post(
            reverse("sign-in"), {"email": ADA, "password": "x"}, headers={"x-forwarded-for": f"203.0.113.{number}"}
        )
    assert enter(client, ADA).status_code == 429


@pytest.mark.parametrize("form", [{}, {"email": ADA}, {"email": "a\x00b", "password": "x\x00"}, {"email": "x" * 9000}])
def test_a_broken_form_is_refused_and_no_error(northgate, form):
    assert browser().post(reverse("sign-in"), form).status_code == 403


def test_sign_in_needs_the_csrf_token(northgate):
    assert enter(browser(enforce_csrf_checks=True), ADA).status_code == 403


def test_signing_in_changes_the_session_key(ada):
    client = browser()
    client.get(link_for(ada))
    planted = client.cookies[settings.SESSION_COOKIE_NAME].value
    assert enter(client, ADA).status_code == 302
    assert client.cookies[settings.SESSION_COOKIE_NAME].value != planted
    assert not Session.objects.filter(pk=planted).exists()


def test_a_session_of_one_partner_is_nothing_at_another(northgate):
    client = signed_in(ADA)
    assert client.get(PROTECTED).status_code == 200
    assert client.get(PROTECTED, headers={"host": TIDEWATER}).headers["Location"].startswith(reverse("sign-in"))


def test_a_session_is_stored_in_its_partner_only(northgate, partners):
    key = signed_in(ADA).cookies[settings.SESSION_COOKIE_NAME].value
    assert Session.objects.filter(pk=key).exists()
    with partner_scope(partners["tidewater"].schema_name):
        assert not Session.objects.filter(pk=key).exists()


def test_a_password_of_one_partner_opens_no_other(northgate):
    assert enter(browser(TIDEWATER), ADA).status_code == 403


def test_an_unknown_host_gets_an_empty_404(northgate):
    answer = browser("evil.example").get(reverse("sign-in"))
    assert (answer.status_code, answer.content) == (404, b"")


def test_signing_out_ends_the_session_for_whoever_kept_its_cookie(northgate):
    client = signed_in(ADA)
    kept = client.cookies[settings.SESSION_COOKIE_NAME].value
    client.post(reverse("sign-out"))
    client.cookies[settings.SESSION_COOKIE_NAME] = kept
    assert client.get(PROTECTED).status_code == 302


def test_a_link_does_not_sign_anyone_out(northgate):
    client = signed_in(ADA)
    assert client.get(reverse("sign-out")).status_code == 405
    assert client.get(PROTECTED).status_code == 200


def test_a_changed_role_ends_open_sessions(ada):
    client = signed_in(ADA)
    owner = person_principal(Person.objects.get(role="owner"))
    change_role(person=ada, role="engineer", by=owner, reason="new job")
    assert client.get(PROTECTED).headers["Location"].startswith(reverse("sign-in"))


def test_a_deactivated_person_is_out_at_the_next_click(ada):
    client = signed_in(ADA)
    deactivate_person(person=ada, by=person_principal(Person.objects.get(role="owner")), reason="left")
    assert client.get(PROTECTED).status_code == 302
    assert enter(browser(), ADA).status_code == 403


def test_an_idle_session_ends(northgate):
    client = signed_in(ADA)
    session = client.session
    session["seen"] = int((datetime.now(UTC) - timedelta(seconds=settings.SESSION_IDLE_SECONDS + 5)).timestamp())
    session.save()
    assert client.get(PROTECTED).status_code == 302


def test_a_one_time_link_sets_a_password_and_lets_in(ada):
    client = browser()
    address = link_for(ada)
    assert client.get(address).headers["Location"] == reverse("welcome")
    assert client.get(reverse("welcome")).status_code == 200
    answer = client.post(reverse("welcome"), {"password": NEW, "again": NEW})
    assert answer.headers["Location"] == reverse("home")
    assert client.get(PROTECTED).status_code == 200
    assert enter(browser(), ADA, NEW).status_code == 302
    assert browser().get(address).status_code == 404


def test_a_used_link_answers_the_same_as_an_unknown_one(ada):
    address = link_for(ada)
    client = browser()
    client.get(address)
    client.post(reverse("welcome"), {"password": NEW, "again": NEW})
    used, unknown = browser().get(address), browser().get(reverse("one-time-link", args=["nothing"]))
    assert used.status_code == unknown.status_code == 404
    assert _without_request(used.content) == _without_request(unknown.content)


def test_a_one_time_link_is_worth_nothing_at_another_host(ada):
    assert browser(TIDEWATER).get(link_for(ada)).status_code == 404


def test_two_browsers_with_one_link_set_one_password(ada):
    address = link_for(ada)
    first, second = browser(), browser()
    first.get(address)
    second.get(address)
    assert first.post(reverse("welcome"), {"password": NEW, "again": NEW}).status_code == 302
    assert (
        second.post(
            reverse("welcome"), {"password": "another fine password", "again": "another fine password"}
        ).status_code
        == 404
    )
    assert enter(browser(), ADA, NEW).status_code == 302


@pytest.mark.parametrize(
    ("password", "again", "says"),
    [
        ("short", "short", "too short"),
        (NEW, "different words entirely", "not the same"),
        ("", "", "Type the password twice"),
        (ADA, ADA, "similar"),
    ],
)
def test_a_weak_password_is_refused_in_words_and_the_link_still_works(ada, password, again, says):
    client = browser()
    client.get(link_for(ada))
    answer = client.post(reverse("welcome"), {"password": password, "again": again})
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert client.post(reverse("welcome"), {"password": NEW, "again": NEW}).status_code == 302


def test_a_sign_in_link_asks_for_one_press_and_works_once(ada):
    address = link_for(ada, Purpose.SIGN_IN)
    client = browser()
    client.get(address)
    assert client.get(PROTECTED).status_code == 302
    assert client.post(reverse("welcome")).status_code == 302
    assert client.get(PROTECTED).status_code == 200
    assert browser().get(address).status_code == 404


def test_a_link_signs_the_one_before_out(ada):
    client = signed_in("eve@northgate.example")
    client.get(link_for(ada, Purpose.SIGN_IN))
    client.post(reverse("welcome"))
    assert client.session["_auth_user_id"] == str(ada.pk)


def test_the_token_is_in_no_page_and_no_session(ada):
    address = link_for(ada)
    token = address.strip("/").rpartition("/")[2]
    client = browser()
    client.get(address)
    assert token not in str(dict(client.session.items()))
    assert token not in client.get(reverse("welcome")).content.decode()


def test_no_page_of_the_doors_may_be_cached(ada):
    client = browser()
    client.get(link_for(ada))
    for path in (reverse("sign-in"), reverse("welcome")):
        assert client.get(path).headers["Cache-Control"] == "no-store"


def test_the_cookie_is_kept_from_scripts_and_other_sites(northgate):
    cookie = signed_in(ADA).cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"]
    assert (cookie["samesite"], cookie["domain"]) == ("Lax", "")


def test_whoever_is_in_already_is_not_asked_again(northgate):
    assert signed_in(ADA).get(reverse("sign-in")).status_code == 302


def test_the_password_is_not_sent_back(northgate):
    answer = enter(browser(), ADA, f"{PASSWORD}-wrong")
    assert PASSWORD not in answer.content.decode()


def _without_token(page: bytes) -> bytes:
    return _cut(_without_request(page), b'name="csrfmiddlewaretoken" value="')


def _without_request(page: bytes) -> bytes:
    return _cut(page, b"Request ")


def _cut(page: bytes, before: bytes) -> bytes:
    start, found, rest = page.partition(before)
    return start + rest[rest.find(b'"') if b"token" in before else 16 :] if found else page


def test_a_session_ends_after_twelve_hours_however_busy_it_was(northgate):
    client = signed_in(ADA)
    before = Session.objects.get(pk=client.cookies[settings.SESSION_COOKIE_NAME].value)
    session = client.session
    session["seen"] -= 120  # so that the next request renews it
    session.save()
    client.get(PROTECTED)
    after = Session.objects.get(pk=before.pk)
    assert client.session["seen"] > session["seen"]
    assert after.expire_date == before.expire_date
    assert after.expire_date - datetime.now(UTC) <= timedelta(hours=12)


def test_signing_out_needs_the_token(northgate):
    client = signed_in(ADA)
    client.handler.enforce_csrf_checks = True
    assert client.post(reverse("sign-out")).status_code == 403
    assert client.post(reverse("sign-out"), headers={"origin": "http://evil.example"}).status_code == 403
    assert client.get(PROTECTED).status_code == 200
