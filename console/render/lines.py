"""Lines of the message list, ready to be placed: a template that decides 50 times 15 times costs more than the data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from console.render.marks import status_mark, time_mark
from console.render.text import NONE, duration, money
from monitoring.ledger.selectors.pages import MessageRow, Way

NOT_STATED = "not stated"
ARROW = SafeString(' <span class="faint">→</span> ')


@dataclass(frozen=True, slots=True)
class Reader:
    """How the person in front of the page reads times."""

    zone: ZoneInfo
    at: datetime
    times: str


@dataclass(frozen=True, slots=True)
class MessageLine:
    id: str
    url: str
    received: SafeString
    number: str
    repeats: str
    retailer: str
    topic: str
    store: str
    value: str
    way: SafeString
    why: str
    status: SafeString
    latency: str
    versions: SafeString


def message_lines(rows: Iterable[MessageRow], retailers: Mapping[int, str], reader: Reader) -> list[MessageLine]:
    """`retailers` names them where several are mixed; else it is empty and so is the column."""
    base = reverse("messages")
    return [_line(row, retailers, reader, base) for row in rows]


def _line(row: MessageRow, retailers: Mapping[int, str], reader: Reader, base: str) -> MessageLine:
    return MessageLine(
        id=str(row.id),
        url=f"{base}{row.id}/",
        received=time_mark(row.received_at, zone=reader.zone, at=reader.at, form=reader.times),
        number=row.number or "No number",
        repeats=f"+{row.repeats}" if row.repeats else "",
        retailer=retailers.get(row.retailer_id, ""),
        topic=row.topic or "No topic",
        store=row.store or NONE,
        value=money(row.value, row.currency),
        way=_way(row.source, row.ways),
        why=row.why,
        status=status_mark(row.status),
        latency=_lasted(row.latency),
        versions=_versions(row),
    )


def _way(source: str, ways: tuple[Way, ...]) -> SafeString:
    if not ways:
        return format_html("{}", source)
    targets = format_html_join(", ", '{} <span class="dim">{}</span>', ((way.target, way.document) for way in ways))
    return format_html("{}{}{}", source, ARROW, targets)


def _versions(row: MessageRow) -> SafeString:
    """What the source stated, then what each target served that was asked for one."""
    served = ((way.version_served or NOT_STATED,) for way in row.ways if way.version_requested)
    return format_html(
        "{}{}", row.version or NOT_STATED, format_html_join("", ' <span class="faint">·</span> {}', served)
    )


def _lasted(length: timedelta | None) -> str:
    return duration(None if length is None else length // timedelta(microseconds=1))
