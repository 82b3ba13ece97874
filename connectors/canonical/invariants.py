"""What must hold in every canonical object. A total that does not add up is a breach, not a correction.

`breaches(obj)` is pure and cheap enough to run after every map. Each breach has a stable name (the desk groups by it)
and one sentence with both numbers. Stated statuses are never consulted: only numbers are held against numbers.
"""

from __future__ import annotations

from typing import Any

from connectors.canonical.base import Breach
from connectors.canonical.rules import books, goods, notices, payments, sales, supply
from connectors.canonical.rules.common import Rules

_RULES: Rules = sales.RULES | goods.RULES | payments.RULES | supply.RULES | books.RULES | notices.RULES


def breaches(obj: Any) -> tuple[Breach, ...]:
    """Every invariant the object breaks, the gravest first. Raises TypeError for what is no canonical object."""
    try:
        rules = _RULES[type(obj)]
    except KeyError:
        raise TypeError(f"{type(obj).__name__} has no invariants") from None
    return tuple(found for rule in rules for found in rule(obj))
