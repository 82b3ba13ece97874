"""The connected systems: how each is doing, and one of them in detail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from connectors.engine.endpoints.selectors import is_target
from connectors.engine.files.selectors import reads_files
from connectors.engine.pauses.targets import On, sides_of
from connectors.engine.polling.selectors import Readings, readings_of
from connectors.library import connector
from console.access import requires
from console.addresses import public_url
from console.views.connection_form import connector_label, known_manifest
from console.views.endpoints import Shown, shown_of, troubled_count
from console.views.notices import notify
from console.views.pauses import may_resume
from console.views.scope import page_scope
from console.views.setup import Step, sends, setups
from governance.audit.gate import GateError
from governance.catalogue.manifest import Manifest
from governance.credentials.selectors import CredentialFacts, credentials_of_connection
from governance.registry.address import INTAKE_SECRET
from governance.registry.models import Flow, Pause, RetailConnection
from governance.registry.pauses import open_pauses
from governance.registry.selectors import (
    any_connection,
    connection_by_key,
    connections_in_view,
    flows_in_view,
    flows_of,
)
from governance.registry.services import (
    ConfigurationRefused,
    StaleState,
    renew_intake_address,
    set_connection_state,
)
from monitoring.rollups.connections import Busy, busy_by_connection

RECENT: Final = timedelta(hours=24)
TODO: Final = 3  # retailers whose next step the list names
# state -> key of console.render.status and the word shown beside it
LOOKS: Final = {"active": ("ok", "Active"), "disconnected": ("closed", "Disconnected")}
PAUSED: Final = ("paused", "Paused")
# What one may do in each state: (the state it leads to, the words of the button).
STEPS: Final = {
    "active": (("disconnected", "Disconnect"),),
    "disconnected": (("active", "Reconnect"),),
}


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    connection: RetailConnection
    connector: str
    busy: Busy | None
    pauses: tuple[Pause, ...] = ()

    @property
    def look(self) -> str:
        return self._looks[0]

    @property
    def words(self) -> str:
        return self._looks[1]

    @property
    def _looks(self) -> tuple[str, str]:
        return PAUSED if self.pauses and self.connection.state == "active" else LOOKS[self.connection.state]


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of the detail page; a secret only says that it is there, since when and by whom."""

    label: str
    value: str = ""
    credential: CredentialFacts | None = None


@dataclass(frozen=True, slots=True)
class FlowRow:
    """A flow as the page of one of its ends shows it: `leaves` from here, or arrives."""

    flow: Flow
    leaves: bool
    pauses: tuple[Pause, ...] = ()  # its own; those of its ends are told above

    @property
    def look(self) -> str:
        return self._looks[0]

    @property
    def words(self) -> str:
        return self._looks[1]

    @property
    def _looks(self) -> tuple[str, str]:
        return LOOKS["active"] if self.flow.state == Flow.State.ACTIVE else PAUSED


@dataclass(frozen=True, slots=True)
class Detail:
    row: ConnectionRow
    manifest: Manifest | None
    settings: list[Setting]
    end: str  # which end of a new flow it would be: source or target
    flows: list[FlowRow]
    todo: list[Step]
    called: Shown | None  # how it is called; None for a system that nothing is sent to
    asked: Readings | None  # how it is asked for news; None for a system that is not
    has_address: bool
    has_files: bool
    may_edit: bool
    may_edit_flows: bool
    may_pause: bool
    sides: tuple[On, ...]  # what of it can be paused
    may_end: frozenset[UUID]  # pauses that one may end
    steps: tuple[tuple[str, str], ...]


@require_safe
@requires("connections.view")
def connections(request: HttpRequest) -> HttpResponse:
    """An empty console leads to the first connection."""
    may_edit = request.principal.may("connections.edit")
    if may_edit and not any_connection():
        return HttpResponseRedirect(reverse("connect"))
    busy = busy_by_connection(since=datetime.now(UTC) - RECENT)
    shown = connections_in_view(page_scope(request).retailer_ids)
    paused = open_pauses(page_scope(request).retailer_ids)
    rows = [ConnectionRow(row, connector_label(row.connector), busy.get(row.key), _of(row, paused)) for row in shown]
    todo = [one for one in setups(shown, flows_in_view(), heard=_heard(busy)) if not one.joined] if may_edit else []
    context = {"rows": rows, "may_edit": may_edit, "todo": todo[:TODO], "troubled": troubled_count(request)}
    context["paused"] = len(paused)
    return render(request, "connections/list.html", context)


