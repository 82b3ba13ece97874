"""The overview: five numbers, one equation and five charts, live. Every number leads to the messages behind it."""

from __future__ import annotations

from datetime import timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from connectors.engine.pauses.selectors import banner
from console.access import requires
from console.charts.palette import palettes
from console.render.cells import csv_lines
from console.views.overview_parts import Links, Numbers, charts_of, equation_terms, read_numbers, recent_failures, tiles
from console.views.scope import PageScope, page_scope
from governance.registry.selectors import any_connection
from monitoring.ledger.models import Message
from monitoring.rollups.equation import Equation, equation
from monitoring.rollups.selectors import messages_per_minute

# Beyond this many arrivals the equation would be slow to read, so a shorter range is asked for.
MOST_ARRIVALS = 200_000


@require_safe
@requires("overview.view")
def overview(request: HttpRequest) -> HttpResponse:
    """The whole page, or with `?part=numbers` what changes on it."""
    scope = page_scope(request)
    numbers = read_numbers(scope)
    links = Links(request.principal, scope)
    context = {
        "tiles": tiles(numbers, scope, links),
        "charts": charts_of(numbers, scope),
        "failures": recent_failures(scope, links),
        "palettes": palettes(),
        "exceptions_url": links.to("exceptions"),
        "every": _refresh_seconds(numbers),
        "pauses_url": links.to("pauses", action="connections.view"),
    }
    context["paused"] = banner(scope.retailer_ids) if context["pauses_url"] else None
    if request.GET.get("part") == "numbers" and request.htmx:
        return render(request, "overview/_numbers.html", context)
    return render(request, "overview/overview.html", context | {"nothing_yet": _nothing_yet(scope)})


@require_safe
@requires("overview.view")
def overview_equation(request: HttpRequest) -> HttpResponse:
    """What became of everything received in the range: a fragment, read after the page."""
    scope = page_scope(request)
    window = scope.range
    arrivals = messages_per_minute(window.start, window.end, retailers=scope.retailer_ids).total("received")
    found = equation_of(scope, arrivals=arrivals)
    if found is None:
        return render(request, "overview/_equation.html", {"too_many": f"{arrivals:,}"})
    terms = equation_terms(found, Links(request.principal, scope))
    context = {"equation": found, "received": f"{found.received:,}", "terms": terms}
    return render(request, "overview/_equation.html", context)


def equation_of(scope: PageScope, *, arrivals: int) -> Equation | None:
    """None where so much arrived in the range that it would be slow to read."""
    if arrivals > MOST_ARRIVALS:
        return None
    return equation(scope.range.start, scope.range.end, retailers=scope.retailer_ids)


@require_safe
@requires("overview.view")
def overview_csv(request: HttpRequest, name: str) -> HttpResponse:
    """One chart's numbers as a file, times with their offset."""
    scope = page_scope(request)
    chart = next((shown.chart for shown in charts_of(read_numbers(scope), scope) if shown.chart.name == name), None)
    if chart is None:
        raise Http404("chart")
    response = HttpResponse(csv_lines([chart.columns, *chart.rows], scope.zone), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}-{scope.at:%Y%m%dT%H%M%SZ}.csv"'
    return response


def _refresh_seconds(numbers: Numbers) -> int:
    """A long range costs more to read and changes less to the eye."""
    return 5 if numbers.traffic.window.step <= timedelta(minutes=2) else 15


def _nothing_yet(scope: PageScope) -> str:
    """ "" once anything was received; else what is missing: a `connection`, or `messages` from it."""
    if Message.objects.scoped().exists():
        return ""
    return "messages" if any_connection() else "connection"
