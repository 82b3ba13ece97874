"""Reads of the configuration of record, named for the screens they feed."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q

from tenants.retailers.models import Retailer


@dataclass(frozen=True, slots=True)
class RetailerChoice:
    """One entry of the retailer picker, and whether its connections are live, for tests, or both."""

    id: int
    key: str
    name: str
    timezone: str
    currency: str
    live: int
    test: int


def retailer_choices() -> list[RetailerChoice]:
    """Active retailers in scope, by name. Cost: one query."""
    rows = (
        Retailer.objects.scoped()
        .filter(is_active=True)
        .annotate(
            live=Count("connections", filter=Q(connections__live=True)),
            test=Count("connections", filter=Q(connections__live=False)),
        )
        .order_by("name")
    )
    return [RetailerChoice(r.id, r.key, r.name, r.timezone, r.currency, r.live, r.test) for r in rows]
