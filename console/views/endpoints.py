"""How targets are called: those that are not called as usual, one of them in detail, and what a person may override."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from connectors.engine.endpoints import services
from connectors.engine.endpoints.calling import CALLED, Calling, Standing, percent, sentence
from connectors.engine.endpoints.selectors import calling_of, callings_in_view, troubled
from console.access import requires
from console.views.deeds import DEEDS, Deed
from console.views.notices import notify
from console.views.scope import page_scope
from governance.audit.gate import GateError
from governance.audit.models import AuditEvent
from governance.audit.selectors import events_about
from governance.registry.models import RetailConnection
from governance.registry.selectors import connection_by_key

REASON_LIMIT: Final = 400
FIELDS: Final = ("reason", "concurrency", "per_second")
# standing -> (key of console.render.status, the word beside it)
LOOKS: Final = {
    Standing.PAUSED: ("paused", "Paused"),
    Standing.HELD: ("paused", "Held"),
    Standing.OPEN: ("down", "Down"),
    Standing.TOLD_TO_WAIT: ("waiting", "Asked us to wait"),
    Standing.SLOWED: ("degraded", "Slowed"),
    Standing.USUAL: ("ok", "As usual"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """An endpoint as a row or a page shows it."""

    calling: Calling

    @property
    def look(self) -> str:
        return LOOKS[self.calling.standing][0]

    @property
    def words(self) -> str:
        return LOOKS[self.calling.standing][1]

    @property
    def sentence(self) -> str:
        return sentence(self.calling)

    @property
    def is_called(self) -> bool:
        return self.calling.standing in CALLED

    @property
    def percent(self) -> str:
        return percent(self.calling)

    @property
    def since(self) -> datetime | None:
        """Of what is not called; a slowed one says when it is full again."""
        return self.calling.since if self.calling.standing in (Standing.HELD, Standing.OPEN) else None

    @property
    def acts(self) -> list[Deed]:
        return [deed for deed in DEEDS.values() if deed.fits(self.calling)]


@dataclass(frozen=True, slots=True)
class Asked:
    """The form as it was sent, and what is wrong with it."""

    reason: str = ""
    concurrency: str = ""
    per_second: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)


@require_safe
@requires("connections.view")
def endpoints(request: HttpRequest) -> HttpResponse:
    """What an operator wants at three in the morning: which targets are down, since when, and what waits."""
    found = callings_in_view(page_scope(request).retailer_ids)
    listed = found if request.GET.get("show") == "all" else troubled(found)
    context = {"rows": [Shown(one) for one in listed], "all": len(found), "usual": len(found) - len(troubled(found))}
    return render(request, "endpoints/list.html", context)


@require_safe
@requires("connections.view")
def endpoint(request: HttpRequest, key: str) -> HttpResponse:
    connection = connection_by_key(key)
    shown = Shown(calling_of(connection.pk))
    context = {"connection": connection, "shown": shown, "calling": shown.calling, "trail": _trail(request, connection)}
    return render(request, "endpoints/detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("endpoints.control")
def override(request: HttpRequest, key: str, act: str) -> HttpResponse:
    """Asks first: as a page, or as a dialog of the page before."""
    deed = DEEDS.get(act)
    if deed is None:
        raise Http404("act")
    connection = connection_by_key(key)
    calling = calling_of(connection.pk)
    if request.method != "POST":
        return _ask(request, deed, calling, _as_it_is(calling))
    asked = Asked(*(request.POST.get(name, "").strip()[:REASON_LIMIT] for name in FIELDS))
    try:
        deed.service(connection, by=request.principal, reason=asked.reason, **_limits(deed, asked))
    except services.LimitRefused as refused:
        return _ask(request, deed, calling, Asked(*_typed(asked), refused.problems))
    except (services.CannotOverride, GateError) as refused:
        return _ask(request, deed, calling, Asked(*_typed(asked), {"": str(refused)}))
    said = f"{calling.label} {deed.done}"
    if _is_fragment(request):
        return HttpResponse(said, content_type="text/plain; charset=utf-8")
    notify(request, said)
    return HttpResponseRedirect(reverse("endpoint", args=[key]))


def troubled_count(request: HttpRequest) -> int:
    """How many targets in view are not called as usual: what the list of connections says above itself."""
    return len(troubled(callings_in_view(page_scope(request).retailer_ids, counted=False)))


def shown_of(connection_id: int) -> Shown:
    """Raises Endpoint.DoesNotExist for a system that nothing is sent to."""
    return Shown(calling_of(connection_id))


def _limits(deed: Deed, asked: Asked) -> dict[str, Any]:
    """The two numbers of the form. Raises LimitRefused for what is none."""
    if deed.name != "limits":
        return {}
    problems, values = {}, {"concurrency": None, "per_second": None}
    for name, read, words in (("concurrency", int, "A whole number"), ("per_second", float, "A number")):
        text = getattr(asked, name)
        try:
            values[name] = read(text) if text else None
        except ValueError:
            problems[name] = f"{words}, or nothing for the connector's."
    if problems:
        raise services.LimitRefused(problems)
    return values


def _typed(asked: Asked) -> tuple[str, str, str]:
    return asked.reason, asked.concurrency, asked.per_second


def _as_it_is(calling: Calling) -> Asked:
    own = (calling.own_concurrency, calling.own_per_second)
    return Asked("", *("" if value is None else f"{value:g}" for value in own))


def _ask(request: HttpRequest, deed: Deed, calling: Calling, asked: Asked) -> HttpResponse:
    context = {
        "deed": deed,
        "calling": calling,
        "shown": Shown(calling),
        "asked": asked,
        "title": deed.asks.format(calling.label),
    }
    context |= {"follows": deed.follows(calling), "problem": asked.problems.get("", "")}
    template = "endpoints/_ask.html" if _is_fragment(request) else "endpoints/ask.html"
    return render(request, template, context, status=409 if asked.problems else 200)


def _trail(request: HttpRequest, connection: RetailConnection) -> list[AuditEvent]:
    if not request.principal.may("trail.view"):
        return []
    return events_about("endpoint", str(connection.pk))


def _is_fragment(request: HttpRequest) -> bool:
    return request.headers.get("X-Fragment") == "dialog"
