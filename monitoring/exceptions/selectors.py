"""Reads for the exceptions page."""

from __future__ import annotations

from collections.abc import Sequence

from monitoring.exceptions.models import ExceptionItem


def open_exception_count(*, retailers: Sequence[int] | None = None) -> int:
    """How many wait for a person, in scope. Cost: one query over open rows only."""
    rows = ExceptionItem.objects.scoped().filter(state__in=ExceptionItem.OPEN_STATES)
    if retailers is not None:
        rows = rows.filter(retailer_id__in=retailers)
    return rows.count()
