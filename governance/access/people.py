"""Acts on people: create, invite, change what they may do and see, let them go. Nobody gives what they do not have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from governance.access import acts  # noqa: F401 registers what is recorded here
from governance.access.errors import AccessRefused
from governance.access.links import Purpose, make_link
from governance.access.principal import Principal
from governance.access.revocation import announce_revocation
from governance.access.roles import ACTIONS_BY_ROLE, PARTNER_ROLES, RETAILER_ROLES, ROLES
from governance.access.sign_in import normal_email
from governance.audit.gate import Act, gate
from tenants.context import ALL, partner_scope, require_scope
from tenants.people.models import Person, RetailerGrant
from tenants.retailers.models import Retailer

MAX_NAME = Person._meta.get_field("name").max_length
MAX_EMAIL = Person._meta.get_field("email").max_length


@dataclass(frozen=True, slots=True)
class Invitation:
    """`token` opens the door once and is kept nowhere else."""

    person: Person
    token: str = field(repr=False)


def create_person(
    *,
    email: str,
    name: str,
    role: str,
    retailers: Iterable[Retailer] | str,
    by: Principal,
    reason: str = "",
) -> Person:
    """A person without a password. `retailers` is ALL, for the partner's own people, or the retailers they see.

    Raises AccessRefused: a bad or taken address, an unknown role, or more than `by` may give.
    """
    with gate("person.given_access", by=by, reason=reason) as act:
        return _create(act, email=email, name=name, role=role, retailers=retailers, by=by)


def invite_person(
    *,
    email: str,
    name: str,
    role: str,
    retailers: Iterable[Retailer] | str,
    by: Principal,
    at: datetime,
    reason: str = "",
) -> Invitation:
    """A new person and the link by which they set their first password. Raises AccessRefused."""
    with gate("person.invited", by=by, reason=reason, at=at) as act:
        person = _create(act, email=email, name=name, role=role, retailers=retailers, by=by)
        token = make_link(person=person, purpose=Purpose.INVITE, by=by, at=at)
    return Invitation(person, token)


def _create(
    act: Act, *, email: str, name: str, role: str, retailers: Iterable[Retailer] | str, by: Principal
) -> Person:
    seen = retailers if isinstance(retailers, str) else list(retailers)
    email = _checked_email(email)
    _check_role(role, by=by)
    _check_reach(role, seen, by=by)
    person = Person(email=email, name=_checked_name(name) or email[:MAX_NAME], role=role, all_retailers=seen == ALL)
    person.set_unusable_password()
    person.save()
    for retailer in seen if isinstance(seen, list) else ():
        RetailerGrant.objects.create(person=person, retailer=retailer)
    act.object = person
    act.after = {"role": role, "retailers": _reach_text(seen)}
    return person


def issue_link(
    *,
    person: Person,
    purpose: str,
    by: Principal,
    at: datetime,
    valid_for: timedelta | None = None,
    reason: str = "",
) -> str:
    """A link for someone who exists: a new password, or one sign-in. Returns the token, once. Raises AccessRefused."""
    with gate("person.link_made", by=by, object=person, reason=reason, at=at) as act:
        _check_target(person, by=by)
        act.after = {"purpose": str(purpose)}
        return make_link(person=person, purpose=purpose, by=by, at=at, valid_for=valid_for)


def change_role(*, person: Person, role: str, by: Principal, reason: str) -> Person:
    """Give another role and end the person's sessions, so that the new one holds from their next click.

    Raises AccessRefused: an unknown role, more than `by` may give or take, or the last owner.
    """
    with gate("person.role_changed", by=by, object=person, reason=reason) as act:
        current = _locked(person)
        _check_role(role, by=by)
        _check_target(current, by=by)
        if role != "owner":
            _keep_an_owner(current)
        _check_reach(role, ALL if current.all_retailers else list(_granted(current)), by=by)
        act.before, act.after = {"role": current.role}, {"role": role}
        current.role = role
        _end_sessions(current, "role")
    return current


def deactivate_person(*, person: Person, by: Principal, reason: str) -> Person:
    """Sign out everywhere and refuse from now on. People are never deleted: the trail speaks of them."""
    with gate("person.deactivated", by=by, object=person, reason=reason):
        current = _locked(person)
        _check_target(current, by=by)
        if by.kind == "person" and by.id == str(current.pk):
            raise AccessRefused("You cannot deactivate yourself: ask another owner or admin.")
        _keep_an_owner(current)
        current.is_active = False
        _end_sessions(current, "is_active")
    return current


def grant_retailer(*, person: Person, retailer: Retailer, by: Principal, reason: str) -> None:
    """Let someone see one more retailer. Raises AccessRefused, or Refused when `by` does not see it themselves."""
    with gate("access.granted", by=by, object=person, retailer=retailer.pk, reason=reason) as act:
        _check_target(person, by=by)
        RetailerGrant.objects.get_or_create(person=person, retailer=retailer)
        act.after = {"retailer": retailer.key}


def withdraw_retailer(*, person: Person, retailer: Retailer, by: Principal, reason: str) -> None:
    """Take a retailer away and end the person's sessions. Raises as `grant_retailer`."""
    with gate("access.withdrawn", by=by, object=person, retailer=retailer.pk, reason=reason) as act:
        current = _locked(person)
        _check_target(current, by=by)
        for grant in RetailerGrant.objects.filter(person=current, retailer=retailer):
            grant.delete()
        act.before = {"retailer": retailer.key}
        _end_sessions(current)


