"""The partner's mark. Open to strangers: the sign-in page carries it too."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from console.access import public


@require_safe
@public
@cache_control(private=True, max_age=3600)
def favicon(request: HttpRequest) -> HttpResponse:
    """The partner's initial; `?open=3` adds a mark with the number, as the address says it (no data is read)."""
    text = request.GET.get("open", "")
    count = min(int(text), 1000) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    context = {"badge": f"{count}" if count < 100 else "99"} if count else {}
    return render(request, "brand/favicon.svg", context, content_type="image/svg+xml")
