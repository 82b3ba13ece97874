"""Reads of value tables."""

from __future__ import annotations

from collections.abc import Mapping

from governance.registry.values.models import MappedValue

Pair = tuple[int, int]  # (source connection, target connection)
Tables = Mapping[str, Mapping[str, str]]  # table -> value -> what it becomes


def tables_in_force() -> dict[Pair, dict[str, dict[str, str]]]:
    """All of the scope's. Cost: one query."""
    found: dict[Pair, dict[str, dict[str, str]]] = {}
    rows = MappedValue.objects.scoped().values_list("source_id", "target_id", "table", "value", "becomes")
    for source, target, table, value, becomes in rows.iterator():
        found.setdefault((source, target), {}).setdefault(table, {})[value] = becomes
    return found
