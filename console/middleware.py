"""What every request passes: an id, its partner by host, and who asks."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound

from console.client_address import client_address
from governance.access.principals import person_principal
from governance.audit.context import acting
from tenants.context import ALL, partner_scope
from tenants.selectors import partner_by_host

Handler = Callable[[HttpRequest], HttpResponse]


class RequestIdMiddleware:
    """`request.request_id`, also in the answer's header, so that an error page can be found again."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.request_id = secrets.token_hex(8)
        response = self.get_response(request)
        response["X-Request-Id"] = request.request_id
        response.setdefault("X-Content-Type-Options", "nosniff")
        response.setdefault("Referrer-Policy", settings.SECURE_REFERRER_POLICY)
        # No other host, also not another partner's beside ours, may load an answer as a script or an image.
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if not (request.path.startswith(settings.STATIC_URL) and response.status_code in (200, 206, 304)):
            response.setdefault("Cache-Control", "no-store")
        return response


class PartnerMiddleware:
    """Host → exact active Domain row, else an empty 404. Until someone is known, the scope shows no retailer."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        partner = partner_by_host(request.META.get("HTTP_HOST", ""))
        if partner is None:
            return HttpResponseNotFound()
        request.partner = partner
        with partner_scope(partner.schema, ()):
            return self.get_response(request)


class PrincipalMiddleware:
    """Who asks and which retailers they may see. The scope holds until the answer is made."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        _end_idle_session(request)
        person = request.user
        if not person.is_authenticated:
            request.principal = None
            return self.get_response(request)
        with partner_scope(request.partner.schema, ALL):
            principal = person_principal(person, source_ip=client_address(request), request_id=request.request_id)
        request.principal = principal
        with partner_scope(request.partner.schema, principal.retailers), acting(principal):
            return self.get_response(request)


def _end_idle_session(request: HttpRequest) -> None:
    """Sign out after SESSION_IDLE_SECONDS without a request. The mark is renewed at most once a minute."""
    now = int(datetime.now(UTC).timestamp())
    seen = request.session.get("seen")
    if seen is None:
        return
    if now - seen > settings.SESSION_IDLE_SECONDS:
        logout(request)
    elif now - seen > 60:
        request.session["seen"] = now
