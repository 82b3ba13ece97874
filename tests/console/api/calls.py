"""Calling the API as a signed-in person, with the CSRF check on."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from tests.console.views.browser import NORTHGATE, signed_in


class Caller:
    """One person's session. Writing calls carry the CSRF token that their pages have."""

    def __init__(self, email: str, host: str = NORTHGATE) -> None:
        self.client: Client = signed_in(email, host)
        self.client.handler.enforce_csrf_checks = True
        self.token = "c" * 32
        self.client.cookies[settings.CSRF_COOKIE_NAME] = self.token

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.client.get(f"/api/v1/{path}", headers=headers)

    def post(self, path: str, body: Any, **headers: str) -> HttpResponse:
        sent = {"X-CSRFToken": self.token, **headers}
        return self.client.post(f"/api/v1/{path}", body, content_type="application/json", headers=sent)


def problem(answer: HttpResponse) -> dict[str, Any]:
    """The problem an answer carries, checked for the shape every problem has."""
    assert answer.headers["Content-Type"] == "application/problem+json", answer.content
    found = answer.json()
    assert found["status"] == answer.status_code
    assert found["request_id"] == answer.headers["X-Request-Id"]
    assert {"type", "title", "code", "detail"} <= set(found)
    return found
