"""Signing in with e-mail and password: the same work and the same answer whether or not the person exists."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache

from django.contrib.auth.hashers import check_password, get_hasher, make_password

from governance.access import acts  # noqa: F401 registers what is recorded here
from governance.access.lockout import LOCKED_FOR, count_attempt, forget_old, forgive
from governance.access.principal import Principal
from governance.access.principals import person_principal
from governance.audit.services import record
from tenants.context import ALL, partner_scope, require_scope
from tenants.people.models import Person

MAX_PASSWORD_CHARACTERS = 1024


@dataclass(frozen=True, slots=True)
class Refusal:
    """`locked` says that the password was not looked at; for known and unknown e-mail addresses alike."""

    locked: bool

    @property
    def text(self) -> str:
        if self.locked:
            minutes = int(LOCKED_FOR.total_seconds() // 60)
            return f"Too many attempts. Try again in {minutes} minutes, or ask for a new link."
        return "E-mail address and password do not match."


def sign_in(*, email: str, password: str, address: str, at: datetime, request_id: str = "") -> Person | Refusal:
    """The person, when the password is theirs, they may sign in and nobody tried too often from `address`.

    Must not run inside a transaction that a refusal rolls back: the attempt is counted first. The trail does not
    keep the typed address of somebody unknown here: people type passwords into the wrong field.
    """
    email = normal_email(email)
    left = count_attempt(email, address, at=at)
    if left is None:
        return Refusal(locked=True)
    known = _active_person(email)
    with partner_scope(require_scope().schema, ALL):
        if not _has_password(known, password):
            _record_refusal(known, address, left=left, at=at, request_id=request_id)
            forget_old(at=at)
            return Refusal(locked=False)
        forgive(email, address)
        by = person_principal(known, source_ip=address, request_id=request_id)
        record("person.signed_in", by=by, object=known, at=at)
    return known


def record_sign_out(*, by: Principal, person: Person) -> None:
    with partner_scope(require_scope().schema, ALL):
        record("person.signed_out", by=by, object=person)


def stranger(*, address: str, request_id: str = "", auth_method: str = "password") -> Principal:
    """Somebody at an address who has not shown who they are."""
    return Principal(
        kind="stranger",
        id="",
        text="Somebody not signed in",
        role="",
        retailers=frozenset(),
        actions=frozenset(),
        auth_method=auth_method,
        source_ip=address,
        request_id=request_id,
    )


def normal_email(email: str) -> str:
    """As stored. What PostgreSQL or UTF-8 cannot hold becomes U+FFFD: nobody has such an address."""
    return email.strip().lower().replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _active_person(email: str) -> Person | None:
    return Person.objects.filter(email=email, is_active=True).first()


def _has_password(person: Person | None, password: str) -> bool:
    """Costs one password hash in every case: unknown, deactivated, not yet with a password, wrong, right."""
    tried = password.encode("utf-8", "replace").decode() if len(password) <= MAX_PASSWORD_CHARACTERS else ""
    if person is None or not person.has_usable_password():
        check_password(tried, _decoy(get_hasher().algorithm))
        return False
    return person.check_password(tried)


def _record_refusal(person: Person | None, address: str, *, left: int, at: datetime, request_id: str) -> None:
    by = stranger(address=address, request_id=request_id)
    record("person.sign_in_refused", by=by, object=person, at=at, outcome="refused")
    if left == 0:
        record("person.locked_out", by=by, object=person, at=at)


@cache
def _decoy(algorithm: str) -> str:
    """A hash of nobody's password, made once a process with the hasher in use."""
    return make_password("nobody's password", hasher=algorithm)
