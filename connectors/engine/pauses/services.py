"""Pausing and resuming, one or many at once. All of an act is one transaction: it happened whole or not at all."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Q

from connectors.engine.pauses.gates import lock_connections, lock_flows, project_endpoints, wake
from connectors.engine.pauses.targets import On
from governance.access.principal import Principal, system
from governance.audit.events import ObjectRef
from governance.audit.gate import Act, Refused, gate
from governance.registry.models import Flow, Pause
from governance.registry.pauses import pauses_by_id, project_flows
from governance.registry.services import StaleState
from tenants.context import ALL
from tenants.ids import uuid7

MAY: Final = "pauses.control"
MOST_AT_ONCE: Final = 200
LONGEST: Final = timedelta(days=90)
RAMP_AFTER: Final = timedelta(minutes=1)  # shorter stops leave little behind
Scope = Pause.Scope
PAUSED: Final = {Scope.FLOW: "flow.paused", Scope.SOURCE: "connection.paused", Scope.TARGET: "endpoint.held"}
RESUMED: Final = {Scope.FLOW: "flow.resumed", Scope.SOURCE: "connection.resumed", Scope.TARGET: "endpoint.let_go"}
EXPIRED: Final = "pause.expired"


class PauseRefused(Exception):
    """Nothing was changed. `problems` maps a field's name to one sentence; "" is the whole."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = dict(problems)

    @property
    def operator_message(self) -> str:
        return str(self)


@dataclass(frozen=True, slots=True)
class Terms:
    """What somebody said about a pause, beside why."""

    expires_at: datetime | None = None
    sla: str = Pause.Sla.COUNTS
    sla_reason: str = ""


def pause(
    on: Sequence[On],
    *,
    by: Principal,
    reason: str,
    terms: Terms | None = None,
    seen: Collection[UUID] | None = None,
    permission: str = MAY,
    at: datetime | None = None,
) -> list[Pause]:
    """Make what goes through these wait until every pause over them is over. What is under way ends.

    `seen`: the open pauses over them that the page showed; where there are others by now, nothing is changed.
    Raises: PauseRefused, StaleState, Refused, ReasonMissing.
    """
    now, by, terms = at or datetime.now(UTC), _known(by), terms or Terms()
    if found := _problems(on, terms, now):
        raise PauseRefused(found)
    with _acts([(PAUSED[one.scope], _ref(one), one.retailer_id) for one in on], by, reason, permission, now) as acts:
        connections = lock_connections({one.id for one in on if one.scope != Scope.FLOW})
        wanted = [_row(one, by, reason.strip(), terms, now) for one in on]
        flows = _flows_of(wanted)
        lock_flows(flows)
        _refuse_changed(on, seen)
        made = Pause.objects.bulk_create(wanted)
        project_flows(flows)
        targets = {one.id for one in on if one.scope == Scope.TARGET}
        project_endpoints((row for row in connections if row.pk in targets), ())
        for act, row in zip(acts, made, strict=True):
            act.after = _told(row)
        wake([one.retailer_id for one in on])
    return made


def resume(
    ids: Collection[UUID], *, by: Principal, reason: str, permission: str = MAY, at: datetime | None = None
) -> list[Pause]:
    """End these pauses. What no other one stands over goes on: slowly at first where the target stood still.

    Raises: StaleState where one has ended by now, Pause.DoesNotExist, Refused, ReasonMissing.
    """
    now, by = at or datetime.now(UTC), _known(by)
    rows = pauses_by_id(ids)
    with _acts([(RESUMED[row.scope], _ref_of(row), row.retailer_id) for row in rows], by, reason, permission, now) as a:
        if by.retailers != ALL and any(row.by_partner for row in rows):
            raise Refused("Somebody who looks after every retailer paused it: ask them to resume it.")
        _end(rows, by=by.text, reason=reason.strip(), at=now)
        for act, row in zip(a, rows, strict=True):
            act.before = _told(row)
    return rows


def end_expired(*, at: datetime | None = None) -> int:
    """End what its time has come for, each by itself. Safe to run twice, also at the same moment: the second finds
    nothing. Killed in between, it leaves a pause as it was, for the next run.
    """
    now = at or datetime.now(UTC)
    due = Pause.objects.scoped().open().filter(expires_at__lte=now).order_by("expires_at", "pk")
    return sum(_expire(row, now) for row in due.select_related("flow", "connection"))


def _expire(row: Pause, now: datetime) -> bool:
    reason = "Its time was over."
    try:
        with gate(
            EXPIRED, by=_known(system("beat")), object=_ref_of(row), retailer=row.retailer_id, reason=reason
        ) as act:
            _end([row], by="Signalbox", reason=reason, at=now)
            act.before = _told(row)
    except StaleState:
        return False  # somebody, or another beat, was faster
    return True


