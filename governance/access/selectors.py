"""Reads of people and their access, named for the screens they feed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from governance.access.models import OneTimeLink
from tenants.context import ALL, require_scope
from tenants.people.models import Person, RetailerGrant


@dataclass(frozen=True, slots=True)
class PersonRow:
    """`retailers` are the names the reader may see; empty for someone who sees all. `invited_until`: not yet here."""

    person: Person
    retailers: tuple[str, ...]
    invited_until: datetime | None


def people_in_view(*, at: datetime) -> list[PersonRow]:
    """Who has access. Whoever sees listed retailers only, sees their people and the partner's. Cost: three queries."""
    people = list(_visible())
    names = defaultdict(list)
    grants = RetailerGrant.objects.scoped().filter(person__in=people).select_related("retailer")
    for grant in grants.order_by("retailer__name"):
        names[grant.person_id].append(grant.retailer.name)
    invited = dict(
        OneTimeLink.objects.filter(
            person__in=people, purpose=OneTimeLink.Purpose.INVITE, used_at__isnull=True, expires_at__gt=at
        ).values_list("person_id", "expires_at")
    )
    return [PersonRow(person, tuple(names[person.pk]), invited.get(person.pk)) for person in people]


def person_in_view(person_id: int) -> Person:
    """Raises Person.DoesNotExist, also for the people of retailers outside the scope."""
    return _visible().get(pk=person_id)


def _visible() -> QuerySet[Person]:
    people = Person.objects.order_by("-is_active", "name")
    if require_scope().retailers == ALL:
        return people
    theirs = RetailerGrant.objects.scoped().values("person_id")
    return people.filter(Q(all_retailers=True) | Q(pk__in=theirs))
