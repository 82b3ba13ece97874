"""Acts on people: nobody gives what they do not have, and what is taken away is gone at the next click."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from governance.access.errors import AccessRefused
from governance.access.links import Purpose, link_by_token
from governance.access.people import (
    change_role,
    create_person,
    deactivate_person,
    grant_retailer,
    invite_person,
    issue_link,
    withdraw_retailer,
)
from governance.access.principals import person_principal
from governance.audit.gate import ReasonMissing, Refused
from governance.audit.models import AuditEvent
from tenants.context import ALL, partner_scope, require_scope
from tenants.people.models import Person, RetailerGrant
from tenants.retailers.models import Retailer

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def person(name: str) -> Person:
    return Person.objects.get(email__startswith=f"{name}@")


def acting_as(name: str):
    return person_principal(person(name))


def invite(by, *, email="finn@northgate.example", role="operator", retailers=ALL):
    return invite_person(email=email, name="Finn", role=role, retailers=retailers, by=by, at=AT)


@pytest.fixture
def pine(northgate):
    return Retailer.objects.get(key="harbour-pine")


@pytest.fixture
def admin(northgate):
    create_person(email="adam@northgate.example", name="Adam", role="admin", retailers=ALL, by=acting_as("olga"))
    return acting_as("adam")


def test_an_invited_person_has_no_password_until_the_link_is_used(northgate):
    invitation = invite(acting_as("olga"))
    assert not invitation.person.has_usable_password()
    assert link_by_token(invitation.token, at=AT).person == invitation.person


def test_an_invitation_never_shows_its_token_in_the_trail(northgate):
    invitation = invite(acting_as("olga"))
    assert not AuditEvent.objects.filter(canonical__contains=invitation.token.encode()).exists()
    assert AuditEvent.objects.filter(action="person.invited", object_id=str(invitation.person.pk)).exists()


@pytest.mark.parametrize("name", ["ada", "eve", "ben", "iris"])
def test_only_who_manages_people_may_invite(northgate, name):
    with pytest.raises(Refused, match="invite people"):
        invite(acting_as(name), role="executive")


@pytest.mark.parametrize("email", ["", "no-at-sign", "a\x00@b.example", "ADA@northgate.example"])
def test_bad_and_taken_addresses_are_refused(northgate, email):
    with pytest.raises(AccessRefused):
        invite(acting_as("olga"), email=email)


def test_an_admin_makes_no_owner(admin):
    with pytest.raises(AccessRefused, match="more than you"):
        invite(admin, role="owner")
    with pytest.raises(AccessRefused, match="more than you"):
        change_role(person=person("ada"), role="owner", by=admin, reason="promotion")


def test_an_admin_cannot_touch_an_owner(admin):
    with pytest.raises(AccessRefused, match="more than yours"):
        deactivate_person(person=person("olga"), by=admin, reason="coup")


def test_retailer_staff_is_never_given_all_retailers(northgate):
    with pytest.raises(AccessRefused, match="choose which retailer"):
        invite(acting_as("olga"), role="staff")
    with pytest.raises(AccessRefused, match="at least one"):
        invite(acting_as("olga"), role="staff", retailers=[])


def test_a_changed_role_ends_every_session(northgate):
    before = person("ada").get_session_auth_hash()
    change_role(person=person("ada"), role="engineer", by=acting_as("olga"), reason="new job")
    assert person("ada").role == "engineer"
    assert person("ada").get_session_auth_hash() != before


def test_a_change_of_role_needs_a_reason(northgate):
    with pytest.raises(ReasonMissing):
        change_role(person=person("ada"), role="engineer", by=acting_as("olga"), reason=" ")


def test_partner_staff_with_all_retailers_cannot_become_retailer_staff(northgate):
    with pytest.raises(AccessRefused, match="choose which retailer"):
        change_role(person=person("ada"), role="staff", by=acting_as("olga"), reason="moved")


def test_the_last_owner_stays(northgate):
    with pytest.raises(AccessRefused, match="only owner"):
        change_role(person=person("olga"), role="admin", by=acting_as("olga"), reason="tired")
    invite(acting_as("olga"), role="owner")
    change_role(person=person("olga"), role="admin", by=acting_as("olga"), reason="tired")


def test_nobody_deactivates_themselves(northgate):
    invite(acting_as("olga"), role="owner")
    with pytest.raises(AccessRefused, match="yourself"):
        deactivate_person(person=person("olga"), by=acting_as("olga"), reason="bye")


def test_a_deactivated_person_may_nothing(northgate):
    deactivate_person(person=person("ada"), by=acting_as("olga"), reason="left")
    assert acting_as("ada").actions == frozenset()


def test_a_granted_retailer_is_seen_and_a_withdrawn_one_is_not(pine):
    cleo, before = person("cleo"), person("cleo").get_session_auth_hash()
    grant_retailer(person=cleo, retailer=pine, by=acting_as("olga"), reason="helps out")
    assert pine.pk in acting_as("cleo").retailers
    withdraw_retailer(person=cleo, retailer=pine, by=acting_as("olga"), reason="done")
    assert pine.pk not in acting_as("cleo").retailers
    assert person("cleo").get_session_auth_hash() != before


def test_nobody_grants_a_retailer_they_do_not_see(pine):
    bluebell = Retailer.objects.get(key="bluebell")
    manager = create_person(
        email="mia@northgate.example", name="Mia", role="admin", retailers=[bluebell], by=acting_as("olga")
    )
    by = person_principal(manager)
    with partner_scope(require_scope().schema, [bluebell.pk]):
        with pytest.raises(Refused):
            grant_retailer(person=person("cleo"), retailer=pine, by=by, reason="wider")
        with pytest.raises(AccessRefused, match="see yourself"):
            invite(by, retailers=[pine])
        with pytest.raises(AccessRefused, match="all retailers"):
            invite(by)
    assert not RetailerGrant.objects.filter(person=person("cleo"), retailer=pine).exists()


def test_nobody_acts_on_someone_who_sees_retailers_that_they_do_not(pine):
    """A new link for somebody opens all they see: made by an admin of one retailer, it would open the others."""
    bluebell = Retailer.objects.get(key="bluebell")
    limited = {"role": "admin", "by": acting_as("olga")}
    mia = create_person(email="mia@northgate.example", name="Mia", retailers=[bluebell], **limited)
    max_ = create_person(email="max@northgate.example", name="Max", retailers=[bluebell, pine], **limited)
    by = person_principal(mia)
    with partner_scope(require_scope().schema, [bluebell.pk]):
        for someone in (person("ada"), max_):
            with pytest.raises(AccessRefused, match="you do not"):
                issue_link(person=someone, purpose=Purpose.RESET, by=by, at=AT)
            with pytest.raises(AccessRefused, match="you do not"):
                deactivate_person(person=someone, by=by, reason="in the way")
            with pytest.raises(AccessRefused, match="you do not"):
                change_role(person=someone, role="auditor", by=by, reason="in the way")
        assert issue_link(person=person("cleo"), purpose=Purpose.RESET, by=by, at=AT)
