"""The retailer's value tables while a map runs: bound around the run, so that a compiled map serves every retailer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

ANY = "*"  # the entry that stands for every value without one: a default that the table states
Tables = Mapping[str, Mapping[str, str]]

_NONE: Mapping[str, str] = {}
_tables: ContextVar[Tables | None] = ContextVar("value_tables", default=None)


@contextmanager
def value_tables(tables: Tables) -> Iterator[None]:
    """Maps that run within find these tables."""
    token = _tables.set(tables)
    try:
        yield
    finally:
        _tables.reset(token)


def in_force(name: str) -> Mapping[str, str]:
    """Empty where the retailer has no such table: every value lacks in it then."""
    return (_tables.get() or {}).get(name, _NONE)