def _end_sessions(person: Person, *changed: str) -> None:
    """The epoch is part of the session's hash: raised, every session is refused at its next request."""
    person.session_epoch += 1
    person.save(update_fields=[*changed, "session_epoch"])
    transaction.on_commit(partial(announce_revocation, require_scope().schema, person.pk))


def _locked(person: Person) -> Person:
    return Person.objects.select_for_update().get(pk=person.pk)


def _granted(person: Person) -> Iterable[Retailer]:
    return Retailer.objects.filter(pk__in=RetailerGrant.objects.filter(person=person).values("retailer_id"))


def _keep_an_owner(person: Person) -> None:
    if person.role != "owner":
        return
    owners = Person.objects.select_for_update().filter(role="owner", is_active=True).exclude(pk=person.pk)
    if not owners.exists():
        raise AccessRefused(f"{person.name} is the only owner: make someone else an owner first.")


def _checked_name(name: str) -> str:
    if "\x00" in name or len(name.strip()) > MAX_NAME:
        raise AccessRefused(f"A name has at most {MAX_NAME} characters.")
    return name.strip()


def _checked_email(email: str) -> str:
    email = normal_email(email)
    if len(email) > MAX_EMAIL:
        raise AccessRefused(f"An e-mail address has at most {MAX_EMAIL} characters.")
    try:
        validate_email(email)
    except ValidationError as error:
        raise AccessRefused(f"{email!r} is not an e-mail address.") from error
    if Person.objects.filter(email=email).exists():
        raise AccessRefused(f"{email} has access already.")
    return email


def _check_role(role: str, *, by: Principal) -> None:
    if role not in ROLES:
        raise AccessRefused(f"There is no role {role!r}. Roles: {', '.join(ROLES)}.")
    if not ACTIONS_BY_ROLE[role] <= by.actions:
        raise AccessRefused(f"You cannot give the role {role}: it may do more than you.")


def _check_target(person: Person, *, by: Principal) -> None:
    if not ACTIONS_BY_ROLE.get(person.role, frozenset()) <= by.actions:
        raise AccessRefused(f"You cannot change {person.name}: the role {person.role} may do more than yours.")
    if by.retailers != ALL and (person.all_retailers or not _seen_by(person) <= by.retailers):
        raise AccessRefused(f"You cannot change {person.name}: they see retailers that you do not.")


def _seen_by(person: Person) -> set[int]:
    """All of them, also those outside the scope: a link for somebody opens everything they see."""
    with partner_scope(require_scope().schema, ALL):
        return set(RetailerGrant.objects.filter(person=person).values_list("retailer_id", flat=True))


def _check_reach(role: str, retailers: list[Retailer] | str, *, by: Principal) -> None:
    if retailers == ALL:
        if role in RETAILER_ROLES:
            raise AccessRefused(f"The role {role} is for a retailer's own people: choose which retailer.")
        if by.retailers != ALL:
            raise AccessRefused("You cannot give access to all retailers: you see some of them yourself.")
        return
    if not retailers and role not in PARTNER_ROLES:
        raise AccessRefused("Choose at least one retailer.")
    if any(not by.sees(retailer.pk) for retailer in retailers):
        raise AccessRefused("You can only give access to retailers you see yourself.")


def _reach_text(retailers: list[Retailer] | str) -> str:
    return "all" if isinstance(retailers, str) else ", ".join(retailer.key for retailer in retailers)
