"""The demo's partners and people. One password for all of them, made once and kept in data/demo.json."""

from __future__ import annotations

import base64
import secrets
from datetime import datetime, timedelta
from typing import Any

from console.demo.cast import HOUSES, House, Role
from console.embedded.files import read_json, write_json
from console.embedded.paths import DataFolder
from governance.access.links import Purpose, link_by_token, make_link, set_password_by_link
from governance.access.partners import StoreFacts, create_partner, create_retailer, create_stores
from governance.access.people import create_person
from governance.access.principal import Principal
from tenants.context import ALL, partner_scope
from tenants.partners.models import Partner
from tenants.people.models import Person
from tenants.retailers.models import Retailer
from tenants.selectors import partner_by_key

LINK_VALID_FOR = timedelta(hours=12)


def demo_file(folder: DataFolder) -> dict[str, Any]:
    return read_json(folder.root / "demo.json")


def keep_demo_file(folder: DataFolder, **facts: Any) -> None:
    """Readable by its owner only: it holds the password and the intake address."""
    write_json(folder.root / "demo.json", demo_file(folder) | facts)


def ensure_password(folder: DataFolder) -> tuple[str, bool]:
    """(the password of everyone in the demo, whether it was made just now)."""
    known = demo_file(folder).get("password")
    if known:
        return known, False
    made = _readable_password()
    keep_demo_file(folder, password=made)
    return made, True


def ensure_house(house: House, *, password: str, renew: bool, by: Principal, at: datetime) -> Partner:
    """The partner with retailers and people. What is there stays; with `renew` everyone gets the password anew."""
    partner = partner_by_key(house.key) or _create(house, by=by, at=at)
    with partner_scope(partner.schema_name, ALL):
        known = {row.key: row for row in Retailer.objects.all()}
        for facts in house.retailers:
            known[facts.key] = known.get(facts.key) or create_retailer(
                key=facts.key, name=facts.name, timezone=facts.timezone, currency=facts.currency, by=by
            )
        for role in house.people:
            _ensure_person(role, known, password=password, renew=renew, by=by, at=at)
    return partner


def ensure_stores(retailer: Retailer, stores: list[StoreFacts], *, by: Principal) -> int:
    return len(create_stores(retailer=retailer, stores=stores, by=by))


def sign_in_link(partner: Partner, email: str, *, by: Principal, at: datetime) -> str:
    """A token with which this person is in at one press."""
    with partner_scope(partner.schema_name, ALL):
        person = Person.objects.get(email=email)
        return make_link(person=person, purpose=Purpose.SIGN_IN, by=by, at=at, valid_for=LINK_VALID_FOR)


def everyone() -> list[dict[str, str]]:
    """For data/demo.json: whom one can be, and what they see."""
    return [
        {"partner": house.key, "email": role.email, "role": role.role, "sees": role.retailer or "all"}
        for house in HOUSES
        for role in house.people
    ]


def _create(house: House, *, by: Principal, at: datetime) -> Partner:
    owner = house.people[0]
    return create_partner(
        key=house.key,
        name=house.name,
        host=house.host,
        owner_email=owner.email,
        owner_name=owner.name,
        by=by,
        at=at,
    ).partner


def _ensure_person(
    role: Role, retailers: dict[str, Retailer], *, password: str, renew: bool, by: Principal, at: datetime
) -> None:
    person = Person.objects.filter(email=role.email).first()
    if person is None:
        sees = [retailers[role.retailer]] if role.retailer else ALL
        person = create_person(email=role.email, name=role.name, role=role.role, retailers=sees, by=by)
    if renew or not person.has_usable_password():
        token = make_link(person=person, purpose=Purpose.RESET, by=by, at=at)
        set_password_by_link(link=link_by_token(token, at=at), password=password, at=at, signs_in=False)


def _readable_password() -> str:
    """Sixty random bits, in groups one can type."""
    text = base64.b32encode(secrets.token_bytes(10)).decode("ascii").lower()[:12]
    return "-".join((text[:4], text[4:8], text[8:]))
