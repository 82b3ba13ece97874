"""Changing a connection: its name, its settings, its secrets. No secret ever goes back to the browser."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from console.access import requires
from console.views.connection_form import (
    Input,
    allow_hosts,
    given,
    inputs,
    manifest_or_404,
    needs_allowing,
    other_problems,
)
from console.views.notices import notify
from governance.access.principal import Principal
from governance.audit.gate import GateError, ReasonMissing
from governance.catalogue.manifest import Manifest
from governance.credentials.selectors import CredentialFacts, credentials_of_connection
from governance.credentials.services import retire_secret
from governance.egress.errors import Blocked
from governance.registry.address import INTAKE_SECRET
from governance.registry.models import RetailConnection
from governance.registry.selectors import connection_by_key
from governance.registry.services import ConfigurationRefused, reconfigure


@dataclass(frozen=True, slots=True)
class Changes:
    """The form as it was sent. `secrets` holds those that were typed: an empty field keeps what there is."""

    label: str
    config: Mapping[str, str]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    allow: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SecretInput:
    """`stored`: its active versions, newest first; two while it is being rotated."""

    input: Input
    stored: tuple[CredentialFacts, ...]

    @property
    def old(self) -> tuple[CredentialFacts, ...]:
        return self.stored[1:]


@require_http_methods(["GET", "HEAD", "POST"])
@requires("connections.edit")
@sensitive_post_parameters()
def edit(request: HttpRequest, key: str) -> HttpResponse:
    current = connection_by_key(key)
    manifest = manifest_or_404(current.connector)
    if request.method != "POST":
        return _page(request, current, manifest, Changes(current.label, current.config), {})
    changes = _sent(request, manifest)
    try:
        _save(current, manifest, changes, by=request.principal)
    except ConfigurationRefused as error:
        return _page(request, current, manifest, changes, error.problems)
    except ReasonMissing as error:
        return _page(request, current, manifest, changes, {"reason": str(error)})
    except (GateError, Blocked) as error:
        return _page(request, current, manifest, changes, {"": str(error)})
    notify(request, _saved(changes))
    return HttpResponseRedirect(reverse("connection-edit" if changes.secrets else "connection", args=[key]))


@require_POST
@requires("connections.edit")
def retire(request: HttpRequest, key: str) -> HttpResponse:
    """The older of two active versions of a secret; never the only one."""
    current = connection_by_key(key)
    wanted = _uuid(request.POST.get("credential", ""))
    found = [row for rows in _stored(current).values() for row in rows[1:] if row.id == wanted]
    if not found:
        notify(request, "That version is no longer in use, or it is the newest.", tone="warn")
        return HttpResponseRedirect(reverse("connection-edit", args=[key]))
    try:
        retire_secret(credential_id=found[0].id, by=request.principal, reason=request.POST.get("reason", ""))
    except GateError as error:
        notify(request, str(error), tone="fail")
    else:
        notify(request, f"Version {found[0].version} is retired: it neither verifies nor calls from now on.")
    return HttpResponseRedirect(reverse("connection-edit", args=[key]))


def _sent(request: HttpRequest, manifest: Manifest) -> Changes:
    return Changes(
        label=request.POST.get("label", "").strip()[:120],
        config=given(request, manifest.config_fields()),
        secrets=given(request, manifest.secret_fields()),
        allow=request.POST.get("allow") == "yes",
        reason=request.POST.get("reason", "").strip(),
    )


def _save(current: RetailConnection, manifest: Manifest, changes: Changes, *, by: Principal) -> None:
    if changes.allow:
        allow_hosts(changes.config, manifest, note=changes.label, by=by, reason=changes.reason)
    reconfigure(
        connection=current,
        manifest=manifest,
        label=changes.label,
        config=changes.config,
        secrets=changes.secrets,
        by=by,
        reason=changes.reason,
    )


def _saved(changes: Changes) -> str:
    if not changes.secrets:
        return f"{changes.label} is changed."
    return f"{changes.label} is changed. The old secret works beside the new one until you retire it."


def _page(
    request: HttpRequest, current: RetailConnection, manifest: Manifest, shown: Changes, problems: Mapping[str, str]
) -> HttpResponse:
    stored = _stored(current)
    secrets = [
        SecretInput(one, stored.get(one.field.name, ())) for one in inputs(manifest.secret_fields(), {}, problems)
    ]
    context = {
        "connection": current,
        "manifest": manifest,
        "shown": shown,
        "inputs": inputs(manifest.config_fields(), shown.config, problems),
        "secrets": secrets,
        "rotating": [secret for secret in secrets if secret.old],
        "problems": problems,
        "other_problems": other_problems(problems, manifest.fields, "label", "reason"),
        "needs_allowing": bool(problems) and needs_allowing(shown.config, manifest),
    }
    return render(request, "connections/edit.html", context, status=422 if problems else 200)


def _stored(current: RetailConnection) -> dict[str, tuple[CredentialFacts, ...]]:
    """Active versions by field, newest first. The intake address is not a setting."""
    return _by_field(row for row in credentials_of_connection(current.pk) if row.field != INTAKE_SECRET)


def _by_field(rows: Iterable[CredentialFacts]) -> dict[str, tuple[CredentialFacts, ...]]:
    found: dict[str, tuple[CredentialFacts, ...]] = {}
    for row in rows:
        found[row.field] = (*found.get(row.field, ()), row)
    return found


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Http404 from error
