"""A map that says only where it differs from another: connector maps that share a body, and a retailer's overrides."""

from __future__ import annotations

from typing import Any


def overlaid(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """`base` with the named rules, tables and fields of `over` put in place of its own; null removes one.

    Whole rules are replaced, never merged into: what is written is what runs.
    """
    made = {**base, **{key: value for key, value in over.items() if key not in ("let", "tables", "fields")}}
    for part in ("let", "tables", "fields"):
        if part in over or part in base:
            both = {**base.get(part, {}), **over.get(part, {})}
            made[part] = {name: rule for name, rule in both.items() if rule is not None}
    return made
