"""What the access matrix is tried on: one person a role who sees Harbour & Pine only, and an object of each kind at
Harbour & Pine, at Bluebell (same partner) and at Marlow (another partner).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.db.transaction import Atomic
from django.http import SimpleCookie
from django.test import Client

from governance.access.principal import command
from governance.access.roles import ROLES
from governance.access.tokens import digest
from governance.credentials.services import store_secret
from governance.registry.address import INTAKE_SECRET
from governance.registry.models import RetailConnection
from monitoring.exceptions.models import ExceptionItem
from monitoring.ledger.models import Attempt, Step
from tenants.context import ALL, partner_scope
from tenants.partners.models import Partner
from tenants.people.models import Person, RetailerGrant
from tenants.retailers.models import Retailer
from tests.support import ledger_rows

HOST = "northgate.localhost"
OTHER_HOST = "tidewater.localhost"
UNKNOWN_HOST = "unknown.localhost"
# Ids are counted in each schema: a number that exists at one partner only must stay far from the other's.
FAR = 900_000
OWN, OTHER_RETAILER, OTHER_PARTNER = "own retailer", "other retailer", "other partner"
RETAILERS = {OWN: "harbour-pine", OTHER_RETAILER: "bluebell", OTHER_PARTNER: "marlow"}


@dataclass(frozen=True)
class MatrixWorld:
    """`sessions`: role -> session key at Northgate. `objects`: target -> kind of object -> arguments of its route."""

    partners: dict[str, Partner]
    sessions: dict[str, str]
    objects: dict[str, dict[str, dict[str, Any]]]
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def ask(self, method: str, url: str, role: str, *, host: str = HOST, data: Any = None, **more: Any) -> Any:
        """One request with the role's session; nothing of it stays in the database, nor in the cookies."""
        self.client.cookies = SimpleCookie()
        if role in self.sessions:
            self.client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[role]
        headers = {"host": host, **more.pop("headers", {})}
        with undone():
            return getattr(self.client, method.lower())(url, data, headers=headers, **more)


@contextmanager
def undone() -> Iterator[None]:
    """A transaction that is rolled back. Services may open their durable ones within, as in Django's own test cases."""
    block = Atomic(using="default", savepoint=True, durable=False)
    block._from_testcase = True
    with block:
        yield
        connection.set_rollback(True)


def build(partners: dict[str, Partner]) -> MatrixWorld:
    northgate, tidewater = partners["northgate"], partners["tidewater"]
    with partner_scope(northgate.schema_name, ALL):
        pine = Retailer.objects.get(key=RETAILERS[OWN])
        sessions = {role: _session(_person(f"{role}@matrix.example", role, pine)) for role in ROLES}
        objects = {target: _objects(Retailer.objects.get(key=RETAILERS[target])) for target in (OWN, OTHER_RETAILER)}
    with partner_scope(tidewater.schema_name, ALL):
        objects[OTHER_PARTNER] = _objects(Retailer.objects.get(key=RETAILERS[OTHER_PARTNER]), person_id=FAR)
    return MatrixWorld(partners, sessions, objects)


def _give_address(source: RetailConnection) -> None:
    RetailConnection.objects.filter(pk=source.pk).update(intake_hash=digest(f"secret of {source.key}"))
    store_secret(
        connection_id=source.pk,
        retailer_id=source.retailer_id,
        field=INTAKE_SECRET,
        value=f"secret of {source.key}",
        purpose="call",
        by=command("matrix"),
    )


def _person(email: str, role: str, retailer: Retailer, *, number: int | None = None) -> Person:
    person = Person(pk=number, email=email, name=email.partition("@")[0].title(), role=role)
    person.set_unusable_password()
    person.save(force_insert=True)
    RetailerGrant.objects.create(person=person, retailer=retailer)
    return person


def _session(person: Person) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.create()
    return session.session_key


def _objects(retailer: Retailer, *, person_id: int | None = None) -> dict[str, dict[str, Any]]:
    shop = ledger_rows.connect(retailer, stores=2)
    at = datetime.now(UTC) - timedelta(minutes=2)
    message = ledger_rows.add(shop, outcome="exception", at=at, number="#4711")
    item = ExceptionItem.objects.get(message_id=message.id)
    ledger_rows.wait_behind(ledger_rows.park(shop, item), ledger_rows.add(shop, outcome="waiting", at=at, seed=2))
    waiting = ledger_rows.back_off(shop, ledger_rows.add(shop, outcome="retrying", at=at, seed=3))
    attempts = Attempt.objects.filter(message_id=message.id).values("id")
    body = Step.objects.filter(attempt_id__in=attempts).first().request_id
    _give_address(shop.source)
    tills = RetailConnection.objects.create(
        retailer=retailer, key=f"{retailer.key}-tills", label="Tills", connector="filedrop"
    )
    ledger_rows.call(shop)
    someone = _person(f"someone@{retailer.key}.example", "staff", retailer, number=person_id)
    return {
        "message": {"message_id": message.id},
        "body": {"message_id": message.id, "payload_id": body},
        "exception": {"exception_id": item.id},
        "delivery": {"delivery_id": waiting.id},
        "connection": {"key": shop.source.key},
        "target": {"key": shop.target.key},
        "drop": {"key": tills.key},
        "flow": {"key": shop.flow.key},
        "person": {"person_id": someone.pk},
    }
