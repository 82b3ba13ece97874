"""Small pieces of HTML that every page repeats: icons, status, times. Escaped here once."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from console.render.status import STATUS
from console.render.text import NONE, ago, exact


@lru_cache(maxsize=512)
def icon_mark(name: str, label: str = "") -> SafeString:
    """A drawing from our sprite. Without `label` it is decoration and hidden from screen readers."""
    said = format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')
    return format_html('<svg class="icon" {}><use href="{}#{}"/></svg>', said, static("icons.svg"), name)


@lru_cache(maxsize=512)
def glyph_mark(shape: str) -> SafeString:
    """A status shape alone, beside words that say the status."""
    return format_html('<svg class="glyph" aria-hidden="true"><use href="{}#s-{}"/></svg>', static("icons.svg"), shape)


@lru_cache(maxsize=512)
def status_mark(key: str, words: str = "") -> SafeString:
    """Colour, shape and word of one status (`console.render.status`)."""
    look = STATUS[key]
    return format_html(
        '<span class="status status-{}"{}>{}{}</span>',
        look.tone,
        format_html(' title="{}"', look.meaning) if look.meaning else "",
        glyph_mark(look.shape),
        words or look.words,
    )


def time_mark(value: datetime | None, *, zone: ZoneInfo, at: datetime, form: str) -> SafeString:
    """A time as the reader wants it, the other form beside it for the switch, the full one in the title.

    `form` is relative or absolute. An unknown time is said, not left blank.
    """
    if value is None:
        return format_html('<span class="none">{}</span>', NONE)
    absolute, relative = exact(value, zone, at=at), ago(value, at=at)
    first, second = (absolute, relative) if form == "absolute" else (relative, absolute)
    # Digits and our own words only, so nothing is to be escaped; a list has this fifty times.
    return SafeString(
        f'<time datetime="{value.astimezone(UTC).isoformat(timespec="milliseconds")}"'
        f' title="{_full(value.astimezone(zone))}" data-form="{form}" data-other="{second}">{first}</time>'
    )


def _full(local: datetime) -> str:
    """2026-11-22 14:03:22 +0100."""
    return f"{local.date()} {local:%H:%M:%S %z}"
