"""One-time links: each opens one door, once, in time, at one partner."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from governance.access.errors import LinkRefused, PasswordRefused
from governance.access.links import (
    VALID_FOR,
    Purpose,
    link_by_id,
    link_by_token,
    make_link,
    set_password_by_link,
    sign_in_by_link,
)
from governance.access.models import OneTimeLink
from governance.access.principal import command
from governance.access.sign_in import sign_in
from tenants.context import partner_scope
from tenants.people.models import Person
from tests.support.world import PASSWORD

ADA = "ada@northgate.example"
AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
NEW = "lanterns over the harbour"


@pytest.fixture
def ada(northgate):
    return Person.objects.get(email=ADA)


def token_for(person, purpose=Purpose.RESET, at=AT):
    return make_link(person=person, purpose=purpose, by=command("test"), at=at)


def test_a_link_sets_the_password_once(ada):
    link = link_by_token(token_for(ada), at=AT)
    set_password_by_link(link=link, password=NEW, at=AT)
    assert isinstance(sign_in(email=ADA, password=NEW, address="198.51.100.7", at=AT), Person)
    with pytest.raises(LinkRefused):
        set_password_by_link(link=link, password="another good password", at=AT)


def test_looking_at_a_link_does_not_use_it(ada):
    token = token_for(ada)
    assert link_by_token(token, at=AT).pk == link_by_token(token, at=AT).pk


def test_an_expired_link_opens_nothing(ada):
    token = token_for(ada)
    link = link_by_token(token, at=AT)
    late = AT + VALID_FOR[Purpose.RESET]
    with pytest.raises(LinkRefused):
        link_by_token(token, at=late)
    with pytest.raises(LinkRefused):
        set_password_by_link(link=link, password=NEW, at=late)


def test_a_link_of_one_partner_is_unknown_at_another(ada, partners):
    token = token_for(ada)
    with partner_scope(partners["tidewater"].schema_name), pytest.raises(LinkRefused):
        link_by_token(token, at=AT)


def test_a_weak_password_is_refused_and_the_link_stays_usable(ada):
    link = link_by_token(token_for(ada), at=AT)
    for weak in ("short", "ada@northgate.example", "x" * 5000):
        with pytest.raises(PasswordRefused):
            set_password_by_link(link=link, password=weak, at=AT)
    set_password_by_link(link=link_by_id(link.pk, at=AT), password=NEW, at=AT)


def test_setting_a_password_ends_sessions_and_other_links(ada):
    before, other = ada.get_session_auth_hash(), token_for(ada, Purpose.SIGN_IN)
    set_password_by_link(link=link_by_token(token_for(ada), at=AT), password=NEW, at=AT)
    assert Person.objects.get(pk=ada.pk).get_session_auth_hash() != before
    with pytest.raises(LinkRefused):
        link_by_token(other, at=AT)


def test_a_sign_in_link_signs_in_once_and_sets_no_password(ada):
    link = link_by_token(token_for(ada, Purpose.SIGN_IN), at=AT)
    with pytest.raises(LinkRefused):
        set_password_by_link(link=link, password=NEW, at=AT)
    assert sign_in_by_link(link=link, at=AT, address="198.51.100.7") == ada
    with pytest.raises(LinkRefused):
        sign_in_by_link(link=link, at=AT, address="198.51.100.7")


def test_a_password_link_does_not_sign_in_without_a_password(ada):
    link = link_by_token(token_for(ada, Purpose.INVITE), at=AT)
    with pytest.raises(LinkRefused):
        sign_in_by_link(link=link, at=AT, address="198.51.100.7")


def test_links_of_a_deactivated_person_open_nothing(ada):
    token = token_for(ada)
    Person.objects.filter(pk=ada.pk).update(is_active=False)
    with pytest.raises(LinkRefused):
        link_by_token(token, at=AT)


def test_a_newer_link_replaces_the_older_one(ada):
    older = token_for(ada)
    token_for(ada, at=AT + timedelta(minutes=1))
    with pytest.raises(LinkRefused):
        link_by_token(older, at=AT + timedelta(minutes=2))


def test_the_token_is_stored_nowhere(ada):
    token = token_for(ada)
    row = OneTimeLink.objects.get(person=ada)
    assert len(row.digest) == 32
    assert token not in repr(vars(row))


def test_the_old_password_no_longer_opens(ada):
    set_password_by_link(link=link_by_token(token_for(ada), at=AT), password=NEW, at=AT)
    assert not isinstance(sign_in(email=ADA, password=PASSWORD, address="198.51.100.7", at=AT), Person)
