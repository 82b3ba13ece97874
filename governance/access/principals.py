"""From a person's row to the principal their request acts as."""

from __future__ import annotations

from governance.access.principal import Principal
from governance.access.roles import ACTIONS_BY_ROLE
from tenants.context import ALL
from tenants.people.models import Person, RetailerGrant


def person_principal(
    person: Person, *, auth_method: str = "password", source_ip: str = "", request_id: str = ""
) -> Principal:
    """What this person may do and see right now. Needs the partner's whole scope: grants are rows of retailers.

    Cost: one query for people who see listed retailers only, none for those who see all.
    """
    return Principal(
        kind="person",
        id=str(person.pk),
        text=str(person),
        role=person.role,
        retailers=_retailers(person),
        actions=ACTIONS_BY_ROLE.get(person.role, frozenset()) if person.is_active else frozenset(),
        auth_method=auth_method,
        source_ip=source_ip,
        request_id=request_id,
    )


def _retailers(person: Person) -> frozenset[int] | str:
    if person.all_retailers:
        return ALL
    return frozenset(RetailerGrant.objects.filter(person=person).values_list("retailer_id", flat=True))
