"""What people made wait. The services are those of the pages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from connectors.engine.pauses import services
from connectors.engine.pauses.selectors import Standing, standing_pauses, standings
from connectors.engine.pauses.services import Terms
from connectors.engine.pauses.targets import named
from console.api import parameters, records, shapes
from console.api.base import ApiView
from console.api.idempotency import once
from governance.registry.models import Pause
from governance.registry.pauses import past_pauses, pauses_by_id


class Pauses(ApiView):
    required_action = "connections.view"
    query: ClassVar = frozenset({"retailer", "state"})

    @extend_schema(
        operation_id="pauses",
        summary="What waits because a person said so",
        parameters=[*parameters.SCOPE[:1], *parameters.PAUSES],
        responses=shapes.Pauses,
    )
    def get(self, request: Request) -> Response:
        state, chosen = request.query_params.get("state", "open"), self.scope.retailer_ids
        if state not in ("open", "past"):
            raise ValidationError({"state": ["open or past."]})
        found = standing_pauses(chosen) if state == "open" else past_pauses(chosen)
        return _answer(found, self.retailer_keys())


class Begin(ApiView):
    required_action = "pauses.control"

    @extend_schema(
        operation_id="begin_pauses",
        summary="Make flows, sources and targets wait, of many retailers in one act",
        parameters=[parameters.IDEMPOTENCY_KEY],
        request=shapes.PauseIn,
        responses=shapes.Pauses,
    )
    def post(self, request: Request) -> Response:
        body = self.body(shapes.PauseIn)

        def act() -> Response:
            terms = Terms(body["expires_at"], body["sla"], body["sla_reason"])
            made = services.pause(named(body["on"]), by=self.principal, reason=body["reason"], terms=terms)
            return _answer(standings(pauses_by_id([row.pk for row in made])), self.retailer_keys())

        return once(request, body, act)


class End(ApiView):
    required_action = "pauses.control"

    @extend_schema(
        operation_id="end_pauses",
        summary="End pauses; what no other one stands over goes on",
        parameters=[parameters.IDEMPOTENCY_KEY],
        request=shapes.ResumeIn,
        responses=shapes.Pauses,
    )
    def post(self, request: Request) -> Response:
        body = self.body(shapes.ResumeIn)

        def act() -> Response:
            services.resume(body["ids"], by=self.principal, reason=body["reason"])
            return _answer(pauses_by_id(body["ids"]), self.retailer_keys())

        return once(request, body, act)


def _answer(found: Iterable[Standing | Pause], keys: dict[int, str]) -> Response:
    return Response(shapes.Pauses({"results": [_record(one, keys) for one in found]}).data)


def _record(one: Standing | Pause, keys: dict[int, str]) -> records.Record:
    row, standing = (one.pause, one) if isinstance(one, Standing) else (one, None)
    key = row.flow.key if row.flow else row.connection.key
    return {
        "id": row.pk,
        "scope": row.scope,
        "on": f"{row.scope}:{key}",
        "label": row.label,
        "retailer": keys[row.retailer_id],
        "reason": row.reason,
        "sla": row.sla,
        "sla_reason": row.sla_reason or None,
        "opened_at": row.opened_at,
        "opened_by": row.opened_by,
        "request_id": row.request_id,
        "expires_at": row.expires_at,
        "ended_at": row.ended_at,
        "ended_by": row.ended_by or None,
        "end_reason": row.end_reason or None,
        "others": standing.others if standing else 0,
        "backlog": _backlog(standing) if standing else None,
    }


def _backlog(standing: Standing) -> dict[str, Any]:
    found = standing.backlog
    drain = found.drain
    return {
        "count": found.count,
        "oldest": found.oldest,
        "drain_seconds": None if drain is None else drain.total_seconds(),
        "says": found.estimate,
    }
