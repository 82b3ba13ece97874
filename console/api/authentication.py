"""Who calls the API: the session of the console. Tokens come later and join here."""

from __future__ import annotations

from drf_spectacular.authentication import SessionScheme
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request


class SessionPrincipal(SessionAuthentication):
    """The console's session, with its CSRF check. Without one the answer is 401, not 403."""

    def authenticate_header(self, request: Request) -> str:
        return "Session"


class SessionPrincipalScheme(SessionScheme):
    target_class = "console.api.authentication.SessionPrincipal"
    priority = 1
