"""Rows of the message list as HTML: written here once, because a template that decides 50 times 15 times costs more
than everything else on the page. Every value from outside passes `escape`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.safestring import SafeString

from console.render.marks import status_mark, time_mark
from console.render.text import NONE, duration, money
from monitoring.ledger.selectors.pages import MessageRow, Way

NOT_STATED = "not stated"
ARROW = ' <span class="faint">→</span> '
DOT = ' <span class="faint">·</span> '


@dataclass(frozen=True, slots=True)
class Reader:
    """How the person in front of the page reads times."""

    zone: ZoneInfo
    at: datetime
    times: str


def message_rows(rows: Iterable[MessageRow], retailers: Mapping[int, str], reader: Reader) -> SafeString:
    """`retailers` names them where several are mixed; else it is empty and there is no such column."""
    base = reverse("messages")
    return SafeString("\n".join(_row(row, retailers, reader, base) for row in rows))


def _row(row: MessageRow, retailers: Mapping[int, str], reader: Reader, base: str) -> str:
    received = time_mark(row.received_at, zone=reader.zone, at=reader.at, form=reader.times)
    repeats = f' <span class="tag" title="The same event came again">+{row.repeats}</span>' if row.repeats else ""
    retailer = f'<td class="c-retailer clip">{escape(retailers.get(row.retailer_id, ""))}</td>\n' if retailers else ""
    return (
        f'<tr data-row id="m-{row.id}">\n'
        f'<td class="c-when">{received}</td>\n'
        f'<td class="c-key"><a class="row-link" data-open href="{base}{row.id}/">'
        f"{escape(row.number or 'No number')}</a>{repeats}</td>\n"
        f'{retailer}<td class="c-topic clip">{escape(row.topic or "No topic")}</td>\n'
        f'<td class="c-store clip">{escape(row.store or NONE)}</td>\n'
        f'<td class="c-value num">{escape(money(row.value, row.currency))}</td>\n'
        f'<td class="c-way clip">{_way(row.source, row.ways)}{_why(row.why)}</td>\n'
        f'<td class="c-status">{status_mark(row.status)}</td>\n'
        f'<td class="c-took num">{_lasted(row.latency)}</td>\n'
        f'<td class="c-version clip">{_versions(row)}</td>\n</tr>'
    )


def _why(text: str) -> str:
    return f'<span class="why" title="{escape(text)}">{escape(text)}</span>' if text else ""


def _way(source: str, ways: tuple[Way, ...]) -> str:
    if not ways:
        return escape(source)
    targets = (f'{escape(way.target)} <span class="dim">{escape(way.document)}</span>' for way in ways)
    return f"{escape(source)}{ARROW}{', '.join(targets)}"


def _versions(row: MessageRow) -> str:
    """What the source stated, then what each target served that was asked for one."""
    served = (way.version_served or NOT_STATED for way in row.ways if way.version_requested)
    return DOT.join(escape(version) for version in (row.version or NOT_STATED, *served))


def _lasted(length: timedelta | None) -> str:
    return duration(None if length is None else length // timedelta(microseconds=1))
