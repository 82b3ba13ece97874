"""Setting up a flow between two connections of one retailer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.text import slugify
from django.views.decorators.http import require_http_methods

from connectors.library import connector
from console.access import requires
from console.views.connection_form import other_problems
from console.views.notices import notify
from console.views.scope import page_scope
from console.views.setup import Pair, pairs
from governance.access.principal import Principal
from governance.audit.gate import GateError
from governance.catalogue.manifest import OperationSpec
from governance.registry.models import Flow
from governance.registry.selectors import connection_by_key, connections_in_view, key_taken
from governance.registry.services import ConfigurationRefused, create_flow

# (value, words, what it means)
MODES: Final = (
    (Flow.Mode.STRICT, "In order", "One document's events go one after another: no update overtakes its order."),
    (
        Flow.Mode.LATEST_WINS,
        "Only the newest",
        "A newer state of an object replaces older ones that still wait: right for stock and prices, not for sales.",
    ),
    (Flow.Mode.UNORDERED, "Each by itself", "Each event goes as soon as it can: right where none builds on another."),
)
LATENCIES: Final = (
    (Flow.Latency.LIVE, "Within seconds"),
    (Flow.Latency.MINUTES, "Within minutes"),
    (Flow.Latency.BATCH, "By the end of the day"),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The form as it was sent. Nothing of it is trusted yet."""

    label: str
    key: str
    object_types: tuple[str, ...]
    mode: str = Flow.Mode.STRICT
    latency: str = Flow.Latency.LIVE
    reason: str = ""


@require_http_methods(["GET", "HEAD", "POST"])
@requires("flows.edit")
def new(request: HttpRequest) -> HttpResponse:
    """The address says between which two; with more than one possibility the first page asks."""
    offered = _offered(request)
    if len(offered) != 1:
        return render(request, "flows/choose.html", {"pairs": offered})
    pair, writes = offered[0], connector(offered[0].target.connector).manifest.writes()
    if request.method != "POST":
        return _form(request, pair, writes, _start(pair, writes), {})
    wanted = _sent(request)
    try:
        made = _create(pair, writes, wanted, by=request.principal)
    except ConfigurationRefused as error:
        return _form(request, pair, writes, wanted, error.problems)
    except GateError as error:
        return _form(request, pair, writes, wanted, {"": str(error)})
    notify(request, f"{made.label} takes what comes from {pair.source.label} to {pair.target.label}.")
    return HttpResponseRedirect(reverse("connection", args=[pair.source.key]))


def _offered(request: HttpRequest) -> list[Pair]:
    """What the address leaves to choose from. Raises RetailConnection.DoesNotExist for an end out of sight."""
    found = pairs(connections_in_view(page_scope(request).retailer_ids))
    if source := request.GET.get("source"):
        begin = connection_by_key(source)
        found = [pair for pair in found if pair.source.pk == begin.pk]
    if target := request.GET.get("target"):
        end = connection_by_key(target)
        found = [pair for pair in found if pair.target.pk == end.pk]
    return found


def _start(pair: Pair, writes: Mapping[str, OperationSpec]) -> Wanted:
    label = f"Sales to {pair.target.label}"
    key = slugify(label)[:60]
    if key_taken(Flow, key):
        key = f"{pair.source.retailer.key}-{key}"[:60]
    return Wanted(label, key, tuple(writes))


def _sent(request: HttpRequest) -> Wanted:
    sent = request.POST
    label = sent.get("label", "").strip()[:120]
    return Wanted(
        label=label,
        key=sent.get("key", "").strip() or slugify(label)[:60],
        object_types=tuple(sent.getlist("object_type")),
        mode=sent.get("mode", ""),
        latency=sent.get("latency", ""),
        reason=sent.get("reason", "").strip()[:400],
    )


def _create(pair: Pair, writes: Mapping[str, OperationSpec], wanted: Wanted, *, by: Principal) -> Flow:
    if wanted.mode not in Flow.Mode.values or wanted.latency not in Flow.Latency.values:
        raise ConfigurationRefused({"mode": "Choose one of these."})
    return create_flow(
        retailer=pair.source.retailer,
        key=wanted.key,
        label=wanted.label,
        source=pair.source,
        target=pair.target,
        operations={name: writes[name].name for name in wanted.object_types if name in writes},
        target_manifest=connector(pair.target.connector).manifest,
        by=by,
        mode=wanted.mode,
        latency=wanted.latency,
        reason=wanted.reason,
    )


def _form(
    request: HttpRequest,
    pair: Pair,
    writes: Mapping[str, OperationSpec],
    wanted: Wanted,
    problems: Mapping[str, str],
) -> HttpResponse:
    context = {
        "pair": pair,
        "writes": writes.values(),
        "wanted": wanted,
        "modes": MODES,
        "latencies": LATENCIES,
        "problems": problems,
        "other_problems": other_problems(problems, (), "key", "label", "operations", "mode"),
    }
    return render(request, "flows/new.html", context, status=422 if problems else 200)
