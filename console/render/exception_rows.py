"""Rows of the exceptions list as HTML: written here once, because a template that decides 50 times 15 times costs more
than everything else on the page. Every value from outside passes `escape`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from django.utils.safestring import SafeString

from console.render.lines import Reader
from console.render.marks import icon_mark, status_mark, time_mark
from console.render.text import NONE, money
from monitoring.exceptions.models import ExceptionItem


@dataclass(frozen=True, slots=True)
class ExceptionLine:
    """`note` stands below the title; `refusal` says why it cannot be retried, or nothing."""

    item: ExceptionItem
    kind: str
    note: str
    retailer: str
    connection: str
    store: str
    refusal: str


@dataclass(frozen=True, slots=True)
class Look:
    """What is the same for every row. `base` is the list's own path."""

    reader: Reader
    base: str
    resolved: bool
    several_retailers: bool
    may_resolve: bool


def exception_rows(lines: Iterable[ExceptionLine], look: Look) -> SafeString:
    return SafeString("\n".join(_row(line, look) for line in lines))


def _row(line: ExceptionLine, look: Look) -> str:
    item, reader = line.item, look.reader
    title, url = escape(item.title), f"{look.base}{item.id}/"
    note = f" · {escape(line.note)}" if line.note else ""
    retailer = f'<td class="c-retailer clip">{escape(line.retailer)}</td>\n' if look.several_retailers else ""
    decided = " data-done" if item.state == ExceptionItem.State.RETRYING else ""
    moment = item.resolved_at if look.resolved else item.opened_at
    age = time_mark(moment, zone=reader.zone, at=reader.at, form=reader.times)
    return (
        f'<tr data-row{decided} id="e-{item.id}">\n'
        f'<td class="c-state">{status_mark(item.state)}</td>\n'
        f'<td class="c-problem"><a class="row-link" data-open href="{url}" title="{title}">{title}</a>'
        f'<span class="sub clip">{escape(line.connection)}{note}</span></td>\n'
        f'<td class="c-key">{escape(item.order_number) or NONE}</td>\n{retailer}'
        f'<td class="c-store clip">{escape(line.store) or NONE}</td>\n'
        f'<td class="c-class clip">{escape(line.kind)}</td>\n'
        f'<td class="c-value num">{escape(money(item.value, item.currency))}</td>\n'
        f'<td class="c-tries num">{item.failures}</td>\n'
        f'<td class="c-age num">{age}</td>\n{"" if look.resolved else _acts(line, look, url)}</tr>'
    )


def _acts(line: ExceptionLine, look: Look, url: str) -> str:
    if line.refusal:
        icon = icon_mark("retry", "Cannot be retried")
        first = f'<span class="act" title="{escape(line.refusal)}" aria-disabled="true">{icon}</span>'
    else:
        first = _act(f"{url}retry/?next={look.base}", "r", "Retry", "retry")
    second = _act(f"{url}resolve/?next={look.base}", "e", "Resolve", "check") if look.may_resolve else ""
    return f'<td class="c-acts">{first}{second}</td>\n'


def _act(url: str, key: str, words: str, icon: str) -> str:
    return f'<a class="act" href="{url}" data-ask data-key="{key}" title="{words}">{icon_mark(icon, words)}</a>'
