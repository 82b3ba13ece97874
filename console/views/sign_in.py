"""The doors for strangers: sign in, one-time links, and the way out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django import forms
from django.conf import settings
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from console.access import public, safe_next, signed_in
from console.client_address import client_address
from console.views.notices import notify
from governance.access.errors import LinkRefused, PasswordRefused
from governance.access.links import (
    SETS_PASSWORD,
    link_by_id,
    link_by_token,
    set_password_by_link,
    sign_in_by_link,
)
from governance.access.models import OneTimeLink
from governance.access.revocation import announce_revocation
from governance.access.sign_in import MAX_PASSWORD_CHARACTERS, Refusal, record_sign_out, sign_in
from governance.registry.selectors import any_connection
from tenants.people.models import Person

BACKEND = "django.contrib.auth.backends.ModelBackend"
LINK = "one-time-link"
BOTH = {"required": "Type the password twice."}


class SignInForm(forms.Form):
    email = forms.CharField(max_length=254)
    password = forms.CharField(max_length=MAX_PASSWORD_CHARACTERS, strip=False)


class PasswordForm(forms.Form):
    password = forms.CharField(max_length=MAX_PASSWORD_CHARACTERS, strip=False, error_messages=BOTH)
    again = forms.CharField(max_length=MAX_PASSWORD_CHARACTERS, strip=False, error_messages=BOTH)

    def clean(self) -> dict[str, str]:
        given = super().clean()
        if given.get("password") != given.get("again"):
            raise forms.ValidationError("The two passwords are not the same.")
        return given


@require_http_methods(["GET", "HEAD", "POST"])
@public
@sensitive_post_parameters("password")
def page(request: HttpRequest) -> HttpResponse:
    """Ask who it is. Whatever is wrong, the answer is one of two sentences, and never which half was wrong."""
    back_to = safe_next(request, request.POST.get("next") or request.GET.get("next", ""), otherwise=reverse("home"))
    if request.principal is not None:
        return HttpResponseRedirect(back_to)
    context = {"next": back_to, "email": request.POST.get("email", "")[:254]}
    if request.method != "POST":
        return render(request, "sign_in/page.html", context)
    form = SignInForm(request.POST)
    answer = _try(request, form) if form.is_valid() else Refusal(locked=False)
    if isinstance(answer, Refusal):
        status = 429 if answer.locked else 403
        return render(request, "sign_in/page.html", context | {"refusal": answer}, status=status)
    _let_in(request, answer)
    return HttpResponseRedirect(back_to)


@require_POST
@signed_in
def leave(request: HttpRequest) -> HttpResponse:
    record_sign_out(by=request.principal, person=request.user)
    schema, person_id = request.partner.schema, request.user.pk
    logout(request)
    announce_revocation(schema, person_id)
    return HttpResponseRedirect(reverse("sign-in"))


@require_safe
@public
def link(request: HttpRequest, token: str) -> HttpResponse:
    """Remember the link in the session and take its token out of the address bar. Nothing is used up by looking."""
    try:
        found = link_by_token(token, at=datetime.now(UTC))
    except LinkRefused as error:
        return _no_link(request, error)
    request.session[LINK] = found.pk
    return HttpResponseRedirect(reverse("welcome"))


@require_http_methods(["GET", "HEAD", "POST"])
@public
@sensitive_post_parameters("password", "again")
def welcome(request: HttpRequest) -> HttpResponse:
    """Where a one-time link leads: set a password, or sign in at one press."""
    try:
        found = link_by_id(request.session.get(LINK, 0), at=datetime.now(UTC))
        if request.method != "POST":
            return _show_link(request, found)
        person = _use(request, found)
    except LinkRefused as error:
        return _no_link(request, error)
    except (PasswordRefused, forms.ValidationError) as error:
        return _show_link(request, found, problems=getattr(error, "reasons", None) or error.messages)
    _let_in(request, person)
    notify(request, f"Welcome, {person.name}.")
    return HttpResponseRedirect(reverse("home"))


@require_safe
@signed_in
def home(request: HttpRequest) -> HttpResponse:
    """Where one arrives: the overview, or in an empty console the first connection, for whoever may make it."""
    if request.principal.may("connections.edit") and not any_connection():
        return HttpResponseRedirect(reverse("connect"))
    return HttpResponseRedirect(reverse("overview"))


def _try(request: HttpRequest, form: SignInForm) -> Person | Refusal:
    return sign_in(
        email=form.cleaned_data["email"],
        password=form.cleaned_data["password"],
        address=client_address(request),
        at=datetime.now(UTC),
        request_id=request.request_id,
    )


def _use(request: HttpRequest, found: OneTimeLink) -> Person:
    """Raises LinkRefused, PasswordRefused, ValidationError."""
    who = {"address": client_address(request), "request_id": request.request_id}
    at = datetime.now(UTC)
    if found.purpose not in SETS_PASSWORD:
        return sign_in_by_link(link=found, at=at, **who)
    form = PasswordForm(request.POST)
    if not form.is_valid():
        raise forms.ValidationError(list(dict.fromkeys(text for errors in form.errors.values() for text in errors)))
    return set_password_by_link(link=found, password=form.cleaned_data["password"], at=at, **who)


def _let_in(request: HttpRequest, person: Person) -> None:
    """A new session key, so that one planted before the sign-in is worth nothing."""
    if request.user.is_authenticated:
        logout(request)
    login(request, person, backend=BACKEND)
    request.session.pop(LINK, None)
    now = datetime.now(UTC)
    request.session["seen"] = int(now.timestamp())
    # A moment and not an age: otherwise every renewal of `seen` would begin the twelve hours anew.
    request.session.set_expiry(now + timedelta(seconds=settings.SESSION_COOKIE_AGE))


def _show_link(request: HttpRequest, found: OneTimeLink, problems: list[str] | None = None) -> HttpResponse:
    context = {"link": found, "sets_password": found.purpose in SETS_PASSWORD, "problems": problems or []}
    return render(request, "sign_in/welcome.html", context, status=422 if problems else 200)


def _no_link(request: HttpRequest, error: LinkRefused) -> HttpResponse:
    request.session.pop(LINK, None)
    return render(request, "sign_in/no_link.html", {"sentence": str(error)}, status=404)
