"""One message: what happened to it, above the fold; then its timeline, attempts, payload, relatives and trail."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST, require_safe

from connectors.engine.replay import why_not_retry
from connectors.engine.selectors import Standing, standing, waiting_reason, why_not_release
from connectors.library import UnknownConnector, connector
from console.access import requires
from console.render.bodies import Body, shown_body
from console.render.journey import Happening, Stage, happenings, stages
from console.render.lines import message_rows
from console.render.problem import Problem, problem
from console.render.sentences import next_action, subject, what_happened
from console.views.connection_form import known_manifest
from console.views.scope import page_scope, reader
from governance.access.roles import ACTIONS, who_can
from governance.audit.events import ObjectRef
from governance.audit.gate import GateError, gate
from governance.audit.models import AuditEvent
from governance.audit.selectors import events_about
from monitoring.exceptions.advice import Advice, advice_for
from monitoring.exceptions.models import ExceptionItem
from monitoring.ledger import payloads
from monitoring.ledger.models import Delivery
from monitoring.ledger.selectors.detail import (
    DeliveryDetail,
    MessageDetail,
    message_detail,
    related_messages,
    step_of_payload,
)

TABS: Final = {
    "timeline": "Timeline",
    "attempts": "Attempts",
    "payload": "Payload",
    "related": "Related",
    "trail": "Trail",
}


@dataclass(frozen=True, slots=True)
class Panel:
    """The exception above the fold. A button that cannot be pressed says why."""

    item: ExceptionItem
    advice: Advice
    problem: Problem
    why_not_retry: str
    why_not_resolve: str
    standing: Standing
    may_split: bool


@dataclass(frozen=True, slots=True)
class MessagePage:
    detail: MessageDetail
    subject: str
    sentence: str
    action: str
    journeys: list[tuple[DeliveryDetail, list[Stage]]]
    panel: Panel | None
    backing_off: list[DeliveryDetail]
    parent: str
    tab: str
    tabs: list[tuple[str, str, int | None]]
    happenings: list[Happening] = field(default_factory=list)
    related: SafeString = SafeString("")
    trail: list[AuditEvent] = field(default_factory=list)
    body: Body | None = None
    problem: str = ""

    @property
    def may_change(self) -> bool:
        """Whether the page should listen: most messages are settled for good."""
        return self.detail.status in ("waiting", "retrying", "exception", "unreadable")

    @property
    def door(self) -> str:
        """How it came, where that is news: what webhooks should have brought was found by asking."""
        message = self.detail.message
        if message.door != "poll":
            return ""
        manifest = known_manifest(message.connector)
        backed = manifest is not None and message.topic in manifest.topics
        return "repaired by poll: no webhook had brought it" if backed else "read by poll"


@require_safe
@requires("messages.view")
def message(request: HttpRequest, message_id: UUID) -> HttpResponse:
    return render_message(request, message_detail(message_id))


def render_message(request: HttpRequest, detail: MessageDetail, *, status: int = 200, **more: Any) -> HttpResponse:
    """The page for any view that shows a message. `more` overrides parts of MessagePage."""
    tab = more.pop("tab", request.GET.get("tab", "timeline"))
    if tab not in TABS:
        raise Http404(tab)
    page = MessagePage(
        detail=detail,
        subject=subject(detail),
        sentence=what_happened(detail, at=page_scope(request).at),
        action=next_action(detail, waits_for=_waits_for(detail)),
        journeys=[(one, stages(detail, one)) for one in detail.deliveries],
        panel=_panel(request, detail),
        backing_off=_backing_off(request, detail),
        parent="exceptions" if request.resolver_match.url_name == "exception" else "messages",
        tab=tab,
        tabs=_tabs(detail),
        **(_tab_parts(request, detail, tab) | more),
    )
    return render(request, "messages/detail.html", {"view": page}, status=status)


@require_safe
@requires("payload.view")
def message_body(request: HttpRequest, message_id: UUID, payload_id: UUID) -> HttpResponse:
    """What one step sent or received. The address names the message too: a body is never found by itself."""
    step = step_of_payload(message_id, payload_id)
    found = payloads.read([payload_id]).get(payload_id)
    detail = message_detail(message_id)
    context = {
        "body": shown_body(found, _personal_fields(_speaks(detail, step.attempt_id))),
        "step": step,
        "sent": step.request_id == payload_id,
        "detail": detail,
        "subject": subject(detail),
        "element": f"body-{payload_id}",
    }
    template = "messages/_body.html" if request.htmx else "messages/body.html"
    return render(request, template, context)


@require_POST
@requires("payload.view")
def message_reveal(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """Personal fields in full, for this one answer, with a reason that goes into the trail."""
    detail = message_detail(message_id)
    reason = request.POST.get("reason", "")[:500]
    about = ObjectRef("message", str(message_id), subject(detail))
    try:
        with gate(
            "payload.revealed", by=request.principal, object=about, retailer=detail.message.retailer_id, reason=reason
        ):
            found = payloads.read([message_id]).get(message_id)
    except GateError as refused:
        return render_message(request, detail, tab="payload", status=403, problem=str(refused))
    body = shown_body(found, (), revealed=True)
    return render_message(request, detail, tab="payload", body=body)


@require_safe
@requires("messages.view")
def message_json(request: HttpRequest, message_id: UUID) -> JsonResponse:
    """The facts of a message, without bodies: what the copy button and scripts take."""
    detail = message_detail(message_id)
    zone = page_scope(request).zone
    return JsonResponse(
        {
            "id": str(message_id),
            "subject": subject(detail),
            "retailer": detail.retailer.key,
            "status": detail.status,
            "received_at": detail.message.received_at.astimezone(zone).isoformat(),
            "topic": detail.message.topic,
            "event_id": detail.message.event_id,
            "api_version": detail.message.api_version or None,
            "trace_id": detail.message.trace_id,
            "business_keys": {key.type: key.value for key in detail.keys},
            "deliveries": [_delivery_facts(one) for one in detail.deliveries],
        },
        json_dumps_params={"indent": 2},
    )


def _delivery_facts(one: DeliveryDetail) -> dict[str, Any]:
    delivery = one.delivery
    return {
        "flow": delivery.flow_key,
        "target": delivery.connection_key,
        "state": delivery.state,
        "document": delivery.document_id or None,
        "idempotency_key": str(delivery.idempotency_key),
        "error": delivery.error_message or None,
        "attempts": [
            {
                "number": tried.attempt.number,
                "started_at": tried.attempt.started_at.isoformat(),
                "outcome": tried.attempt.outcome,
                "duration_us": tried.attempt.duration_us,
                "version_requested": tried.attempt.version_requested or None,
                "version_served": tried.attempt.version_served or None,
            }
            for tried in one.attempts
        ],
    }


def _tab_parts(request: HttpRequest, detail: MessageDetail, tab: str) -> dict[str, Any]:
    """Only the open tab's part is read."""
    if tab == "timeline":
        return {"happenings": happenings(detail)}
    if tab == "related":
        return {"related": message_rows(related_messages(detail.message), {}, reader(request))}
    if tab == "payload" and request.principal.may("payload.view"):
        found = payloads.read([detail.message.id]).get(detail.message.id)
        return {"body": shown_body(found, _personal_fields(detail.message.connector))}
    if tab == "trail" and request.principal.may("trail.view"):
        return {"trail": _trail(detail)}
    return {}


