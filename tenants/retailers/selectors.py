"""Reads of retailers and stores for the pages."""

from __future__ import annotations

from collections.abc import Sequence

from tenants.retailers.models import Store

STORE_LIMIT = 300


def store_choices(retailers: Sequence[int] | None = None) -> list[tuple[str, str]]:
    """(key, name) of active stores in scope, at most STORE_LIMIT: suggestions, not the whole list. One query."""
    rows = Store.objects.scoped().filter(is_active=True)
    if retailers is not None:
        rows = rows.filter(retailer_id__in=retailers)
    return list(rows.order_by("key").values_list("key", "name")[:STORE_LIMIT])
