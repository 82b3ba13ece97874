"""The exceptions page: what a person must decide. The decisions themselves are `decisions`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from connectors.engine.replay import why_not_retry
from console.access import requires
from console.render.cells import csv_lines, json_lines
from console.render.exception_rows import ExceptionLine, Look
from console.render.exception_rows import exception_rows as rows_as_html
from console.render.problem import problem
from console.render.stream import streamed
from console.views.filters import Field, FilterBar, FilterForm, Tab, address, chips, cursor, kept, rows_url, text
from console.views.message import missing, render_message
from console.views.open_count import keep_open_count
from console.views.scope import PageScope, page_scope, reader
from governance.registry.models import RetailConnection
from governance.registry.selectors import connections_in_view
from monitoring.exceptions.advice import advice_for
from monitoring.exceptions.models import ExceptionItem
from monitoring.exceptions.selectors import (
    TABS,
    ExceptionFilter,
    ExceptionPage,
    OpenSummary,
    exception_by_id,
    exception_page,
    last_resolved,
    newer_exceptions,
    open_exception_count,
    open_summary,
)
from monitoring.exports import record_export
from monitoring.ledger.selectors.detail import message_detail
from tenants.retailers.selectors import store_names

FIELDS: Final = {"class": "Class", "connection": "Connection", "find": "Order or words of the problem"}
EXPORT_CHUNK: Final = 1000
COLUMNS: Final = (
    "opened_at",
    "exception_id",
    "message_id",
    "retailer",
    "order",
    "store",
    "class",
    "problem",
    "connection",
    "flow",
    "value",
    "currency",
    "failures",
    "last_seen_at",
    "state",
    "resolution",
    "resolved_at",
)
FORMATS: Final = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}


@dataclass(frozen=True, slots=True)
class ExceptionList:
    """What templates/exceptions/list.html shows."""

    tab: str
    rows: SafeString
    page: ExceptionPage
    bar: FilterBar
    summary: OpenSummary
    classes: list[Tab]
    several_retailers: bool
    is_narrowed: bool
    last_resolved: datetime | None
    rows_url: str


@require_safe
@requires("exceptions.view")
def exceptions(request: HttpRequest) -> HttpResponse:
    scope = page_scope(request)
    wanted = exception_filter(request, scope)
    page = exception_page(wanted, before=cursor(request, "before"), after=cursor(request, "after"))
    summary = open_summary(retailers=scope.retailer_ids)
    keep_open_count(request, summary.count)
    connections = connections_in_view(scope.retailer_ids)
    shown = ExceptionList(
        tab=wanted.tab,
        rows=_rows(request, page, scope, connections),
        page=page,
        bar=_filter_bar(request, connections, wanted, summary),
        summary=summary,
        classes=_class_tabs(request, summary, wanted),
        several_retailers=_several(scope),
        is_narrowed=wanted.is_narrowed,
        last_resolved=None if page.rows else last_resolved(retailers=scope.retailer_ids),
        rows_url=rows_url(request, reverse("exception-rows"), page.rows),
    )
    return render(request, "exceptions/list.html", {"list": shown})


@require_safe
@requires("exceptions.view")
def exception_rows(request: HttpRequest) -> HttpResponse:
    """The rows a page shows, as they are now, and how many newer ones there are: asked for after a hint."""
    scope = page_scope(request)
    wanted = exception_filter(request, scope)
    through = cursor(request, "through")
    page = exception_page(wanted, before=UUID(int=through.int + 1) if through else None)
    newer = newer_exceptions(wanted, than=through) if through else len(page.rows)
    rows = _rows(request, page, scope, connections_in_view(scope.retailer_ids))
    return render(request, "exceptions/_rows.html", {"rows": rows, "newer": newer})


@require_safe
@requires("exceptions.view")
def exception_count(request: HttpRequest) -> HttpResponse:
    """How many are open in the address's scope: a number as text."""
    count = open_exception_count(retailers=page_scope(request).retailer_ids)
    return HttpResponse(str(count), content_type="text/plain; charset=utf-8")


@require_safe
@requires("exceptions.view")
def exceptions_export(request: HttpRequest, form: str) -> HttpResponse:
    """Exactly the filtered set, as it is when the download begins."""
    scope = page_scope(request)
    wanted = exception_filter(request, scope)
    names = {retailer.id: retailer.name for retailer in scope.retailers}
    record_export("exceptions", wanted, form=form, by=request.principal, at=scope.at)

    def piece(before: UUID | None) -> tuple[bytes, UUID | None]:
        page = exception_page(wanted, before=before, size=EXPORT_CHUNK)
        rows = [_record(item, names) for item in page.rows]
        if form == "jsonl":
            return json_lines(COLUMNS, rows, scope.zone), page.older
        head = [COLUMNS] if before is None else []
        return csv_lines([*head, *rows], scope.zone), page.older

    filename = f"exceptions-{scope.at:%Y%m%dT%H%M%SZ}.{form}"
    return streamed(request, piece, content_type=FORMATS[form], filename=filename)


