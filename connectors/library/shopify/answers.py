"""What Shopify's answers mean: each status and error code becomes one of our errors, or nothing.

Sources, read 2026-11-23: shopify.dev/docs/api/usage/response-codes (402 frozen, 423 locked, 430 security);
shopify.dev/docs/api/usage/limits (429 with Retry-After; GraphQL answers 200 with THROTTLED and the cost).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.sdk import http, safe_json
from connectors.sdk.connector import Response
from connectors.sdk.errors import (
    ConnectorError,
    CredentialRejected,
    Misconfigured,
    PayloadChanged,
    RequestRefused,
    Throttled,
    Unavailable,
)

MAX_BYTES = 5_000_000
_SCOPE = re.compile(r"\b(?:read|write)_[a-z_]+\b")


def data(response: Response) -> dict[str, Any]:
    """The `data` of a GraphQL answer.

    Raises:
        ConnectorError: one of the closed family, by status first, then by the errors in the body.
    """
    check_status(response)
    try:
        document = safe_json.parse(response.body, max_bytes=MAX_BYTES)
    except safe_json.UnreadablePayload as error:
        raise Unavailable("Shopify's answer broke off or is no JSON.", detail=error.reason) from error
    if not isinstance(document, dict):
        raise PayloadChanged("Shopify's answer is no object.")
    if document.get("errors"):
        raise _graphql_error(document)
    found = document.get("data")
    if not isinstance(found, dict):
        raise PayloadChanged("Shopify's answer has no data.")
    return found


def listed(response: Response, name: str) -> tuple[dict[str, Any], ...]:
    """The list of that name in a REST answer. Raises: ConnectorError."""
    check_status(response)
    try:
        document = safe_json.parse(response.body, max_bytes=MAX_BYTES)
    except safe_json.UnreadablePayload as error:
        raise Unavailable("Shopify's answer broke off or is no JSON.", detail=error.reason) from error
    found = document.get(name) if isinstance(document, dict) else None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise PayloadChanged(f"Shopify's answer has no list of {name}.")
    return tuple(found)


def check_status(response: Response) -> None:
    status = response.status
    if status == 200:
        return
    detail = _shown(response)
    if status == 429:
        raise Throttled(
            "Shopify asks us to slow down.",
            detail=detail,
            retry_after=http.retry_after(response.headers, at=datetime.now(UTC)),
        )
    if status in (401, 403):
        raise _rejected(detail)
    if status in (402, 423):
        state = "frozen until its plan is paid" if status == 402 else "locked"
        raise Misconfigured(f"The shop is {state}; its owner has to act.", detail=detail)
    if status == 404:
        raise Misconfigured("There is no such shop or API version at this address.", detail=detail)
    if status >= 500:
        raise Unavailable(f"Shopify answers {status}: it is out of order itself.", detail=detail)
    raise RequestRefused(f"Shopify refuses the request with {status}.", detail=detail)


def _rejected(text: str, scopes: tuple[str, ...] = ()) -> CredentialRejected:
    missing = scopes or tuple(dict.fromkeys(_SCOPE.findall(text)))
    if missing:
        named = " and ".join(missing)
        return CredentialRejected(f"The access token lacks the scope {named}: grant it in the app.", detail=text)
    return CredentialRejected("Shopify no longer accepts the access token: install the app again.", detail=text)


def _graphql_error(document: dict[str, Any]) -> ConnectorError:
    errors = document["errors"]
    if not isinstance(errors, list):
        text = str(errors)[:300]
        return _rejected(text) if "access token" in text.lower() else RequestRefused("Shopify refuses it.", detail=text)
    shown = "; ".join(str(one.get("message", "")) for one in errors if isinstance(one, dict))[:500]
    codes = {_code(one) for one in errors}
    if "THROTTLED" in codes:
        return Throttled("Shopify asks us to slow down.", detail=shown, retry_after=_restored_after(document))
    if "ACCESS_DENIED" in codes:
        return _rejected(shown)
    if "SHOP_INACTIVE" in codes:
        return Misconfigured("The shop is not active; its owner has to act.", detail=shown)
    if "INTERNAL_SERVER_ERROR" in codes:
        return Unavailable("Shopify is out of order itself.", detail=shown)
    return RequestRefused("Shopify does not understand the query.", detail=shown)


def _code(error: Any) -> str:
    extensions = error.get("extensions") if isinstance(error, dict) else None
    return str(extensions.get("code", "")) if isinstance(extensions, dict) else ""


def _restored_after(document: dict[str, Any]) -> timedelta | None:
    """When the bucket holds enough points again, from the cost the answer states."""
    try:
        cost = document["extensions"]["cost"]
        status = cost["throttleStatus"]
        lacking = float(cost["requestedQueryCost"]) - float(status["currentlyAvailable"])
        return timedelta(seconds=max(lacking / float(status["restoreRate"]), 0.0))
    except (KeyError, TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None


def _shown(response: Response) -> str:
    return f"{response.status}: {response.body[:300].decode('utf-8', 'replace')}"
