"""Every refusal as problem+json (RFC 9457) with the request's id. What broke on our side is never described."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.db import OperationalError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from connectors.engine.endpoints.services import CannotOverride, LimitRefused
from connectors.engine.lanes import CannotRelease, CannotSplit
from connectors.engine.pauses.services import PauseRefused
from connectors.engine.replay import CannotRetry, Overtaken, StaleState
from governance.audit.gate import ReasonMissing, Refused
from governance.registry.services import StaleState as Changed

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"


class ApiError(exceptions.APIException):
    """A refusal of ours with its own status and code."""

    def __init__(self, status: HTTPStatus, code: str, detail: str, *, retry_after: int | None = None) -> None:
        super().__init__(detail, code)
        self.status_code = status
        self.retry_after = retry_after


def problem_response(exc: Exception, context: dict[str, Any]) -> Response:
    """DRF's exception handler. The trail and the log know more; the caller gets a sentence and the id."""
    set_rollback()
    request_id = getattr(context["request"]._request, "request_id", "")
    if isinstance(exc, OperationalError):
        logger.warning("request %s: the database does not answer: %s", request_id, exc)
        return _problem(503, "unavailable", "The service is not available for a moment.", request_id, retry_after=5)
    known = _known(exc)
    if known is None:
        logger.error("request %s failed", request_id, exc_info=exc)
        return _problem(500, "internal", "Something broke on our side. It has been written down.", request_id)
    status, code, detail, more = known
    return _problem(status, code, detail, request_id, **more)


def _known(exc: Exception) -> tuple[int, str, str, dict[str, Any]] | None:
    match exc:
        case exceptions.ValidationError():
            return 400, "invalid", "The request is not valid.", {"errors": exc.detail}
        case ApiError():
            return exc.status_code, exc.detail.code, str(exc.detail), {"retry_after": exc.retry_after}
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            return 401, "not_authenticated", "Sign in first.", {"authenticate": exc.auth_header}
        case exceptions.APIException():
            return exc.status_code, str(exc.default_code), str(exc.detail), {}
        case Http404() | ObjectDoesNotExist():
            return 404, "not_found", "There is nothing here, or nothing that you may see.", {}
        case Refused() | DjangoPermissionDenied():
            return 403, "permission_denied", str(exc) or "This is not allowed.", {}
        case ReasonMissing():
            return 400, "reason_missing", str(exc), {}
        case Overtaken():
            return 409, "overtaken", str(exc), {}
        case LimitRefused():
            return 400, "invalid", "The request is not valid.", {"errors": {k: [v] for k, v in exc.problems.items()}}
        case PauseRefused():
            return 400, "invalid", "The request is not valid.", {"errors": {k: [v] for k, v in exc.problems.items()}}
        case Changed():
            return 409, "stale_state", str(exc), {}
        case CannotOverride():
            return 409, "cannot_override", str(exc), {}
        case CannotSplit():
            return 409, "cannot_split", str(exc), {}
        case CannotRelease():
            return 409, "cannot_release", str(exc), {}
        case CannotRetry():
            return 409, "cannot_retry", str(exc), {}
        case StaleState():
            return 409, "stale_state", str(exc), {}
    return None


def _problem(
    status: int,
    code: str,
    detail: str,
    request_id: str,
    *,
    errors: Any = None,
    retry_after: int | None = None,
    authenticate: str = "",
) -> Response:
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": request_id,
    }
    if errors is not None:
        body["errors"] = errors
    headers = {"Retry-After": str(retry_after)} if retry_after else {}
    if authenticate:
        headers["WWW-Authenticate"] = authenticate
    return Response(body, status=status, headers=headers, content_type=CONTENT_TYPE)
