"""What a page needs, declared where the page is: `@requires("connections.view")`. Undeclared is refused.

A declared view sends strangers to the sign-in page, answers 403 with what is missing and who can grant it, and turns
"no such row in your scope" into 404, so that nobody learns what exists elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final
from urllib.parse import urlencode

from django.core.exceptions import BadRequest, ImproperlyConfigured, ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect

from governance.access.roles import ACTIONS, who_can

View = Callable[..., HttpResponse]
Handler = Callable[[HttpRequest], HttpResponse]

PUBLIC: Final = "public"  # anyone may ask, also a stranger
SIGNED_IN: Final = "signed-in"  # anyone who signed in, whatever their role


def requires(action: str) -> Callable[[View], View]:
    """The view needs this action of `governance.access.roles`."""
    if action not in ACTIONS:
        raise ImproperlyConfigured(f"{action!r} is not an action of governance.access.roles")
    return lambda view: _guarded(view, action)


def signed_in(view: View) -> View:
    return _guarded(view, SIGNED_IN)


def public(view: View) -> View:
    view.required_action = PUBLIC
    return view


def declared_action(view: Any) -> str | None:
    """What a view declared: a function, a class-based view or a view of the API. None if it declared nothing."""
    for holder in (view, getattr(view, "cls", None), getattr(view, "view_class", None)):
        action = getattr(holder, "required_action", None)
        if action:
            return action
    return None


class DeclaredViewsOnly:
    """Middleware: a view that declared nothing does not run. Deny by default, also for a route added in a hurry."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: View, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        if declared_action(view) is None:
            return refusal(request, "")
        return None


def refusal(request: HttpRequest, action: str) -> HttpResponse:
    """403: what is missing, in words, and which roles could grant it."""
    context = {"missing": ACTIONS.get(action, "open this page"), "action": action, "grantors": _grantors(action)}
    return render(request, "sign_in/forbidden.html", context, status=403)


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the sign-in page and back afterwards. A fragment cannot show a page, so it moves the whole page."""
    htmx = getattr(request, "htmx", None)
    if htmx:
        return HttpResponseClientRedirect(_sign_in_url(htmx.current_url_abs_path or "/"))
    return HttpResponseRedirect(_sign_in_url(request.get_full_path() if request.method in ("GET", "HEAD") else "/"))


def safe_next(request: HttpRequest, wanted: str, *, otherwise: str) -> str:
    """`wanted` when it is a path of this host, else `otherwise`. Never another site's address."""
    local = wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, None, require_https=request.is_secure())
    return wanted if local else otherwise


def _guarded(view: View, action: str) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.principal is None:
            return to_sign_in(request)
        if action != SIGNED_IN and not request.principal.may(action):
            return refusal(request, action)
        _refuse_nul(request)
        try:
            return view(request, *args, **kwargs)
        except ObjectDoesNotExist as error:
            raise Http404 from error

    guarded.required_action = action
    return guarded


def _refuse_nul(request: HttpRequest) -> None:
    """400: PostgreSQL takes no NUL, no keyboard types one, and no view should have to think of it."""
    for sent in (request.GET, request.POST):
        if any("\x00" in value for _, values in sent.lists() for value in values):
            raise BadRequest("NUL")


def _grantors(action: str) -> list[str]:
    """Roles that may change roles and hold the action themselves: nobody can give what they do not have."""
    managers = who_can("people.manage")
    return [role for role in managers if action in ACTIONS and role in who_can(action)] or managers


def _sign_in_url(back_to: str) -> str:
    return f"{reverse('sign-in')}?{urlencode({'next': back_to})}"
