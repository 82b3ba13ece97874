"""What a person decides about a failed or waiting delivery. Each asks first: as a page, or as a dialog of a page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from connectors.engine.lanes import CannotRelease, CannotSplit, release_delivery, split_exception
from connectors.engine.replay import (
    CannotRetry,
    StaleState,
    close_exception,
    retry_exception,
    why_not_retry,
    why_overtaken,
)
from connectors.engine.selectors import accepted_since, standing, why_not_release
from console.access import requires, safe_next
from console.render.text import plural
from console.views.notices import notify
from governance.audit.gate import GateError
from monitoring.exceptions.advice import advice_for
from monitoring.exceptions.models import ExceptionItem
from monitoring.exceptions.selectors import exception_by_id
from monitoring.ledger.models import Delivery
from monitoring.ledger.selectors.detail import delivery_by_id
from monitoring.ledger.selectors.later import Later

REASON_LIMIT: Final = 500
TITLES: Final = {"retry": "Retry", "resolve": "Resolve", "split": "Split"}


@require_http_methods(["GET", "HEAD", "POST"])
@requires("exceptions.retry")
def retry(request: HttpRequest, exception_id: UUID) -> HttpResponse:
    """A retry leaves the system. The button on the page and the key `r` lead here."""
    item = exception_by_id(exception_id)
    if request.method != "POST":
        return _ask(request, item, "retry")
    insist = request.POST.get("insist") == "yes"
    try:
        retry_exception(exception_id, by=request.principal, reason=_reason(request), insist=insist)
    except (CannotRetry, StaleState, GateError) as refused:
        return _ask(request, item, "retry", problem=str(refused))
    return _decided(request, item, f"{_start(_name(item))} is being sent again.")


@require_http_methods(["GET", "HEAD", "POST"])
@requires("exceptions.resolve")
def resolve(request: HttpRequest, exception_id: UUID) -> HttpResponse:
    item = exception_by_id(exception_id)
    if request.method != "POST":
        return _ask(request, item, "resolve")
    try:
        close_exception(exception_id, by=request.principal, reason=_reason(request))
    except (StaleState, GateError) as refused:
        return _ask(request, item, "resolve", problem=str(refused))
    return _decided(request, item, f"{_start(_name(item))} was resolved.")


@require_http_methods(["GET", "HEAD", "POST"])
@requires("lanes.split")
def split(request: HttpRequest, exception_id: UUID) -> HttpResponse:
    item = exception_by_id(exception_id)
    if request.method != "POST":
        return _ask(request, item, "split")
    try:
        behind = split_exception(exception_id, by=request.principal, reason=_reason(request))
    except (CannotSplit, StaleState, GateError) as refused:
        return _ask(request, item, "split", problem=str(refused))
    return _decided(request, item, f"{plural(behind, 'later message')} will be sent without {_name(item)}.")


@require_http_methods(["GET", "HEAD", "POST"])
@requires("lanes.release")
def release(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """Try now what would be tried by itself later."""
    delivery = delivery_by_id(delivery_id)
    if request.method != "POST":
        return _ask_release(request, delivery, why_not_release(delivery, at=datetime.now(UTC)))
    try:
        release_delivery(delivery_id, by=request.principal, reason=_reason(request))
    except (CannotRelease, StaleState, GateError) as refused:
        return _ask_release(request, delivery, str(refused), status=409)
    back = reverse("message", args=[delivery.message_id])
    return _done(request, f"It is tried as soon as {delivery.connection_key} may be called.", otherwise=back)


def _ask(request: HttpRequest, item: ExceptionItem, act: str, *, problem: str = "") -> HttpResponse:
    stands = standing(item)
    later = accepted_since(item.delivery_id) if act == "retry" and item.delivery_id else Later()
    refusals = {"retry": why_not_retry(item), "split": stands.why_not_split}
    context = {
        "item": item,
        "act": act,
        "title": f"{TITLES[act]} {_name(item)}",
        "whose": f"of order {item.order_number}" if item.order_number else "in its lane",
        "advice": advice_for(item.error_class),
        "standing": stands,
        "overtaken": why_overtaken(later),
        "others": later.others,
        "problem": problem or refusals.get(act, ""),
        "reason": request.POST.get("reason", ""),
        "back": safe_next(request, request.GET.get("next", ""), otherwise=_page_of(item)),
    }
    return _question(request, "exceptions", "ask", context, 409 if problem else 200)


def _ask_release(request: HttpRequest, delivery: Delivery, problem: str, *, status: int = 200) -> HttpResponse:
    context = {"delivery": delivery, "problem": problem, "reason": request.POST.get("reason", "")}
    return _question(request, "messages", "release", context, status)


def _question(request: HttpRequest, folder: str, name: str, context: dict[str, Any], status: int) -> HttpResponse:
    """A page of its own, or a dialog where a script asked for one."""
    template = f"{folder}/_{name}.html" if _is_fragment(request) else f"{folder}/{name}.html"
    return render(request, template, context, status=status)


def _decided(request: HttpRequest, item: ExceptionItem, sentence: str) -> HttpResponse:
    return _done(request, sentence, otherwise=_page_of(item))


def _done(request: HttpRequest, sentence: str, *, otherwise: str) -> HttpResponse:
    """A script gets the sentence and greys the row out; without one the page comes again and says it."""
    if _is_fragment(request):
        return HttpResponse(sentence, content_type="text/plain; charset=utf-8")
    notify(request, sentence)
    return HttpResponseRedirect(safe_next(request, request.POST.get("next", ""), otherwise=otherwise))


def _page_of(item: ExceptionItem) -> str:
    return reverse("exception", args=[item.id])


def _reason(request: HttpRequest) -> str:
    return request.POST.get("reason", "")[:REASON_LIMIT]


def _is_fragment(request: HttpRequest) -> bool:
    return request.headers.get("X-Fragment") == "dialog"


def _name(item: ExceptionItem) -> str:
    return f"order {item.order_number}" if item.order_number else "this message"


def _start(words: str) -> str:
    return words[:1].upper() + words[1:]
