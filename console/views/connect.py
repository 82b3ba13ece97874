"""A new connection: whose it is, which system, its settings, and once the address to subscribe."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.text import slugify
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from connectors.library import connectors
from console.access import requires
from console.views.connection_form import allow_hosts, given, inputs, manifest_or_404, needs_allowing, other_problems
from console.views.connections import connected_page
from console.views.setup import steps_of
from governance.access.errors import AccessRefused
from governance.access.partners import create_retailer
from governance.access.principal import Principal
from governance.audit.gate import GateError
from governance.catalogue.manifest import Manifest
from governance.egress.errors import Blocked
from governance.registry.models import RetailConnection
from governance.registry.selectors import any_connection, key_taken
from governance.registry.services import ConfigurationRefused, Connected, check_connection, connect
from tenants.context import ALL
from tenants.retailers.models import Retailer

NEW_RETAILER: Final = "+"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The form as it was sent. Nothing of it is trusted yet."""

    retailer: str = ""
    retailer_name: str = ""
    currency: str = "USD"
    timezone: str = "UTC"
    label: str = ""
    key: str = ""
    live: bool = True
    allow: bool = False
    reason: str = ""
    config: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)


@require_safe
@requires("connections.edit")
def choose(request: HttpRequest) -> HttpResponse:
    """Which system? Also where an empty console leads."""
    manifests = [found.manifest for found in connectors().values()]
    first = not any_connection()
    context = {
        "manifests": sorted(manifests, key=lambda m: m.label),
        "first": first,
        "steps": steps_of(None) if first else [],
        "retailer": request.GET.get("retailer", ""),
    }
    return render(request, "connections/choose.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("connections.edit")
@sensitive_post_parameters()
def new(request: HttpRequest, connector_key: str) -> HttpResponse:
    manifest = manifest_or_404(connector_key)
    if request.method != "POST":
        start = Wanted(retailer=request.GET.get("retailer", ""), label=manifest.label, key=_free_key(manifest))
        return _form(request, manifest, start, {})
    wanted = _sent(request, manifest)
    try:
        made = _connect(wanted, manifest, by=request.principal)
    except ConfigurationRefused as error:
        return _form(request, manifest, wanted, error.problems)
    except (GateError, AccessRefused, Blocked) as error:
        return _form(request, manifest, wanted, {"": str(error)})
    return connected_page(request, made.connection, made.intake_path)


def _connect(wanted: Wanted, manifest: Manifest, *, by: Principal) -> Connected:
    """Each act in a gate of its own, in the order in which one would do them by hand; what is done stays done."""
    if wanted.allow:
        allow_hosts(wanted.config, manifest, note=wanted.label, by=by, reason=wanted.reason)
    asked = {
        "manifest": manifest,
        "key": wanted.key or slugify(wanted.label),
        "label": wanted.label,
        "config": wanted.config,
        "secrets": wanted.secrets,
    }
    check_connection(**asked)
    return connect(
        **asked,
        retailer=_retailer(wanted, by=by),
        by=by,
        reason=wanted.reason,
        live=wanted.live,
    )


def _retailer(wanted: Wanted, *, by: Principal) -> Retailer:
    """The chosen one, or a new one."""
    if wanted.retailer != NEW_RETAILER:
        found = Retailer.objects.scoped().filter(key=wanted.retailer, is_active=True).first()
        if found is None:
            raise ConfigurationRefused({"retailer": "Choose a retailer."})
        return found
    try:
        return create_retailer(
            key=slugify(wanted.retailer_name)[:60],
            name=wanted.retailer_name,
            currency=wanted.currency.strip().upper(),
            timezone=wanted.timezone.strip(),
            by=by,
            reason=wanted.reason,
        )
    except AccessRefused as error:
        raise ConfigurationRefused({"retailer": str(error)}) from error


def _sent(request: HttpRequest, manifest: Manifest) -> Wanted:
    sent = request.POST
    return Wanted(
        retailer=sent.get("retailer", ""),
        retailer_name=sent.get("retailer_name", "").strip()[:120],
        currency=sent.get("currency", "USD"),
        timezone=sent.get("timezone", "UTC"),
        label=sent.get("label", "").strip()[:120],
        key=sent.get("key", "").strip(),
        live=sent.get("live") == "live",
        allow=sent.get("allow") == "yes",
        reason=sent.get("reason", "").strip(),
        config=given(request, manifest.config_fields()),
        secrets=given(request, manifest.secret_fields()),
    )


def _form(request: HttpRequest, manifest: Manifest, wanted: Wanted, problems: dict[str, str]) -> HttpResponse:
    retailers = list(Retailer.objects.scoped().filter(is_active=True))
    may_add = request.principal.retailers == ALL
    shown = replace(wanted, retailer=wanted.retailer or (NEW_RETAILER if may_add and not retailers else ""))
    context = {
        "manifest": manifest,
        "wanted": shown,
        "inputs": inputs(manifest.fields, wanted.config, problems),
        "retailers": retailers,
        "may_add": may_add,
        "problems": problems,
        "other_problems": other_problems(problems, manifest.fields, "key", "label", "retailer"),
        "needs_allowing": needs_allowing(wanted.config, manifest),
    }
    return render(request, "connections/new.html", context, status=422 if problems else 200)


def _free_key(manifest: Manifest) -> str:
    """The connector's key while it is free; later ones are named by the person, for each retailer its own."""
    return "" if key_taken(RetailConnection, manifest.key) else manifest.key
