"""What the drains see of pauses: a flow's state, and an endpoint that is held. Both follow from the open pauses.

So the hot path asks nothing new. Whoever changes pauses locks connections, flows, endpoints: in this order, by id.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final

from django.db import connection as database
from django.db.models.functions import Now

from connectors.engine.config import endpoint_of
from connectors.engine.drain.pacing import RAMP_FROM, RAMP_GAIN
from connectors.engine.models import Endpoint
from connectors.engine.wake import CHANNEL
from governance.registry.models import Flow, Pause, RetailConnection
from monitoring.ledger.hints import Hint, notify
from tenants.context import require_scope

# As after a probe that got through: what waited must not throw the target down again.
RAMP: Final[dict[str, Any]] = {"pace": RAMP_FROM, "pace_gain": RAMP_GAIN, "paced_at": Now()}
CALLED_AGAIN: Final[dict[str, Any]] = RAMP | {
    "breaker": Endpoint.Breaker.CLOSED,
    "breaker_reason": "",
    "breaker_at": Now(),
    "probe_at": None,
    "failures": 0,
    "window_at": Now(),
    "window_calls": 0,
    "window_failures": 0,
}


def lock_connections(ids: Collection[int]) -> list[RetailConnection]:
    """A flow that is being made from or to one of them is then either there to be seen, or comes after."""
    return list(RetailConnection.objects.filter(pk__in=ids).order_by("pk").select_for_update())


def lock_flows(ids: Collection[int]) -> None:
    """Before a pause of theirs is written: its foreign key would hold a lock that two could not both raise."""
    list(Flow.objects.filter(pk__in=ids).order_by("pk").select_for_update())


def project_endpoints(targets: Iterable[RetailConnection], going: Collection[Flow]) -> None:
    """Hold each target that an open pause stands over and call the others again; begin slowly where flows go on.

    All rows are locked at once and by id, as the drains do.
    """
    known = {row.pk: row for row in targets}
    Endpoint.objects.bulk_create([endpoint_of(row) for row in known.values()], ignore_conflicts=True)
    cold = _cold(going)
    rows = {row.pk: row for row in Endpoint.objects.filter(pk__in=cold | set(known)).order_by("pk").select_for_update()}
    first: dict[int, Pause] = {}
    stand = Pause.objects.open().filter(scope=Pause.Scope.TARGET, connection_id__in=known)
    for pause in stand.order_by("-opened_at", "-pk"):
        first[pause.connection_id] = pause
    for pk in known:
        _hold_or_call(rows[pk], first.get(pk))
    slow = [pk for pk in cold & set(rows) if rows[pk].breaker == Endpoint.Breaker.CLOSED]
    Endpoint.objects.filter(pk__in=slow).update(**RAMP)


def _hold_or_call(row: Endpoint, pause: Pause | None) -> None:
    if pause is not None:
        since = row.breaker_at if row.breaker == Endpoint.Breaker.HELD else Now()
        held = {"breaker": Endpoint.Breaker.HELD, "breaker_reason": pause.reason, "breaker_at": since}
        Endpoint.objects.filter(pk=row.pk).update(**held, probe_at=None)
    elif row.breaker == Endpoint.Breaker.HELD:
        Endpoint.objects.filter(pk=row.pk).update(**CALLED_AGAIN)


def _cold(going: Collection[Flow]) -> set[int]:
    """Targets of flows that go on, and that nothing else went to meanwhile."""
    ids = {flow.target_id for flow in going}
    others = Flow.objects.filter(target_id__in=ids, state=Flow.State.ACTIVE).exclude(pk__in=[f.pk for f in going])
    return ids - set(others.values_list("target_id", flat=True))


def wake(retailers: Collection[int]) -> None:
    """Drains and pages, after the commit."""
    schema = require_scope().schema
    notify(schema, [Hint(retailer_id, "overview") for retailer_id in sorted(set(retailers))])
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, schema])
