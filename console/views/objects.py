"""The canonical objects: what connectors speak of, what must hold in each, and their schemas."""

from __future__ import annotations

import json

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from connectors.canonical.described import Shown, all_described, described
from connectors.canonical.objects import OBJECTS
from connectors.canonical.schemas import VERSIONS, schema
from console.access import requires


@require_safe
@requires("connections.view")
def objects(request: HttpRequest) -> HttpResponse:
    return render(request, "objects/list.html", {"objects": all_described()})


@require_safe
@requires("connections.view")
def canonical_object(request: HttpRequest, kind: str) -> HttpResponse:
    return render(request, "objects/detail.html", {"shown": _known(kind)})


@require_safe
@requires("connections.view")
def object_schema(request: HttpRequest, kind: str) -> HttpResponse:
    known = _known(kind)
    answer = HttpResponse(json.dumps(schema(known.name), indent=2), content_type="application/schema+json")
    answer["Content-Disposition"] = f'attachment; filename="{known.name}-{VERSIONS[known.name]}.schema.json"'
    return answer


def _known(name: str) -> Shown:
    if name not in OBJECTS:
        raise Http404
    return described(name)
