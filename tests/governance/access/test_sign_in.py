"""Signing in: who gets in, who is locked out, and that nobody learns who exists."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.hashers import get_hashers as hashers_in_use

from governance.access.lockout import LOCKED_FOR, PER_ADDRESS, PER_EMAIL, PER_PAIR
from governance.access.models import SignInFailure
from governance.access.sign_in import Refusal, sign_in
from governance.audit.models import AuditEvent
from tenants.context import ALL, partner_scope
from tenants.people.models import Person
from tests.support.world import PASSWORD

ADA = "ada@northgate.example"
NOBODY = "nobody@northgate.example"
AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class CountingHasher(MD5PasswordHasher):
    """Counts how often a password is really hashed."""

    algorithm = "counting"
    count = 0

    def encode(self, password, salt):
        type(self).count += 1
        return super().encode(password, salt)


@pytest.fixture
def counting(settings):
    settings.PASSWORD_HASHERS = [
        f"{__name__}.CountingHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    hashers_in_use.cache_clear()
    yield CountingHasher
    hashers_in_use.cache_clear()


def attempt(email=ADA, password="wrong", address="198.51.100.7", at=AT):
    return sign_in(email=email, password=password, address=address, at=at)


def test_right_password_lets_in_whatever_the_case_of_the_address(northgate):
    assert isinstance(attempt(email=" ADA@Northgate.example ", password=PASSWORD), Person)


def test_sign_in_works_before_any_retailer_is_in_scope(northgate):
    with partner_scope(northgate.schema, ()):
        assert isinstance(attempt(email="ben@harbourpine.example", password=PASSWORD), Person)


def test_person_of_another_partner_is_nobody_here(northgate):
    assert attempt(email="theo@tidewater.example", password=PASSWORD) == Refusal(locked=False)


def test_deactivated_person_is_refused_with_the_right_password(northgate):
    Person.objects.filter(email=ADA).update(is_active=False)
    assert attempt(password=PASSWORD) == Refusal(locked=False)


@pytest.mark.parametrize("email", ["", "not an address", "a\x00b@northgate.example", "\ud800@x.example", "x" * 5000])
def test_odd_addresses_are_refused_like_wrong_ones(northgate, email):
    assert attempt(email=email, password=PASSWORD) == Refusal(locked=False)


def test_after_five_failures_even_the_right_password_is_refused(northgate):
    answers = [attempt() for _ in range(PER_PAIR)]
    assert answers == [Refusal(locked=False)] * PER_PAIR
    assert attempt(password=PASSWORD) == Refusal(locked=True)


def test_the_lock_ends_after_fifteen_minutes(northgate):
    for _ in range(PER_PAIR + 3):
        attempt()
    assert attempt(password=PASSWORD, at=AT + LOCKED_FOR - timedelta(seconds=1)) == Refusal(locked=True)
    assert isinstance(attempt(password=PASSWORD, at=AT + LOCKED_FOR), Person)


def test_trying_while_locked_does_not_prolong_the_lock(northgate):
    for minute in range(14):
        for _ in range(PER_PAIR):
            attempt(at=AT + timedelta(minutes=minute if minute else 0))
    assert isinstance(attempt(password=PASSWORD, at=AT + LOCKED_FOR), Person)


def test_a_lock_at_one_address_leaves_the_person_free_at_another(northgate):
    for _ in range(PER_PAIR):
        attempt()
    assert isinstance(attempt(password=PASSWORD, address="203.0.113.9"), Person)


def test_one_person_guessed_from_many_addresses_is_locked(northgate):
    for number in range(PER_EMAIL):
        attempt(address=f"198.51.100.{number}")
    assert attempt(password=PASSWORD, address="203.0.113.9") == Refusal(locked=True)


def test_many_people_guessed_from_one_address_are_locked(northgate):
    for number in range(PER_ADDRESS):
        attempt(email=f"guess-{number}@northgate.example")
    assert attempt(password=PASSWORD) == Refusal(locked=True)


def test_a_household_with_a_range_of_addresses_is_one_address(northgate):
    for number in range(PER_PAIR):
        attempt(address=f"2001:db8:1:2::{number + 1}")
    assert attempt(password=PASSWORD, address="2001:db8:1:2:ffff::1") == Refusal(locked=True)
    assert isinstance(attempt(password=PASSWORD, address="2001:db8:1:3::1"), Person)


def test_what_no_longer_locks_is_forgotten(northgate):
    attempt(email=NOBODY)
    attempt(at=AT + LOCKED_FOR)
    assert set(SignInFailure.objects.values_list("last_at", flat=True)) == {AT + LOCKED_FOR}


def test_success_forgets_earlier_failures(northgate):
    for _ in range(3):
        for _ in range(PER_PAIR - 1):
            attempt()
        assert isinstance(attempt(password=PASSWORD), Person)


def test_failures_do_not_keep_the_typed_address(northgate):
    attempt(email="my secret typed into the wrong field")
    assert b"secret" not in b"".join(bytes(row.key) for row in SignInFailure.objects.all())
    assert not AuditEvent.objects.filter(canonical__contains=b"wrong field").exists()


def test_unknown_and_known_people_get_the_same_answers_until_and_after_the_lock(northgate):
    known = [attempt() for _ in range(PER_PAIR + 2)]
    unknown = [attempt(email=NOBODY) for _ in range(PER_PAIR + 2)]
    assert [answer.text for answer in known] == [answer.text for answer in unknown]


@pytest.mark.parametrize("who", ["wrong password", "unknown", "without a password", "deactivated", "overlong"])
def test_every_refusal_costs_one_password_hash(northgate, counting, who):
    ada = Person.objects.get(email=ADA)
    ada.set_password(PASSWORD)
    ada.save()
    attempt(email="warm up the decoy")
    if who == "without a password":
        ada.set_unusable_password()
    ada.is_active = who != "deactivated"
    ada.save()
    before = counting.count
    attempt(email=NOBODY if who == "unknown" else ADA, password="x" * 5000 if who == "overlong" else "wrong")
    assert counting.count - before == 1


def test_known_and_unknown_cost_the_same_number_of_queries(northgate, django_assert_num_queries):
    attempt(email="warm up")
    queries = []
    for email in (ADA, NOBODY):
        with django_assert_num_queries(6) as captured:
            attempt(email=email)
        queries.append(len(captured))
    assert queries[0] == queries[1]


def test_sign_ins_refusals_and_locks_are_in_the_trail(northgate):
    attempt(password=PASSWORD)
    for _ in range(PER_PAIR + 2):
        attempt()
    with partner_scope(northgate.schema, ALL):
        told = list(AuditEvent.objects.filter(source_ip="198.51.100.7").order_by("event_id"))
    assert (told[0].action, told[0].actor_text) == ("person.signed_in", "Ada Ohm <ada@northgate.example>")
    assert [event.action for event in told[1:]] == ["person.sign_in_refused"] * PER_PAIR + ["person.locked_out"]
