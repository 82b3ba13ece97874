"""The messages page: every filter in the address, keyset pages, and the same set as a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from connectors.library import UnknownConnector, connector
from console.access import requires
from console.render.cells import csv_lines, json_lines
from console.render.lines import message_rows as rows_as_html
from console.render.status import STATUS
from console.render.stream import streamed
from console.views.filters import Field, FilterBar, FilterForm, Tab, address, chips, cursor, kept, rows_url, text
from console.views.scope import PageScope, page_scope, reader
from governance.registry.selectors import connections_in_view, flows_in_view
from monitoring.exports import record_export
from monitoring.ledger.selectors.filters import DOORS, FAILED, NOT_STATED, OUTCOMES, MessageFilter
from monitoring.ledger.selectors.pages import MessagePage, MessageRow, message_page, newer_count
from tenants.retailers.selectors import store_choices

FIELDS: Final = {
    "connection": "Connection",
    "flow": "Flow",
    "topic": "Topic",
    "store": "Store",
    "version": "API version",
    "door": "Door",
    "attempt": "Attempts",
}
FREE: Final = ("topic", "store", "version")  # typed, with suggestions
TAB_WORDS: Final = {"delivered": "Delivered"}  # proven and unproven ones
EXPORT_CHUNK: Final = 1000
COLUMNS: Final = (
    "received_at",
    "message_id",
    "retailer",
    "number",
    "object",
    "topic",
    "store",
    "value",
    "currency",
    "source",
    "targets",
    "documents",
    "status",
    "why",
    "latency_ms",
    "api_version",
    "api_versions_requested",
    "api_versions_served",
    "door",
    "repeats",
)
FORMATS: Final = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}


@dataclass(frozen=True, slots=True)
class MessageList:
    """What templates/messages/list.html shows."""

    page: MessagePage
    rows: SafeString
    several: bool
    bar: FilterBar
    problem: str
    is_search: bool
    is_narrowed: bool
    rows_url: str


@require_safe
@requires("messages.view")
def messages(request: HttpRequest) -> HttpResponse:
    scope = page_scope(request)
    wanted, problem = message_filter(request, scope)
    page = message_page(wanted, before=cursor(request, "before"), after=cursor(request, "after"))
    names = _retailer_names(scope)
    shown = MessageList(
        page=page,
        rows=rows_as_html(page.rows, names, reader(request)),
        several=bool(names),
        bar=_filter_bar(request),
        problem=problem,
        is_search=bool(wanted.search),
        is_narrowed=wanted.is_narrowed,
        rows_url=rows_url(request, reverse("message-rows"), page.rows),
    )
    return render(request, "messages/list.html", {"list": shown})


@require_safe
@requires("messages.view")
def message_filters(request: HttpRequest) -> HttpResponse:
    """The filter form: a fragment when the menu opens, a page of its own without script."""
    form = FilterForm(_fields(request, page_scope(request)), kept(request, FIELDS), reverse("messages"))
    template = "components/_filter_form.html" if request.htmx else "messages/filters.html"
    return render(request, template, {"form": form})


@require_safe
@requires("messages.view")
def message_rows(request: HttpRequest) -> HttpResponse:
    """The rows a page shows, as they are now, and how many newer ones there are: asked for after a hint."""
    scope = page_scope(request)
    wanted, _ = message_filter(request, scope)
    through = cursor(request, "through")
    page = message_page(wanted, before=UUID(int=through.int + 1) if through else None)
    newer = newer_count(wanted, than=through) if through else len(page.rows)
    rows = rows_as_html(page.rows, _retailer_names(scope), reader(request))
    return render(request, "messages/_rows.html", {"rows": rows, "newer": newer})


@require_safe
@requires("messages.view")
def messages_export(request: HttpRequest, form: str) -> HttpResponse:
    """Exactly the filtered set, as it is when the download begins."""
    scope = page_scope(request)
    wanted, _ = message_filter(request, scope)
    names = {retailer.id: retailer.name for retailer in scope.retailers}
    record_export("messages", wanted, form=form, by=request.principal, at=scope.at)

    def piece(before: UUID | None) -> tuple[bytes, UUID | None]:
        page = message_page(wanted, before=before, size=EXPORT_CHUNK)
        rows = [_record(row, names) for row in page.rows]
        if form == "jsonl":
            return json_lines(COLUMNS, rows, scope.zone), page.older
        head = [COLUMNS] if before is None else []
        return csv_lines([*head, *rows], scope.zone), page.older

    filename = f"messages-{scope.at:%Y%m%dT%H%M%SZ}.{form}"
    return streamed(request, piece, content_type=FORMATS[form], filename=filename)


def message_filter(request: HttpRequest, scope: PageScope) -> tuple[MessageFilter, str]:
    """The address as a filter, and what of it was not understood."""
    outcome, door = text(request, "outcome"), text(request, "door")
    problems = [scope.range.problem]
    if outcome and outcome not in OUTCOMES:
        problems.append(f"“{outcome}” is no outcome")
        outcome = ""
    if door and door not in DOORS:
        problems.append(f"“{door}” is no door")
        door = ""
    wanted = MessageFilter(
        start=scope.range.start,
        end=scope.range.end,
        retailers=tuple(scope.retailer_ids) if scope.retailer_ids is not None else None,
        outcome=outcome,
        connection=text(request, "connection"),
        flow=text(request, "flow"),
        topic=text(request, "topic"),
        store=text(request, "store"),
        api_version=text(request, "version"),
        door=door,
        attempt=FAILED if text(request, "attempt") == FAILED else "",
        search=text(request, "q"),
    )
    return wanted, "; ".join(problem for problem in problems if problem)


def _filter_bar(request: HttpRequest) -> FilterBar:
    current = text(request, "outcome")
    tabs = [Tab("All", address(request, outcome=""), not current)]
    tabs += [
        Tab(TAB_WORDS.get(key) or STATUS[key].words, address(request, outcome=key), key == current) for key in OUTCOMES
    ]
    return FilterBar(
        tabs=tabs,
        chips=chips(request, {**FIELDS, "q": "Search"}),
        clear_url=address(request, outcome="", q="", **dict.fromkeys(FIELDS, "")),
        form_url=reverse("message-filters") + address(request),
    )


def _fields(request: HttpRequest, scope: PageScope) -> list[Field]:
    retailers = scope.retailer_ids
    connections, flows = connections_in_view(retailers), flows_in_view(retailers)
    manifests = [m for m in map(_manifest, sorted({c.connector for c in connections})) if m]
    topics = sorted({topic for manifest in manifests for topic in manifest.topics})
    versions = sorted({v.name for m in manifests for v in m.api_versions} | {c.api_version for c in connections} - {""})
    options: dict[str, list[tuple[str, str]]] = {
        "connection": [(c.key, _named(c.label, c.retailer.name, scope)) for c in connections],
        "flow": [(f.key, _named(f.label, f.retailer.name, scope)) for f in flows],
        "topic": [(topic, "") for topic in topics],
        "store": store_choices(retailers),
        "version": [*((v, "") for v in versions), (NOT_STATED, "not stated")],
        "door": [(door, door.capitalize()) for door in DOORS],
        "attempt": [(FAILED, "One failed")],
    }
    return [Field(name, FIELDS[name], text(request, name), options[name], name in FREE) for name in FIELDS]


def _named(label: str, retailer: str, scope: PageScope) -> str:
    return f"{label} · {retailer}" if len(scope.chosen or scope.retailers) > 1 else label


def _manifest(key: str) -> Any:
    try:
        return connector(key).manifest
    except UnknownConnector:
        return None


def _retailer_names(scope: PageScope) -> dict[int, str]:
    """Names by id where rows of several retailers are mixed; empty where one is in view anyway."""
    several = len(scope.chosen or scope.retailers) > 1
    return {retailer.id: retailer.name for retailer in scope.retailers} if several else {}


def _record(row: MessageRow, retailers: dict[int, str]) -> list[Any]:
    return [
        row.received_at,
        row.id,
        retailers.get(row.retailer_id, row.retailer_id),
        row.number,
        row.object_type,
        row.topic,
        row.store_key,
        row.value,
        row.currency,
        row.source_key,
        "; ".join(way.target_key for way in row.ways),
        "; ".join(way.document for way in row.ways if way.document),
        row.status,
        row.why,
        round(row.latency.total_seconds() * 1000) if row.latency is not None else None,
        row.version,
        "; ".join(way.version_requested for way in row.ways if way.version_requested),
        "; ".join(way.version_served for way in row.ways if way.version_served),
        row.door,
        row.repeats,
    ]