def _trail(detail: MessageDetail) -> list[AuditEvent]:
    events = events_about("message", str(detail.message.id))
    for item in detail.exceptions:
        events += events_about("exception", str(item.id))
    return sorted(events, key=lambda event: event.event_id, reverse=True)


def _waits_for(detail: MessageDetail) -> str:
    """The first reason among its ways; at most one of them waits in nearly every case."""
    reasons = (
        waiting_reason(one.delivery.id, at=datetime.now(UTC))
        for one in detail.deliveries
        if one.delivery.state in Delivery.OPEN_STATES
    )
    return next((reason for reason in reasons if reason), "")


def _backing_off(request: HttpRequest, detail: MessageDetail) -> list[DeliveryDetail]:
    """Those that the reader may try before their time."""
    if not request.principal.may("lanes.release"):
        return []
    retrying = [one for one in detail.deliveries if one.delivery.state == Delivery.State.RETRYING]
    return [one for one in retrying if not why_not_release(one.delivery, at=datetime.now(UTC))]


def _panel(request: HttpRequest, detail: MessageDetail) -> Panel | None:
    item = next(iter(detail.exceptions), None)
    if item is None:
        return None
    closed = "" if item.state in ExceptionItem.OPEN_STATES else "It is resolved already."
    stands = standing(item)
    return Panel(
        item=item,
        advice=advice_for(item.error_class),
        problem=problem(item.title, item.detail),
        why_not_retry=missing(request, "exceptions.retry") or why_not_retry(item),
        why_not_resolve=missing(request, "exceptions.resolve") or closed,
        standing=stands,
        may_split=not stands.why_not_split and request.principal.may("lanes.split"),
    )


def missing(request: HttpRequest, action: str) -> str:
    """Empty when the reader may do it; else what is missing and who could."""
    if request.principal.may(action):
        return ""
    return f"Your role may not {ACTIONS[action]}. These roles may: {', '.join(who_can(action))}."


def _tabs(detail: MessageDetail) -> list[tuple[str, str, int | None]]:
    tries = sum(len(one.attempts) for one in detail.deliveries)
    counts = {"attempts": tries}
    return [(key, words, counts.get(key)) for key, words in TABS.items()]


def _personal_fields(connector_key: str) -> tuple[str, ...]:
    """As its manifest declares them; a connector that is gone cannot say, so nothing of its bodies is known."""
    try:
        return connector(connector_key).manifest.personal_fields
    except UnknownConnector:
        return ()


def _speaks(detail: MessageDetail, attempt_id: UUID) -> str:
    """The connector whose language an attempt's bodies are in: its target's."""
    return next(
        (one.connector for one in detail.deliveries for tried in one.attempts if tried.attempt.id == attempt_id), ""
    )
