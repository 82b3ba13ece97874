"""What the overview shows, from what the selectors read: tiles, charts, terms and links."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse

from console.charts import latency, traffic, versions
from console.charts.figures import Chart
from console.charts.table import cells
from console.render.text import duration, money, plural, span
from console.views.scope import PageScope
from governance.access.principal import Principal
from monitoring.exceptions.advice import advice_for
from monitoring.exceptions.selectors import ExceptionFilter, OpenSummary, exception_page, open_summary
from monitoring.ledger.backlog import Backlog, backlog
from monitoring.rollups.equation import Equation
from monitoring.rollups.folding import folded_state
from monitoring.rollups.selectors import (
    Latency,
    Traffic,
    VersionInUse,
    api_versions_in_use,
    counting_since,
    latency_by_hop,
    messages_per_minute,
    received_lately,
)

RECENT: Final = 6
SHORTEST: Final = timedelta(minutes=15)
LATE: Final = timedelta(minutes=15)
# term of the equation -> (words, outcome of the messages page)
TERMS: Final = {
    "delivered": ("delivered", "delivered"),
    "open": ("need a person", "exception"),
    "waiting": ("waiting", "waiting"),
    "filtered": ("filtered", "filtered"),
    "ignored": ("ignored", "ignored"),
    "deduplicated": ("deduplicated", "deduplicated"),
    "superseded": ("superseded", "superseded"),
    "closed": ("closed by hand", "closed"),
}


@dataclass(frozen=True, slots=True)
class Numbers:
    """Everything the page reads, in a handful of queries."""

    traffic: Traffic
    rate: float
    hops: list[Latency]
    versions: list[VersionInUse]
    risk: OpenSummary
    backlog: Backlog


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a tile's small print; `url` is empty where there is nothing to open or it may not be opened."""

    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Tile:
    key: str
    label: str
    value: str
    unit: str
    status: str  # a key of console.render.status
    words: str  # beside its glyph
    url: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A chart and its numbers as cells, in the reader's zone."""

    chart: Chart
    cells: list[list[str]]
    wide: bool


@dataclass(frozen=True, slots=True)
class Term:
    words: str
    count: str
    url: str


@dataclass(frozen=True, slots=True)
class Failure:
    """One line of the recent failures."""

    title: str
    kind: str  # its class, in words
    number: str
    retailer: str
    at: datetime
    value: Decimal | None
    currency: str
    url: str


class Links:
    """Addresses of other pages in the same scope; empty for pages this person may not see."""

    def __init__(self, principal: Principal, scope: PageScope) -> None:
        self._principal = principal
        self._scope = scope

    def to(self, route: str, *args: object, action: str = "", **query: str) -> str:
        if not self._principal.may(action or f"{route}.view"):
            return ""
        try:
            path = reverse(route, args=args)
        except NoReverseMatch:
            return ""
        pairs = {**self._scope.carried(), **{name: value for name, value in query.items() if value}}
        return f"{path}?{urlencode(pairs, safe='/,:')}" if pairs else path

    def messages(self, *, since: datetime | None = None, **query: str) -> str:
        """`since` widens the range for numbers that are not of the range, like what waits."""
        if since is not None and since < self._scope.range.start:
            query |= {"from": since.replace(second=0, microsecond=0).strftime("%Y-%m-%dT%H:%MZ"), "to": "now"}
        return self.to("messages", **query)


def read_numbers(scope: PageScope) -> Numbers:
    """Cost: ten queries, however many messages."""
    end, chosen, folded = scope.range.end, scope.retailer_ids, folded_state()
    start = _first_shown(scope, counting_since(retailers=chosen, folded=folded))
    named = [retailer.id for retailer in scope.chosen or scope.retailers]
    found = messages_per_minute(start, end, retailers=chosen, folded=folded)
    rate = found.total("received") / found.window.minutes
    if scope.range.is_live:
        rate = received_lately(at=scope.at, retailers=chosen, folded=folded)
    return Numbers(
        traffic=found,
        rate=rate,
        hops=latency_by_hop(start, end, retailers=chosen, folded=folded),
        versions=api_versions_in_use(start, end, retailers=chosen, folded=folded),
        risk=open_summary(retailers=named),
        backlog=backlog(named),
    )


def _first_shown(scope: PageScope, first: datetime | None) -> datetime:
    """The range's start or, on a young system, a moment before it began: a chart of an empty day shows nothing."""
    if first is None or first <= scope.range.start:
        return scope.range.start
    return max(scope.range.start, min(first - timedelta(minutes=1), scope.range.end - SHORTEST))


def tiles(numbers: Numbers, scope: PageScope, links: Links) -> list[Tile]:
    return [
        _received(numbers, scope, links),
        _failed(numbers, links),
        _open(numbers.risk, scope, links),
        _latency(numbers, links),
        _waiting(numbers, scope, links),
    ]


def charts_of(numbers: Numbers, scope: PageScope) -> list[Shown]:
    window, zone = numbers.traffic.window, scope.zone
    drawn = [
        (traffic.messages(numbers.traffic, zone), True),
        (latency.latency(numbers.hops, window, zone), False),
        (latency.hops(numbers.hops), False),
        (traffic.failures(numbers.traffic), False),
        (versions.versions(numbers.versions), False),
    ]
    return [Shown(chart, cells(chart, zone), wide) for chart, wide in drawn]


