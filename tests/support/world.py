"""The scenario's two partners, three retailers and five people, as every database test finds them.

Run as the owner (`python -m tests.support.world`): making a partner makes a schema.
"""

from __future__ import annotations

import os

PARTNERS = {"northgate": "Northgate Retail Services", "tidewater": "Tidewater Systems"}
# partner -> [(key, name)]
RETAILERS = {
    "northgate": [("harbour-pine", "Harbour & Pine"), ("bluebell", "Bluebell Home")],
    "tidewater": [("marlow", "Marlow Outdoor")],
}
# partner -> [(email, name, role, retailer key or None for all)]
PEOPLE = {
    "northgate": [
        ("olga@northgate.example", "Olga Owner", "owner", None),
        ("ada@northgate.example", "Ada Ohm", "operator", None),
        ("eve@northgate.example", "Eve Engineer", "engineer", None),
        ("ben@harbourpine.example", "Ben Pine", "staff", "harbour-pine"),
        ("cleo@bluebell.example", "Cleo Bell", "staff", "bluebell"),
        ("iris@audit.example", "Iris Audit", "auditor", "harbour-pine"),
    ],
    "tidewater": [("theo@tidewater.example", "Theo Tide", "operator", None)],
}
PASSWORD = "correct-horse-battery"


def build() -> None:
    for key, name in PARTNERS.items():
        _partner(key, name)


def _partner(key: str, name: str) -> None:
    partner = Partner(schema_name=new_schema_name(), key=key, name=name)
    partner.save(verbosity=0)
    Domain.objects.create(tenant=partner, domain=f"{key}.localhost", is_primary=True)
    with partner_scope(partner.schema_name, ALL):
        retailers = {k: Retailer.objects.create(key=k, name=n) for k, n in RETAILERS[key]}
        for retailer in retailers.values():
            Store.objects.create(retailer=retailer, key="101", name=f"{retailer.name} Main Street")
        for email, label, role, retailer_key in PEOPLE[key]:
            person = Person(email=email, name=label, role=role, all_retailers=retailer_key is None)
            person.set_password(PASSWORD)
            person.save()
            if retailer_key:
                RetailerGrant.objects.create(person=person, retailer=retailers[retailer_key])


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings.test")
    import django

    django.setup()

    from tenants.context import ALL, partner_scope
    from tenants.partners.models import Domain, Partner, new_schema_name
    from tenants.people.models import Person, RetailerGrant
    from tenants.retailers.models import Retailer, Store

    build()
