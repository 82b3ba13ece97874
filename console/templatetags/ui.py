"""Small parts of every page: times, money, durations, icons, status glyphs. `{% load ui %}`."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import template
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from console.render.marks import glyph_mark, icon_mark, status_mark, time_mark
from console.render.text import actor as render_actor
from console.render.text import duration, money
from console.views.scope import PageScope
from governance.access.roles import ACTIONS, who_can

register = template.Library()


register.simple_tag(icon_mark, name="icon")
register.simple_tag(glyph_mark, name="glyph")
register.simple_tag(status_mark, name="status")


@register.simple_tag(takes_context=True)
def when(context: template.Context, value: datetime | None, form: str = "") -> SafeString:
    """A time in the reader's zone and form; `form` ("absolute", "relative") overrides the preference."""
    page = context["page"]
    return time_mark(value, zone=page.scope.zone, at=page.scope.at, form=form or page.times)


@register.filter
def amount(value: Decimal | None, currency: str = "") -> str:
    return money(value, currency)


@register.filter
def took(microseconds: int | None) -> str:
    return duration(microseconds)


@register.simple_tag(takes_context=True)
def query(context: template.Context, **changes: Any) -> str:
    """This page's address with some pairs changed; an empty value removes one. Cursors never survive a change."""
    request = context["request"]
    dropped = {"before", "after", "through", *changes}
    pairs = [(k, v) for k, values in request.GET.lists() if k not in dropped for v in values]
    pairs += [(k, str(v)) for k, v in changes.items() if v not in ("", None)]
    return "?" + urlencode(pairs, safe="/")


@register.filter
def lasted(length: timedelta | None) -> str:
    return duration(None if length is None else int(length / timedelta(microseconds=1)))


@register.filter
def at(table: dict[Any, Any], key: Any) -> Any:
    return table.get(key, "")


@register.filter
def hex(value: bytes | memoryview) -> str:
    return bytes(value).hex()


@register.filter
def words(key: str) -> str:
    """order_id -> Order id."""
    return key.replace("_", " ").capitalize()


@register.filter
def actor(text: str) -> str:
    return render_actor(text)


@register.filter
def outcome_key(outcome: str) -> str:
    """An attempt's outcome as a key of STATUS: there `ok` is a system's word."""
    return "ok" if outcome == "ok" else outcome


@register.filter
def link(scope: PageScope, route: str) -> str:
    """The route's address with the retailer and time range that the reader is in."""
    return scope.link(reverse(route))


@register.simple_tag
def who_may(action: str) -> str:
    return f"Roles that may {ACTIONS[action]}: {', '.join(who_can(action))}."


@register.simple_tag
def latency_split(*parts: int) -> SafeString:
    """One bar: queue wait, transform, target, ours. Drawn with attributes, because styles may not stand in pages."""
    whole = sum(parts) or 1
    bars, left = [], 0.0
    for name, part in zip(("wait", "map", "target", "other"), parts, strict=True):
        width = 100 * part / whole
        bars.append((name, f"{left:.2f}", f"{max(width, 0.3) if part else 0:.2f}"))
        left += width
    inner = format_html_join("", '<rect class="k-{}" x="{}" y="0" width="{}" height="8"/>', bars)
    return format_html(
        '<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">{}</svg>', inner
    )
