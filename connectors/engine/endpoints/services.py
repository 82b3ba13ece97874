"""What a person may do about how a target is called. The drains see it with their next turn and are woken for it.

Each locks the endpoint's row and nothing else, as the drains do: what is under way ends, whatever is decided here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models.functions import Now

from connectors.engine.endpoints.selectors import limits_of
from connectors.engine.models import Endpoint
from connectors.engine.pauses.gates import CALLED_AGAIN, wake
from connectors.engine.pauses.services import pause, resume
from connectors.engine.pauses.targets import on_connection
from governance.access.principal import Principal
from governance.audit.events import ObjectRef
from governance.audit.gate import gate
from governance.audit.registry import Action, register
from governance.registry.models import Pause, RetailConnection
from governance.registry.pauses import target_pauses
from governance.registry.services import StaleState

MAY = "endpoints.control"
MOST_AT_ONCE = 200
MOST_PER_SECOND = 1000.0
LEAST_PER_SECOND = 0.01
Breaker = Endpoint.Breaker

register(
    Action("endpoint.probed", "A target that was down was tried at once.", "endpoint", MAY, True),
    Action("endpoint.wait_lifted", "The wait a target had asked for was cut short.", "endpoint", MAY, True),
    Action("endpoint.limited", "How fast a target may be called was changed.", "endpoint", MAY, True),
    Action("endpoint.hurried", "A target that was slowed down was called at full pace.", "endpoint", MAY, True),
)


class CannotOverride(ValueError):
    """Says in one sentence why there is nothing to override."""


class LimitRefused(CannotOverride):
    """`problems` maps a field to one sentence."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = problems


@dataclass(slots=True)
class _Held:
    """An endpoint's row under its lock, and what is to be written to it."""

    row: Endpoint
    changes: dict[str, Any]


def hold(connection: RetailConnection, *, by: Principal, reason: str, at: datetime | None = None) -> None:
    """Nothing goes until it is let go: a pause of what goes to it, without an end.

    Raises CannotOverride, Refused, ReasonMissing, Endpoint.DoesNotExist.
    """
    Endpoint.objects.scoped().get(pk=connection.pk)
    try:
        pause([on_connection(connection, Pause.Scope.TARGET)], by=by, reason=reason, seen=(), permission=MAY, at=at)
    except StaleState as error:
        raise CannotOverride(f"{connection.label} is held already.") from error


def let_go(connection: RetailConnection, *, by: Principal, reason: str, at: datetime | None = None) -> None:
    """Call it again, held or open: slowly at first, as after a probe that got through. Raises as `hold`."""
    if held := target_pauses(connection.pk):
        try:
            resume([row.pk for row in held], by=by, reason=reason, permission=MAY, at=at)
        except StaleState as error:
            raise CannotOverride(str(error)) from error
        return
    with _changing("endpoint.let_go", connection, by, reason, at) as held_row:
        _refuse_if(held_row.row.breaker == Breaker.CLOSED, f"{connection.label} is called already.")
        held_row.changes = dict(CALLED_AGAIN)


def probe_now(connection: RetailConnection, *, by: Principal, reason: str, at: datetime | None = None) -> None:
    """The next delivery that is due tries at once whether it is back. Raises as `hold`."""
    with _changing("endpoint.probed", connection, by, reason, at) as held:
        name = connection.label
        _refuse_if(held.row.breaker == Breaker.HELD, f"{name} is held: let it go instead.")
        _refuse_if(held.row.breaker == Breaker.CLOSED, f"{name} is called already.")
        _refuse_if(_waits(held.row), f"{name} asked us to wait: lift that first.")
        held.changes = {"probe_at": Now()}


def lift_wait(connection: RetailConnection, *, by: Principal, reason: str, at: datetime | None = None) -> None:
    """Do not wait as long as the target's Retry-After asked. Raises as `hold`."""
    with _changing("endpoint.wait_lifted", connection, by, reason, at) as held:
        _refuse_if(not _waits(held.row), f"{connection.label} does not ask us to wait.")
        held.changes = {"not_before": None}


def set_limits(
    connection: RetailConnection,
    *,
    concurrency: int | None,
    per_second: float | None,
    by: Principal,
    reason: str,
    at: datetime | None = None,
) -> None:
    """Calls at once and calls a second in place of the manifest's; None: back to those.

    Raises LimitRefused, and as `hold`.
    """
    with _changing("endpoint.limited", connection, by, reason, at) as held:
        if found := _limit_problems(concurrency, per_second):
            raise LimitRefused(found)
        row = held.row
        unchanged = (row.own_concurrency, row.own_per_second) == (concurrency, per_second)
        _refuse_if(unchanged, "These are its limits already.")
        # What the bucket holds by the old rate until now; the new one counts from here.
        tokens = limits_of(row, row.at).tokens_now
        held.changes = {
            "own_concurrency": concurrency,
            "own_per_second": per_second,
            "tokens": tokens,
            "counted_at": Now(),
        }


def full_pace(connection: RetailConnection, *, by: Principal, reason: str, at: datetime | None = None) -> None:
    """Do not wait until it has risen by itself. Raises as `hold`."""
    with _changing("endpoint.hurried", connection, by, reason, at) as held:
        name = connection.label
        _refuse_if(held.row.breaker != Breaker.CLOSED, f"{name} is not called at all: let it go first.")
        _refuse_if(limits_of(held.row, held.row.at).pace_now >= 1, f"{name} is called at full pace already.")
        held.changes = {"pace": 1.0, "pace_gain": 0.0, "paced_at": Now()}


@contextmanager
def _changing(
    action: str, connection: RetailConnection, by: Principal, reason: str, at: datetime | None
) -> Iterator[_Held]:
    """The row under its lock within the gate; what the body puts into `changes` is written, recorded and told."""
    about = ObjectRef("endpoint", str(connection.pk), connection.label)
    with gate(action, by=by, object=about, retailer=connection.retailer_id, reason=reason, at=at) as act:
        row = Endpoint.objects.scoped().select_for_update().annotate(at=Now()).get(pk=connection.pk)
        held = _Held(row, {})
        yield held
        act.before, act.after = _told(row, held.changes), _told(held.changes, held.changes)
        Endpoint.objects.filter(pk=row.pk).update(**held.changes)
        wake([row.retailer_id])


RECORDED = ("breaker", "breaker_reason", "not_before", "own_concurrency", "own_per_second", "pace")


def _told(source: Endpoint | dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """What the trail keeps of it: plain values of what a person decides, no clocks."""
    values = source if isinstance(source, dict) else {name: getattr(source, name) for name in changes}
    return {name: _plain(values[name]) for name in RECORDED if name in changes}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value) if isinstance(value, Breaker) else value


def _waits(row: Endpoint) -> bool:
    return row.not_before is not None and row.not_before > row.at


def _refuse_if(refused: bool, sentence: str) -> None:
    if refused:
        raise CannotOverride(sentence)


def _limit_problems(concurrency: int | None, per_second: float | None) -> dict[str, str]:
    found = {}
    if concurrency is not None and not 1 <= concurrency <= MOST_AT_ONCE:
        found["concurrency"] = f"From 1 to {MOST_AT_ONCE} calls at once."
    if per_second is not None and not LEAST_PER_SECOND <= per_second <= MOST_PER_SECOND:
        found["per_second"] = f"From {LEAST_PER_SECOND:g} to {MOST_PER_SECOND:g} calls a second."
    return found