def _end(rows: Sequence[Pause], *, by: str, reason: str, at: datetime) -> None:
    """Raises StaleState unless all of them were open until now."""
    connections = lock_connections({row.connection_id for row in rows if row.connection_id is not None})
    locked = Pause.objects.open().filter(pk__in=[row.pk for row in rows]).order_by("pk").select_for_update()
    if len(locked) != len(rows):
        raise StaleState("Somebody has resumed it by now.")
    Pause.objects.filter(pk__in=[row.pk for row in rows]).update(ended_at=at, ended_by=by, end_reason=reason)
    _, going = project_flows(_flows_of(rows))
    long = any(at - row.opened_at >= RAMP_AFTER for row in rows)
    targets = {row.connection_id for row in rows if row.scope == Scope.TARGET}
    project_endpoints((row for row in connections if row.pk in targets), going if long else ())
    wake([row.retailer_id for row in rows])


@contextmanager
def _acts(
    each: Sequence[tuple[str, ObjectRef, int]], by: Principal, reason: str, permission: str, at: datetime
) -> Iterator[list[Act]]:
    """One gate an object, one within the other: the outermost one's transaction is that of all."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                gate(action, by=by, object=about, retailer=retailer, reason=reason, permission=permission, at=at)
            )
            for action, about, retailer in each
        ]


def _flows_of(rows: Sequence[Pause]) -> list[int]:
    sources = {row.connection_id for row in rows if row.scope == Scope.SOURCE}
    found = set(Flow.objects.filter(source_id__in=sources).values_list("pk", flat=True)) if sources else set()
    return sorted(found | {row.flow_id for row in rows if row.flow_id is not None})


def _refuse_changed(on: Sequence[On], seen: Collection[UUID] | None) -> None:
    if seen is None:
        return
    places = {(one.scope, one.id) for one in on}
    ids = {one.id for one in on}
    known = Pause.objects.open().filter(Q(flow_id__in=ids) | Q(connection_id__in=ids))
    fresh = [row for row in known if (row.scope, row.flow_id or row.connection_id) in places and row.pk not in seen]
    if fresh:
        raise StaleState(f"Somebody has paused {fresh[0].label} meanwhile: “{fresh[0].reason}”. Look again.")


def _problems(on: Sequence[On], terms: Terms, now: datetime) -> dict[str, str]:
    found = {}
    if not on:
        found[""] = "Choose what to pause."
    elif len(on) > MOST_AT_ONCE:
        found[""] = f"At most {MOST_AT_ONCE} at once."
    if terms.expires_at is not None and terms.expires_at <= now:
        found["expires_at"] = "This time is over already."
    elif terms.expires_at is not None and terms.expires_at > now + LONGEST:
        found["expires_at"] = f"At most {LONGEST.days} days ahead; leave it empty where nobody knows."
    if terms.sla not in Pause.Sla.values:
        found["sla"] = "Choose one of these."
    elif terms.sla == Pause.Sla.EXCLUDED and not terms.sla_reason.strip():
        found["sla_reason"] = "Say why it does not count: whoever reads the report will ask."
    return found


def _known(by: Principal) -> Principal:
    """What is done together is found together by its request; who has none gets one."""
    return by if by.request_id else replace(by, request_id=str(uuid7()))


def _row(one: On, by: Principal, reason: str, terms: Terms, now: datetime) -> Pause:
    return Pause(
        retailer_id=one.retailer_id,
        scope=one.scope,
        flow_id=one.id if one.scope == Scope.FLOW else None,
        connection_id=None if one.scope == Scope.FLOW else one.id,
        reason=reason,
        sla=terms.sla,
        sla_reason=terms.sla_reason.strip() if terms.sla == Pause.Sla.EXCLUDED else "",
        opened_at=now,
        opened_by=by.text,
        by_partner=by.retailers == ALL,
        request_id=by.request_id,
        expires_at=terms.expires_at,
    )


_TYPES: Final = {Scope.FLOW: "flow", Scope.SOURCE: "connection", Scope.TARGET: "endpoint"}


def _ref(one: On) -> ObjectRef:
    return ObjectRef(_TYPES[one.scope], str(one.id), one.label)


def _ref_of(row: Pause) -> ObjectRef:
    return ObjectRef(_TYPES[row.scope], str(row.flow_id or row.connection_id), row.label)


def _told(row: Pause) -> dict[str, Any]:
    return {
        "pause": str(row.pk),
        "since": row.opened_at.isoformat(),
        "until": row.expires_at.isoformat() if row.expires_at else None,
        "sla": row.sla,
        "sla_reason": row.sla_reason,
    }
