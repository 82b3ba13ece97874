"""How many exceptions are open in the address's scope: counted once a request, or by the page itself."""

from __future__ import annotations

from django.http import HttpRequest

from console.views.scope import page_scope
from monitoring.exceptions.selectors import open_exception_count


def open_count(request: HttpRequest) -> int:
    known = getattr(request, "_open_count", None)
    if known is None:
        known = open_exception_count(retailers=page_scope(request).retailer_ids)
        keep_open_count(request, known)
    return known


def keep_open_count(request: HttpRequest, count: int) -> None:
    """For a page that has counted already, with the address's retailers."""
    request._open_count = count