@require_safe
@requires("exceptions.view")
def exception(request: HttpRequest, exception_id: UUID) -> HttpResponse:
    """The failed message, with the exception above the fold."""
    item = exception_by_id(exception_id)
    return render_message(request, message_detail(item.message_id))


def exception_filter(request: HttpRequest, scope: PageScope) -> ExceptionFilter:
    tab = text(request, "tab")
    return ExceptionFilter(
        tab=tab if tab in TABS else "open",
        retailers=tuple(scope.retailer_ids) if scope.retailer_ids is not None else None,
        error_class=text(request, "class"),
        connection=text(request, "connection"),
        search=text(request, "find"),
        start=scope.range.start,
        end=scope.range.end,
    )


def _several(scope: PageScope) -> bool:
    return len(scope.chosen or scope.retailers) > 1


def _rows(
    request: HttpRequest, page: ExceptionPage, scope: PageScope, connections: Sequence[RetailConnection]
) -> SafeString:
    names = {retailer.id: retailer.name for retailer in scope.retailers}
    labels = {connection.key: connection.label for connection in connections}
    stores = store_names((item.retailer_id, item.store_key) for item in page.rows)
    refusal = missing(request, "exceptions.retry")
    look = Look(
        reader=reader(request),
        base=reverse("exceptions"),
        resolved=text(request, "tab") == "resolved",
        several_retailers=_several(scope),
        may_resolve=request.principal.may("exceptions.resolve"),
    )
    lines = (
        ExceptionLine(
            item=item,
            kind=advice_for(item.error_class).label,
            note=_note(item, resolved=look.resolved),
            retailer=names.get(item.retailer_id, ""),
            connection=labels.get(item.connection_key, item.connection_key),
            store=stores.get((item.retailer_id, item.store_key), item.store_key),
            refusal=refusal or why_not_retry(item),
        )
        for item in page.rows
    )
    return rows_as_html(lines, look)


def _note(item: ExceptionItem, *, resolved: bool) -> str:
    """How it ended, or what stands beside its title."""
    return (resolved and item.resolution) or problem(item.title, item.detail).text


def _filter_bar(
    request: HttpRequest, systems: Sequence[RetailConnection], wanted: ExceptionFilter, summary: OpenSummary
) -> FilterBar:
    connections = [(c.key, f"{c.label} · {c.retailer.name}") for c in systems]
    classes = {group.error_class: advice_for(group.error_class).label for group in summary.classes}
    if wanted.error_class:
        classes.setdefault(wanted.error_class, advice_for(wanted.error_class).label)
    fields = [
        Field("class", FIELDS["class"], wanted.error_class, list(classes.items())),
        Field("connection", FIELDS["connection"], wanted.connection, connections),
        Field("find", FIELDS["find"], wanted.search, (), free=True),
    ]
    return FilterBar(
        tabs=[
            Tab("Open", address(request, tab=""), wanted.tab == "open", summary.count),
            Tab("Resolved", address(request, tab="resolved"), wanted.tab == "resolved"),
        ],
        chips=chips(request, FIELDS, classes | dict(connections)),
        clear_url=address(request, **dict.fromkeys(FIELDS, "")),
        form=FilterForm(fields, kept(request, FIELDS), reverse("exceptions")),
    )


def _class_tabs(request: HttpRequest, summary: OpenSummary, wanted: ExceptionFilter) -> list[Tab]:
    """Click one to see only that class; click it again to see all."""
    return [
        Tab(
            advice_for(group.error_class).label,
            address(request, **{"class": "" if group.error_class == wanted.error_class else group.error_class}),
            group.error_class == wanted.error_class,
            group.count,
        )
        for group in summary.classes
    ]


def _record(item: ExceptionItem, retailers: dict[int, str]) -> list[Any]:
    return [
        item.opened_at,
        item.id,
        item.message_id,
        retailers.get(item.retailer_id, item.retailer_id),
        item.order_number,
        item.store_key,
        item.error_class,
        item.title,
        item.connection_key,
        item.flow_key,
        item.value,
        item.currency,
        item.failures,
        item.last_seen_at,
        item.state,
        item.resolution,
        item.resolved_at,
    ]
