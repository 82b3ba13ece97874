"""What the pages that connect a system and change one share: a manifest's fields, typed by a person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.http import Http404, HttpRequest

from connectors.library import UnknownConnector, connector
from governance.access.principal import Principal
from governance.catalogue.manifest import Field, Manifest
from governance.egress.selectors import allow_list
from governance.egress.services import allow_host
from governance.registry.settings import unreachable


@dataclass(frozen=True, slots=True)
class Input:
    """A field of the form. What was typed into a secret never goes back to the browser."""

    field: Field
    value: str
    problem: str

    @property
    def name(self) -> str:
        return f"field-{self.field.name}"


def manifest_or_404(key: str) -> Manifest:
    try:
        return connector(key).manifest
    except UnknownConnector as error:
        raise Http404 from error


def known_manifest(key: str) -> Manifest | None:
    try:
        return connector(key).manifest
    except UnknownConnector:
        return None


def connector_label(key: str) -> str:
    """A connector that is gone is called by its key."""
    manifest = known_manifest(key)
    return manifest.label if manifest else key


def inputs(fields: Iterable[Field], config: Mapping[str, str], problems: Mapping[str, str]) -> list[Input]:
    return [
        Input(one, "" if one.secret else str(config.get(one.name, "")), problems.get(one.name, "")) for one in fields
    ]


def given(request: HttpRequest, fields: Iterable[Field]) -> dict[str, str]:
    """What was typed into these fields; empty ones are left out."""
    values = {one.name: request.POST.get(f"field-{one.name}", "").strip() for one in fields}
    return {name: value for name, value in values.items() if value}


def other_problems(problems: Mapping[str, str], fields: Iterable[Field], *named: str) -> list[str]:
    """What is to be said above the form, since it has no field to stand beside."""
    beside = {one.name for one in fields} | set(named)
    return [text for name, text in problems.items() if name not in beside]


def needs_allowing(config: Mapping[str, str], manifest: Manifest) -> bool:
    listed = allow_list()
    return any("://" in url and bool(unreachable(url, manifest, listed)) for url in config.values())


def allow_hosts(config: Mapping[str, str], manifest: Manifest, *, note: str, by: Principal, reason: str) -> None:
    """Raises Blocked for what nobody may allow; ReasonMissing, Refused."""
    listed = allow_list()
    for url in config.values():
        if "://" in url and unreachable(url, manifest, listed):
            allow_host(url=url, note=note[:200], by=by, reason=reason)