@require_safe
@requires("connections.view")
def connection(request: HttpRequest, key: str) -> HttpResponse:
    return render(request, "connections/detail.html", {"detail": _detail(request, connection_by_key(key))})


@require_POST
@requires("connections.edit")
def set_state(request: HttpRequest, key: str) -> HttpResponse:
    """Disconnect or reconnect; the form says which state its page showed."""
    current = connection_by_key(key)
    current.state = request.POST.get("seen", current.state)
    wanted = request.POST.get("state", "")
    if wanted not in LOOKS:
        return HttpResponse("no such state", status=400)
    try:
        set_connection_state(
            connection=current, state=wanted, by=request.principal, reason=request.POST.get("reason", "")
        )
    except (GateError, StaleState) as error:
        notify(request, str(error), tone="fail")
    else:
        notify(request, f"{current.label} is {LOOKS[wanted][1].lower()}.")
    return HttpResponseRedirect(reverse("connection", args=[key]))


@require_POST
@requires("connections.edit")
def renew_address(request: HttpRequest, key: str) -> HttpResponse:
    """A new intake address, shown by this answer and never again."""
    current = connection_by_key(key)
    try:
        made = renew_intake_address(connection=current, by=request.principal, reason=request.POST.get("reason", ""))
    except (GateError, ConfigurationRefused) as error:
        notify(request, str(error), tone="fail")
        return HttpResponseRedirect(reverse("connection", args=[key]))
    return connected_page(request, made.connection, made.intake_path, renewed=True)


def connected_page(
    request: HttpRequest, made: RetailConnection, intake_path: str, *, renewed: bool = False
) -> HttpResponse:
    """The one page that shows an intake address, and how to subscribe to it."""
    context = {
        "connection": made,
        "manifest": connector(made.connector).manifest,
        "address": public_url(request.partner.id, intake_path) if intake_path else "",
        "renewed": renewed,
        "steps": [] if renewed else _todo(made, {}),
    }
    return render(request, "connections/connected.html", context)


def _of(row: RetailConnection, paused: Sequence[Pause]) -> tuple[Pause, ...]:
    return tuple(one for one in paused if one.connection_id == row.pk)


def _detail(request: HttpRequest, current: RetailConnection) -> Detail:
    manifest = known_manifest(current.connector)
    busy = busy_by_connection(since=datetime.now(UTC) - RECENT)
    may_edit = request.principal.may("connections.edit")
    paused = open_pauses([current.retailer_id])
    flows = flows_of(current)
    return Detail(
        row=ConnectionRow(current, connector_label(current.connector), busy.get(current.key), _of(current, paused)),
        manifest=manifest,
        settings=_settings(current, manifest),
        end="source" if sends(current) else "target",
        flows=[
            FlowRow(flow, flow.source_id == current.pk, tuple(one for one in paused if one.flow_id == flow.pk))
            for flow in flows
        ],
        todo=_todo(current, busy) if may_edit else [],
        called=shown_of(current.pk) if is_target(current.pk) else None,
        asked=readings_of(current),
        has_address=current.intake_hash is not None,
        has_files=reads_files(current),
        may_edit=may_edit,
        may_edit_flows=request.principal.may("flows.edit"),
        may_pause=request.principal.may("pauses.control"),
        sides=sides_of(current, flows),
        may_end=frozenset(one.pk for one in paused if may_resume(request, one)),
        steps=STEPS[current.state],
    )


def _todo(current: RetailConnection, busy: Mapping[str, Busy]) -> list[Step]:
    """The steps of this connection's retailer while one is open; [] when orders come in."""
    found = setups(connections_in_view([current.retailer_id]), flows_in_view([current.retailer_id]), heard=_heard(busy))
    return found[0].steps if found and found[0].next else []


def _heard(busy: Mapping[str, Busy]) -> frozenset[str]:
    return frozenset(key for key, one in busy.items() if one.received)


def _settings(current: RetailConnection, manifest: Manifest | None) -> list[Setting]:
    labels = {field.name: field.label for field in manifest.fields} if manifest else {}
    shown = [Setting(labels.get(name, name), value=str(value)) for name, value in current.config.items()]
    stored = [row for row in credentials_of_connection(current.pk) if row.field != INTAKE_SECRET]
    return shown + [Setting(labels.get(row.field, row.field), credential=row) for row in stored]