def recent_failures(scope: PageScope, links: Links) -> list[Failure] | None:
    """The newest open exceptions; None for those who may not see any. Cost: one query."""
    if not links.to("exceptions", action="exceptions.view"):
        return None
    chosen = scope.chosen or scope.retailers
    names = {retailer.id: retailer.name for retailer in chosen}
    return [
        Failure(
            title=item.title,
            kind=advice_for(item.error_class).label,
            number=item.order_number,
            retailer=names[item.retailer_id] if len(chosen) > 1 else "",
            at=item.last_seen_at,
            value=item.value,
            currency=item.currency,
            url=links.to("message", item.message_id, action="messages.view"),
        )
        for item in exception_page(ExceptionFilter(retailers=tuple(names)), size=RECENT).rows
    ]


def equation_terms(found: Equation, links: Links) -> list[Term]:
    """Terms that are not zero; delivered, open and waiting are always said."""
    terms = []
    for term, count in found.terms.items():
        words, outcome = TERMS[term]
        if count or term in ("delivered", "open", "waiting"):
            terms.append(Term(words, f"{count:,}", links.messages(outcome=outcome)))
    return terms


def _received(numbers: Numbers, scope: PageScope, links: Links) -> Tile:
    total = numbers.traffic.total("received")
    rate = f"{numbers.rate:,.0f}" if numbers.rate >= 100 else f"{numbers.rate:,.1f}"
    when = "now" if scope.range.is_live else "on average"
    parts = (Part(f"{total:,} received", links.messages()), Part(scope.range.label.lower()))
    look = ("ok", "Arriving") if numbers.rate else ("unknown", "Nothing arrives")
    return Tile("received", "Messages", rate, f"a minute {when}", *look, links.messages(), parts)


def _failed(numbers: Numbers, links: Links) -> Tile:
    found = numbers.traffic
    failed, attempts = found.total("attempt", *traffic.FAILED), found.total("attempt")
    gave_up = found.total("delivery", "exception") + found.total("disposed", "unreadable")
    share = f"{failed / attempts:.1%} of {plural(attempts, 'attempt')}" if attempts else "nothing was attempted"
    parts = [Part(share)]
    if gave_up:
        parts.append(Part(f"{gave_up:,} needed a person", links.messages(outcome="exception")))
    look, unit = _failure_look(attempts, failed, gave_up), "failed attempt" if failed == 1 else "failed attempts"
    return Tile("failed", "Failures", f"{failed:,}", unit, *look, links.messages(attempt="failed"), tuple(parts))


def _failure_look(attempts: int, failed: int, gave_up: int) -> tuple[str, str]:
    if gave_up:
        return "failing", "Failing"
    if failed:
        return "degraded", "Retried"
    return ("ok", "None") if attempts else ("unknown", "No data")


def _open(risk: OpenSummary, scope: PageScope, links: Links) -> Tile:
    worth = [money(value, currency) for currency, value in risk.money]
    if risk.unknown:
        worth.append(f"{risk.unknown:,} of unknown value")
    told = " + ".join(worth) + " at risk" if worth else "nothing at risk"
    oldest = (Part(f"oldest {span(scope.at - risk.oldest)}"),) if risk.oldest else ()
    look = ("failing", "To decide") if risk.count else ("ok", "All clear")
    return Tile("open", "Exceptions", f"{risk.count:,}", "open", *look, links.to("exceptions"), (Part(told), *oldest))


def _latency(numbers: Numbers, links: Links) -> Tile:
    """Without a verdict: nobody has said yet how fast is fast enough."""
    whole = next((hop for hop in numbers.hops if hop.hop == "end to end"), None)
    if whole is None:
        return Tile("latency", "Latency", "—", "p50", "unknown", "No data", "", (Part("nothing was delivered"),))
    parts = (Part(f"p95 {duration(whole.percentile(0.95))}"), Part(f"{whole.count:,} delivered"))
    url = links.messages(outcome="delivered")
    return Tile("latency", "Latency", duration(whole.percentile(0.5)), "p50", "", "", url, parts)


def _waiting(numbers: Numbers, scope: PageScope, links: Links) -> Tile:
    held = numbers.backlog
    parts = [Part(f"{held.retrying:,} retrying", links.messages(since=held.oldest, outcome="retrying"))]
    if held.oldest:
        parts.append(Part(f"oldest {span(scope.at - held.oldest)}"))
    url, unit = links.messages(since=held.oldest, outcome="waiting"), "delivery" if held.waiting == 1 else "deliveries"
    return Tile("waiting", "Waiting", f"{held.waiting:,}", unit, *_waiting_look(held, scope.at), url, tuple(parts))


def _waiting_look(held: Backlog, at: datetime) -> tuple[str, str]:
    if held.oldest is None:
        return "ok", "Nothing waits"
    late = at - held.oldest > LATE
    return ("degraded", "Held up") if late or held.retrying else ("running", "Moving")
