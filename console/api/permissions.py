"""Deny unless granted: every view names the action it needs (`governance.access.roles`), or nobody may call it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from console.access import SIGNED_IN
from governance.access.principal import Principal
from governance.access.roles import ACTIONS, who_can

if TYPE_CHECKING:  # rest_framework.views imports this module while it is being imported itself
    from rest_framework.views import APIView


def principal_of(request: Request) -> Principal | None:
    return getattr(request._request, "principal", None)


class SignedIn(BasePermission):
    """Anyone who signed in, whatever their role."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return principal_of(request) is not None


class DenyUnlessGranted(BasePermission):
    """The view's `required_action`. A refusal says what is missing and which roles have it."""

    message = "This needs a right that nobody has declared."

    def has_permission(self, request: Request, view: APIView) -> bool:
        principal, action = principal_of(request), getattr(view, "required_action", None)
        if principal is None or action is None:
            return False
        if action == SIGNED_IN or principal.may(action):
            return True
        self.message = f"Your role may not {ACTIONS[action]}. These roles may: {', '.join(who_can(action))}."
        return False
