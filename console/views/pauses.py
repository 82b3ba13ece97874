"""What stands still because somebody said so: all of it on one page, made and ended for one or many at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from connectors.engine.pauses.selectors import Standing, banner, standing_pauses, standings
from connectors.engine.pauses.services import PauseRefused, Terms, pause, resume
from connectors.engine.pauses.targets import On, Scope, named, pausable
from console.access import requires, safe_next
from console.render.text import plural
from console.views.connection_form import connector_label
from console.views.notices import notify
from console.views.scope import PageScope, page_scope
from governance.audit.gate import GateError
from governance.registry.models import Pause
from governance.registry.pauses import past_pauses, pauses_by_id
from governance.registry.services import StaleState

REASON_LIMIT: Final = 400
# value -> (how long, words)
LENGTHS: Final = {
    "": (None, "until somebody resumes it"),
    "30m": (timedelta(minutes=30), "for 30 minutes"),
    "1h": (timedelta(hours=1), "for an hour"),
    "4h": (timedelta(hours=4), "for 4 hours"),
    "12h": (timedelta(hours=12), "for 12 hours"),
    "1d": (timedelta(days=1), "for a day"),
}
SLA: Final = (
    (Pause.Sla.COUNTS, "It counts", "What is late because of it is late."),
    (Pause.Sla.EXCLUDED, "It does not count", "Agreed beforehand, or not ours to answer for. Say why."),
)
SLA_WORDS: Final = {Pause.Sla.COUNTS: "counts", Pause.Sla.EXCLUDED: "excluded"}
SCOPE_WORDS: Final = {Scope.FLOW: "flow", Scope.SOURCE: "what it sends", Scope.TARGET: "what goes to it"}


@dataclass(frozen=True, slots=True)
class Row:
    """A pause as a row shows it. `standing` is None for one that is over."""

    pause: Pause
    may_resume: bool = False
    standing: Standing | None = None

    @property
    def what(self) -> str:
        return SCOPE_WORDS[Scope(self.pause.scope)]

    @property
    def url(self) -> str:
        connection = self.pause.flow.source if self.pause.flow else self.pause.connection
        return reverse("connection", args=[connection.key])

    @property
    def sla(self) -> str:
        return SLA_WORDS[Pause.Sla(self.pause.sla)]

    @property
    def lasted(self) -> timedelta | None:
        return self.pause.ended_at - self.pause.opened_at if self.pause.ended_at else None


@dataclass(frozen=True, slots=True)
class Together:
    """What one act paused and still stands."""

    rows: list[Row]

    @property
    def first(self) -> Row:
        return self.rows[0]

    @property
    def count(self) -> int:
        return len(self.rows)

    @property
    def may_resume(self) -> bool:
        return all(row.may_resume for row in self.rows)

    @property
    def resume_all(self) -> str:
        return urlencode([("id", str(row.pause.pk)) for row in self.rows])


@dataclass(frozen=True, slots=True)
class Choice:
    on: On
    checked: bool
    connector: str
    open: tuple[Pause, ...] = ()

    @property
    def what(self) -> str:
        return SCOPE_WORDS[Scope(self.on.scope)]


@dataclass(frozen=True, slots=True)
class Asked:
    """The form as it was sent, and what is wrong with it."""

    on: tuple[str, ...] = ()
    reason: str = ""
    length: str = ""
    until: str = ""
    sla: str = Pause.Sla.COUNTS
    sla_reason: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)


@require_safe
@requires("connections.view")
def pauses(request: HttpRequest) -> HttpResponse:
    """What stands now, with what waits behind it, and what stood before."""
    chosen = page_scope(request).retailer_ids
    found = standing_pauses(chosen)
    context = {
        "groups": _together([Row(one.pause, may_resume(request, one.pause), one) for one in found]),
        "past": [Row(one) for one in past_pauses(chosen)],
        "banner": banner(chosen),
    }
    return render(request, "pauses/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("pauses.control")
def new(request: HttpRequest) -> HttpResponse:
    """The address names what, or a connector: then all its connections in view are offered, of every retailer."""
    scope = page_scope(request)
    offered = pausable(scope.retailer_ids)
    if request.method != "POST":
        chosen = tuple(request.GET.getlist("on"))
        named(chosen)  # 404 where one is out of sight
        return _form(request, offered, Asked(on=chosen or _of_connector(request, offered)))
    asked = _sent(request)
    try:
        made = pause(
            named(asked.on),
            by=request.principal,
            reason=asked.reason,
            terms=_terms(asked, scope),
            seen=_ids(request.POST.get("seen", "").split(",")),
        )
    except PauseRefused as refused:
        return _form(request, offered, _with(asked, refused.problems))
    except (GateError, StaleState) as refused:
        return _form(request, offered, _with(asked, {"": str(refused)}))
    notify(request, f"{_names(made)} waits from now on. What is under way ends; nothing is lost.")
    return HttpResponseRedirect(safe_next(request, request.POST.get("next", ""), otherwise=reverse("pauses")))


@require_http_methods(["GET", "HEAD", "POST"])
@requires("pauses.control")
def end(request: HttpRequest) -> HttpResponse:
    """Asks first: what will go, how fast, and what stands over it besides."""
    ids = _ids((request.POST if request.method == "POST" else request.GET).getlist("id"))
    rows = pauses_by_id(ids)
    reason, problem = request.POST.get("reason", "").strip()[:REASON_LIMIT], ""
    if request.method == "POST":
        try:
            resume(ids, by=request.principal, reason=reason)
        except (GateError, StaleState) as refused:
            problem = str(refused)
        else:
            notify(request, f"{_names(rows)} goes on, where nothing else keeps it.")
            return HttpResponseRedirect(safe_next(request, request.POST.get("next", ""), otherwise=reverse("pauses")))
    found = standings(rows)
    context = {
        "rows": [Row(one.pause, True, one) for one in found],
        "reason": reason,
        "problem": problem,
        "next": request.GET.get("next", "") or request.POST.get("next", ""),
    }
    return render(request, "pauses/end.html", context, status=409 if problem else 200)


def may_resume(request: HttpRequest, row: Pause) -> bool:
    """What the service says again."""
    principal = request.principal
    return principal.may("pauses.control") and (principal.retailers == "*" or not row.by_partner)


def _together(rows: Sequence[Row]) -> list[Together]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.pause.request_id, []).append(row)
    return [Together(found) for found in groups.values()]


def _of_connector(request: HttpRequest, offered: Sequence[On]) -> tuple[str, ...]:
    wanted = request.GET.get("connector", "")
    return tuple(one.name for one in offered if wanted and one.connector == wanted)


def _sent(request: HttpRequest) -> Asked:
    sent = request.POST
    return Asked(
        on=tuple(dict.fromkeys(sent.getlist("on"))),
        reason=sent.get("reason", "").strip()[:REASON_LIMIT],
        length=sent.get("length", ""),
        until=sent.get("until", "").strip()[:40],
        sla=sent.get("sla", ""),
        sla_reason=sent.get("sla_reason", "").strip()[:REASON_LIMIT],
    )


def _terms(asked: Asked, scope: PageScope) -> Terms:
    """Raises PauseRefused for a time that is none."""
    if asked.length not in LENGTHS:
        raise PauseRefused({"expires_at": "Choose one of these."})
    length, _ = LENGTHS[asked.length]
    ends = scope.at + length if length else None
    return Terms(_moment(asked.until, scope.zone) if asked.until else ends, asked.sla, asked.sla_reason)


def _moment(text: str, zone: ZoneInfo) -> datetime:
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise PauseRefused({"expires_at": "A day and a time."}) from error
    return read if read.tzinfo else read.replace(tzinfo=zone)


def _form(request: HttpRequest, offered: Sequence[On], asked: Asked) -> HttpResponse:
    choices = _choices(request, offered, asked)
    context = {
        "choices": choices,
        "connectors": _connectors(offered),
        "connector": request.GET.get("connector", ""),
        "lengths": [(value, words) for value, (_, words) in LENGTHS.items()],
        "slas": SLA,
        "asked": asked,
        "seen": ",".join(str(row.pk) for choice in choices for row in choice.open),
        "next": request.GET.get("next", "") or request.POST.get("next", ""),
    }
    return render(request, "pauses/new.html", context, status=409 if asked.problems else 200)


def _choices(request: HttpRequest, offered: Sequence[On], asked: Asked) -> list[Choice]:
    """What was asked for and, with a connector, everything of it."""
    wanted = {*asked.on, *request.GET.getlist("on"), *_of_connector(request, offered)}
    standing = [one.pause for one in standing_pauses()] if wanted else []
    return [
        Choice(
            one,
            one.name in asked.on,
            connector_label(one.connector) if one.connector else "",
            tuple(row for row in standing if (row.scope, row.flow_id or row.connection_id) == (one.scope, one.id)),
        )
        for one in offered
        if one.name in wanted
    ]


def _connectors(offered: Sequence[On]) -> list[tuple[str, str, int]]:
    """(key, words, how many connections) of what is connected in view."""
    ids: dict[str, set[int]] = {}
    for one in offered:
        if one.connector:
            ids.setdefault(one.connector, set()).add(one.id)
    return sorted((key, connector_label(key), len(found)) for key, found in ids.items())


def _ids(texts: Sequence[str]) -> list[UUID]:
    found = []
    for text in filter(None, texts):
        try:
            found.append(UUID(text))
        except ValueError as error:
            raise Pause.DoesNotExist from error
    return found


def _with(asked: Asked, problems: Mapping[str, str]) -> Asked:
    return Asked(asked.on, asked.reason, asked.length, asked.until, asked.sla, asked.sla_reason, problems)


def _names(rows: Sequence[Pause]) -> str:
    return rows[0].label if len(rows) == 1 else plural(len(rows), "thing")
