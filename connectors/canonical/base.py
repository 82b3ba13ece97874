"""What every canonical object shares."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Canonical(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """Frozen, typed, named fields only. Money is Decimal in the object's `currency`; unknown is None, never 0."""


class Document(Canonical):
    """An object of its own. Ids are the source's, as text; numbers that people read are no ids."""

    id: str
    source_version: str = ""  # sorts as the source's versions do; "" where it states none
    occurred_at: datetime | None = None  # when the source says it happened
    event_at: datetime | None = None  # when the source says it told of it; may be earlier by its clock
    legal_entity: str | None = None  # the source's word for whose books it belongs to
    store_key: str | None = None  # the source's id of the store or location
    status: str | None = None  # the source's word; never believed against the numbers
    note: str | None = None


class Breach(msgspec.Struct, frozen=True):
    """An invariant that does not hold: its name, and one sentence with both numbers."""

    name: str
    message: str
