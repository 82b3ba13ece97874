"""A new connection: whose it is, which system, its settings, and once the address to subscribe."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.text import slugify
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from connectors.library import UnknownConnector, connector, connectors
from console.access import requires
from console.views.connections import connected_page
from governance.access.errors import AccessRefused
from governance.access.partners import create_retailer
from governance.access.principal import Principal
from governance.audit.gate import GateError
from governance.catalogue.manifest import Field, Manifest
from governance.egress.errors import Blocked
from governance.egress.selectors import allow_list
from governance.egress.services import allow_host
from governance.registry.models import RetailConnection
from governance.registry.selectors import any_connection, key_taken
from governance.registry.services import ConfigurationRefused, Connected, check_connection, connect
from governance.registry.settings import unreachable
from tenants.context import ALL
from tenants.retailers.models import Retailer

NEW_RETAILER: Final = "+"


@dataclass(frozen=True, slots=True)
class Input:
    """A field of the form. What was typed into a secret never goes back to the browser."""

    field: Field
    value: str
    problem: str

    @property
    def name(self) -> str:
        return f"field-{self.field.name}"


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
    context = {"manifests": sorted(manifests, key=lambda m: m.label), "first": not any_connection()}
    return render(request, "connections/choose.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("connections.edit")
@sensitive_post_parameters()
def new(request: HttpRequest, connector_key: str) -> HttpResponse:
    manifest = _manifest(connector_key)
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
        _allow_hosts(wanted, manifest, by=by)
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


def _allow_hosts(wanted: Wanted, manifest: Manifest, *, by: Principal) -> None:
    listed = allow_list()
    for url in wanted.config.values():
        if "://" in url and unreachable(url, manifest, listed):
            allow_host(url=url, note=wanted.label[:200], by=by, reason=wanted.reason)


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

    def given(fields: tuple[Field, ...]) -> dict[str, str]:
        values = {one.name: sent.get(f"field-{one.name}", "").strip() for one in fields}
        return {name: value for name, value in values.items() if value}

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
        config=given(manifest.config_fields()),
        secrets=given(manifest.secret_fields()),
    )


def _form(request: HttpRequest, manifest: Manifest, wanted: Wanted, problems: dict[str, str]) -> HttpResponse:
    retailers = list(Retailer.objects.scoped().filter(is_active=True))
    may_add = request.principal.retailers == ALL
    shown = replace(wanted, retailer=wanted.retailer or (NEW_RETAILER if may_add and not retailers else ""))
    inputs = [
        Input(one, "" if one.secret else wanted.config.get(one.name, ""), problems.get(one.name, ""))
        for one in manifest.fields
    ]
    named = {one.name for one in manifest.fields} | {"key", "label", "retailer"}
    context = {
        "manifest": manifest,
        "wanted": shown,
        "inputs": inputs,
        "retailers": retailers,
        "may_add": may_add,
        "problems": problems,
        "other_problems": [text for name, text in problems.items() if name not in named],
        "needs_allowing": _needs_allowing(wanted, manifest),
    }
    return render(request, "connections/new.html", context, status=422 if problems else 200)


def _needs_allowing(wanted: Wanted, manifest: Manifest) -> bool:
    listed = allow_list()
    return any("://" in url and bool(unreachable(url, manifest, listed)) for url in wanted.config.values())


def _free_key(manifest: Manifest) -> str:
    """The connector's key while it is free; later ones are named by the person, for each retailer its own."""
    return "" if key_taken(RetailConnection, manifest.key) else manifest.key


def _manifest(key: str) -> Manifest:
    try:
        return connector(key).manifest
    except UnknownConnector as error:
        raise Http404 from error
