"""One-time links: make, find, use. A link opens one door of one person, once, before it expires."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Final

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from governance.access.errors import LinkRefused, PasswordRefused
from governance.access.models import OneTimeLink
from governance.access.principal import Principal
from governance.access.principals import person_principal
from governance.access.revocation import announce_revocation
from governance.access.sign_in import MAX_PASSWORD_CHARACTERS
from governance.access.tokens import digest, new_token
from governance.audit.context import acting
from governance.audit.services import record
from tenants.context import ALL, partner_scope, require_scope
from tenants.people.models import Person

Purpose = OneTimeLink.Purpose
VALID_FOR: Final = {
    Purpose.INVITE: timedelta(days=7),
    Purpose.RESET: timedelta(hours=1),
    Purpose.SIGN_IN: timedelta(minutes=15),
}
SETS_PASSWORD: Final = (Purpose.INVITE, Purpose.RESET)
_UNUSABLE = "This link was used, has expired or was never ours."


def make_link(
    *, person: Person, purpose: Purpose, by: Principal, at: datetime, valid_for: timedelta | None = None
) -> str:
    """A new token, returned this once. Earlier open links of the same purpose stop working."""
    token = new_token()
    with transaction.atomic():
        _open(at=at).filter(person=person, purpose=purpose).update(expires_at=at)
        OneTimeLink.objects.create(
            person=person,
            digest=digest(token),
            purpose=purpose,
            created_at=at,
            expires_at=at + (valid_for or VALID_FOR[purpose]),
            made_by=by.text[:200],
        )
    return token


def link_by_token(token: str, *, at: datetime) -> OneTimeLink:
    """Raises LinkRefused. Looking does not use it: mail scanners look."""
    return _one(at=at, digest=digest(token))


def link_by_id(link_id: int, *, at: datetime) -> OneTimeLink:
    """The link somebody has shown the token of. Raises LinkRefused."""
    return _one(at=at, pk=link_id)


def set_password_by_link(
    *,
    link: OneTimeLink,
    password: str,
    at: datetime,
    address: str = "",
    request_id: str = "",
    signs_in: bool = True,
) -> Person:
    """Use the link and give its person this password. Every session and every other link of theirs ends.

    `signs_in` says that the caller lets the person in at once, so that the trail tells it.

    Raises:
        PasswordRefused: too weak; the link stays usable.
        LinkRefused: used or expired meanwhile, or a link of another purpose.
    """
    if link.purpose not in SETS_PASSWORD:
        raise LinkRefused(_UNUSABLE)
    _check_strength(password, link.person)
    schema = require_scope().schema
    with partner_scope(schema, ALL), transaction.atomic():
        person = _spend(link, at=at)
        by = person_principal(person, auth_method="link", source_ip=address, request_id=request_id)
        with acting(by):
            person.set_password(password)
            person.session_epoch += 1
            person.save(update_fields=["password", "session_epoch"])
        _open(at=at).filter(person=person).update(expires_at=at)
        record("person.password_set", by=by, object=person, at=at)
        if signs_in:
            record("person.signed_in", by=by, object=person, at=at)
        transaction.on_commit(partial(announce_revocation, schema, person.pk))
    return person


def sign_in_by_link(*, link: OneTimeLink, at: datetime, address: str, request_id: str = "") -> Person:
    """Use the link instead of a password. Raises LinkRefused."""
    if link.purpose != Purpose.SIGN_IN:
        raise LinkRefused(_UNUSABLE)
    with partner_scope(require_scope().schema, ALL), transaction.atomic():
        person = _spend(link, at=at)
        by = person_principal(person, auth_method="link", source_ip=address, request_id=request_id)
        record("person.signed_in", by=by, object=person, at=at)
    return person


def _spend(link: OneTimeLink, *, at: datetime) -> Person:
    """Of two at once, one succeeds. Raises LinkRefused."""
    spent = _open(at=at).filter(pk=link.pk, person__is_active=True).update(used_at=at)
    if spent != 1:
        raise LinkRefused(_UNUSABLE)
    return Person.objects.select_for_update().get(pk=link.person_id)


def _check_strength(password: str, person: Person) -> None:
    if len(password) > MAX_PASSWORD_CHARACTERS:
        raise PasswordRefused([f"A password has at most {MAX_PASSWORD_CHARACTERS} characters."])
    try:
        validate_password(password, person)
    except ValidationError as error:
        raise PasswordRefused(error.messages) from error


def _open(*, at: datetime) -> QuerySet[OneTimeLink]:
    return OneTimeLink.objects.filter(used_at__isnull=True, expires_at__gt=at)


def _one(*, at: datetime, **lookup: object) -> OneTimeLink:
    link = _open(at=at).filter(person__is_active=True, **lookup).select_related("person").first()
    if link is None:
        raise LinkRefused(_UNUSABLE)
    return link
