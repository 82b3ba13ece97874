"""Who has access: the list, an invitation, and one person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from console.access import requires
from console.addresses import public_url
from console.views.notices import notify
from governance.access.errors import AccessRefused
from governance.access.links import Purpose
from governance.access.people import change_role, deactivate_person, invite_person, issue_link
from governance.access.principal import Principal
from governance.access.roles import ACTIONS_BY_ROLE, RETAILER_ROLES, ROLES
from governance.access.selectors import people_in_view, person_in_view
from governance.audit.gate import GateError
from tenants.context import ALL
from tenants.people.models import Person
from tenants.retailers.models import Retailer

REFUSALS = (AccessRefused, GateError)


@require_safe
@requires("people.view")
def people(request: HttpRequest) -> HttpResponse:
    rows = people_in_view(at=datetime.now(UTC))
    return render(request, "people/list.html", {"rows": rows, "may_manage": request.principal.may("people.manage")})


@require_http_methods(["GET", "HEAD", "POST"])
@requires("people.manage")
def invite(request: HttpRequest) -> HttpResponse:
    """The answer to a good form shows the person's link, once; no mail leaves the host."""
    if request.method != "POST":
        return _form(request, "")
    wanted = request.POST.getlist("retailer")
    everything = request.POST.get("reach") == "all"
    try:
        made = invite_person(
            email=request.POST.get("email", ""),
            name=request.POST.get("name", ""),
            role=request.POST.get("role", ""),
            retailers=ALL if everything else list(Retailer.objects.scoped().filter(key__in=wanted)),
            by=request.principal,
            at=datetime.now(UTC),
        )
    except REFUSALS as error:
        return _form(request, str(error))
    return _link_page(request, made.person, made.token, "invitation")


@require_safe
@requires("people.manage")
def person(request: HttpRequest, person_id: int) -> HttpResponse:
    found = person_in_view(person_id)
    context = {"person": found, "roles": _roles(request.principal), "self": found.pk == request.user.pk}
    return render(request, "people/person.html", context)


@require_POST
@requires("people.manage")
def make_link(request: HttpRequest, person_id: int) -> HttpResponse:
    """For a forgotten password, or an invitation that expired."""
    found = person_in_view(person_id)
    purpose = Purpose.RESET if found.has_usable_password() else Purpose.INVITE
    try:
        token = issue_link(person=found, purpose=purpose, by=request.principal, at=datetime.now(UTC))
    except REFUSALS as error:
        notify(request, str(error), tone="fail")
        return HttpResponseRedirect(reverse("person", args=[person_id]))
    return _link_page(request, found, token, "link")


@require_POST
@requires("people.manage")
def set_role(request: HttpRequest, person_id: int) -> HttpResponse:
    found = person_in_view(person_id)
    role, reason = request.POST.get("role", ""), request.POST.get("reason", "")
    return _done(
        request,
        lambda: change_role(person=found, role=role, by=request.principal, reason=reason),
        f"{found.name} is {role} now and has to sign in again.",
        back=reverse("person", args=[person_id]),
    )


@require_POST
@requires("people.manage")
def deactivate(request: HttpRequest, person_id: int) -> HttpResponse:
    found = person_in_view(person_id)
    reason = request.POST.get("reason", "")
    return _done(
        request,
        lambda: deactivate_person(person=found, by=request.principal, reason=reason),
        f"{found.name} has no access any more.",
        back=reverse("people"),
    )


def _done(request: HttpRequest, act: Callable[[], object], sentence: str, *, back: str) -> HttpResponse:
    try:
        act()
    except REFUSALS as error:
        notify(request, str(error), tone="fail")
    else:
        notify(request, sentence)
    return HttpResponseRedirect(back)


def _form(request: HttpRequest, problem: str) -> HttpResponse:
    context = {
        "roles": _roles(request.principal),
        "retailer_roles": RETAILER_ROLES,
        "retailers": list(Retailer.objects.scoped().filter(is_active=True)),
        "may_give_all": request.principal.retailers == ALL,
        "sent": {name: request.POST.get(name, "") for name in ("email", "name", "role", "reach")},
        "chosen": request.POST.getlist("retailer"),
        "problem": problem,
    }
    return render(request, "people/invite.html", context, status=422 if problem else 200)


def _link_page(request: HttpRequest, someone: Person, token: str, what: str) -> HttpResponse:
    address = public_url(request.partner.id, reverse("one-time-link", args=[token]))
    return render(request, "people/link.html", {"someone": someone, "address": address, "what": what})


def _roles(by: Principal) -> list[str]:
    """Those that may do no more than `by`."""
    return [role for role in ROLES if ACTIONS_BY_ROLE[role] <= by.actions]
