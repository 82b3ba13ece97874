"""Reads of retailers and stores for the pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tenants.retailers.models import Store

STORE_LIMIT = 300


def store_choices(retailers: Sequence[int] | None = None) -> list[tuple[str, str]]:
    """(key, name) of active stores in scope, at most STORE_LIMIT: suggestions, not the whole list. One query."""
    rows = Store.objects.scoped().filter(is_active=True)
    if retailers is not None:
        rows = rows.filter(retailer_id__in=retailers)
    return list(rows.order_by("key").values_list("key", "name")[:STORE_LIMIT])


def store_names(stores: Iterable[tuple[int, str]]) -> dict[tuple[int, str], str]:
    """Names by (retailer id, store key), of those that are known and in scope. One query, none for no keys."""
    wanted = {(retailer_id, key) for retailer_id, key in stores if key}
    if not wanted:
        return {}
    rows = Store.objects.scoped().filter(key__in={key for _, key in wanted})
    found = {(retailer_id, key): name for retailer_id, key, name in rows.values_list("retailer_id", "key", "name")}
    return {store: found[store] for store in wanted & found.keys()}
