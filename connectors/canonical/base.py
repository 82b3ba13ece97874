"""What every canonical object shares."""

from __future__ import annotations

import msgspec


class Canonical(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """Frozen, typed, named fields only. Money is Decimal in the object's `currency`; unknown is None, never 0."""


class Breach(msgspec.Struct, frozen=True):
    """An invariant that does not hold: its name, and one sentence with both numbers."""

    name: str
    message: str
