"""Setting up a partner, and the retailers and stores within one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from governance.access import acts  # noqa: F401 registers what is recorded here
from governance.access.errors import AccessRefused
from governance.access.people import Invitation, invite_person
from governance.access.principal import Principal
from governance.access.sign_in import normal_email
from governance.audit.events import ObjectRef
from governance.audit.gate import gate
from governance.audit.services import record
from governance.credentials.services import keyring
from tenants.context import ALL, partner_scope
from tenants.partners.models import Domain, Partner, new_schema_name
from tenants.retailers.models import Retailer, Store

KEY: Final = re.compile(r"^[a-z][a-z0-9-]{1,39}$")
RETAILER_KEY: Final = re.compile(r"^[a-z][a-z0-9-]{1,59}$")
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
HOST: Final = re.compile(rf"^(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*$")
CURRENCY: Final = re.compile(r"^[A-Z]{3}$")


@dataclass(frozen=True, slots=True)
class NewPartner:
    """`owner.token` is in no row and no log: whoever made the partner passes it on."""

    partner: Partner
    host: str
    owner: Invitation


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """`key` is the id under which the retailer's systems speak of the store."""

    key: str
    name: str
    timezone: str = "UTC"


def create_partner(
    *,
    key: str,
    name: str,
    host: str,
    owner_email: str,
    owner_name: str,
    by: Principal,
    at: datetime,
) -> NewPartner:
    """A partner with schema, host, keys and its owner. Must run as the database's owner: it makes a schema.

    Everything that can be wrong is looked at first, because a schema does not roll back.
    Raises AccessRefused.
    """
    host = _checked_host(host)
    _check_new(key, owner_email)
    # Inactive until it is whole: a running worker serves every active partner, and its tables come one by one.
    partner = Partner(schema_name=new_schema_name(), key=key, name=name, is_active=False)
    keyring().create(partner.schema_name)
    partner.save(verbosity=0)
    Domain.objects.create(tenant=partner, domain=host, is_primary=True)
    with partner_scope(partner.schema_name, ALL):
        record("partner.created", by=by, object=ObjectRef("partner", partner.key, partner.name), at=at)
        owner = invite_person(email=owner_email, name=owner_name, role="owner", retailers=ALL, by=by, at=at)
    Partner.objects.filter(pk=partner.pk).update(is_active=True)
    partner.is_active = True
    return NewPartner(partner, host, owner)


def create_retailer(
    *, key: str, name: str, by: Principal, timezone: str = "UTC", currency: str = "USD", reason: str = ""
) -> Retailer:
    """A retailer of the current partner. Raises AccessRefused."""
    if by.retailers != ALL:
        raise AccessRefused("Only people who see all retailers can add one.")
    if not RETAILER_KEY.match(key):
        raise AccessRefused(f"{key!r} cannot be a key: small letters, digits and hyphens, a letter first.")
    if not name.strip():
        raise AccessRefused("A retailer needs a name.")
    if not CURRENCY.match(currency):
        raise AccessRefused(f"{currency!r} is not a currency code.")
    _check_timezone(timezone)
    if Retailer.objects.filter(key=key).exists():
        raise AccessRefused(f"There is a retailer {key!r} already.")
    with gate("retailer.set_up", by=by, reason=reason) as act:
        act.object = Retailer.objects.create(key=key, name=name.strip(), timezone=timezone, currency=currency)
    return act.object


def create_store(
    *, retailer: Retailer, key: str, name: str, by: Principal, timezone: str = "UTC", reason: str = ""
) -> Store:
    """One store. Raises AccessRefused when its key is taken."""
    made = create_stores(retailer=retailer, stores=[StoreFacts(key, name, timezone)], by=by, reason=reason)
    if not made:
        raise AccessRefused(f"{retailer.name} has a store {key!r} already.")
    return made[0]


def create_stores(*, retailer: Retailer, stores: Iterable[StoreFacts], by: Principal, reason: str = "") -> list[Store]:
    """Those that are not there yet, by key; returns the new ones."""
    known = set(Store.objects.filter(retailer=retailer).values_list("key", flat=True))
    missing = [facts for facts in stores if facts.key not in known]
    for facts in missing:
        _check_timezone(facts.timezone)
    if not missing:
        return []
    with gate("retailer.stores_added", by=by, object=retailer, retailer=retailer.pk, reason=reason) as act:
        act.after = {"stores": len(missing)}
        return [
            Store.objects.create(retailer=retailer, key=facts.key, name=facts.name, timezone=facts.timezone)
            for facts in missing
        ]


def _checked_host(host: str) -> str:
    host = host.strip().lower().rstrip(".")
    if not HOST.match(host) or host.rpartition(".")[2].isdigit():
        raise AccessRefused(f"{host!r} is not a host name (no port, no address; punycode for other letters).")
    if Domain.objects.filter(domain=host).exists():
        raise AccessRefused(f"{host} belongs to a partner already.")
    return host


def _check_new(key: str, owner_email: str) -> None:
    if not KEY.match(key):
        raise AccessRefused(f"{key!r} cannot be a key: 2 to 40 small letters, digits and hyphens, a letter first.")
    if Partner.objects.filter(key=key).exists():
        raise AccessRefused(f"There is a partner {key!r} already.")
    try:
        validate_email(normal_email(owner_email))
    except ValidationError as error:
        raise AccessRefused(f"{owner_email!r} is not an e-mail address.") from error


def _check_timezone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, IsADirectoryError) as error:
        raise AccessRefused(f"{name!r} is not a time zone, as in Europe/London.") from error
