"""Three clocks: bodies go first, then what is told of messages, then the keys by which a repeat is known."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from governance.access.principal import Principal
from governance.audit.events import ObjectRef
from governance.audit.gate import gate
from monitoring.retention import acts  # noqa: F401 registers what is recorded here
from monitoring.retention.models import Clock

PAYLOAD: Final = "payload"
RECORDS: Final = "records"
KEYS: Final = "keys"
DEFAULT_DAYS: Final = {PAYLOAD: 90, RECORDS: 400, KEYS: 400}
LEAST_DAYS: Final = {PAYLOAD: 7, RECORDS: 30, KEYS: 400}
MOST_DAYS: Final = 36_500


class WrongClock(ValueError):
    """The number cannot be; the text says why."""


def clocks() -> dict[str, int]:
    """Days by kind for the partner in scope. One query."""
    return DEFAULT_DAYS | dict(Clock.objects.values_list("kind", "days"))


def set_clock(kind: str, days: int, *, by: Principal, reason: str, at: datetime) -> None:
    """Raises WrongClock, and what the gate raises."""
    before = clocks()
    after = before | {kind: days}
    with gate("retention.changed", by=by, object=ObjectRef("retention", kind, kind), reason=reason, at=at) as act:
        _judge(kind, after)
        Clock.objects.update_or_create(kind=kind, defaults={"days": days})
        act.before, act.after = {"days": before[kind]}, {"days": days}


def _judge(kind: str, days: dict[str, int]) -> None:
    if kind not in DEFAULT_DAYS:
        raise WrongClock(f"{kind!r} is none of {', '.join(DEFAULT_DAYS)}")
    if not LEAST_DAYS[kind] <= days[kind] <= MOST_DAYS:
        raise WrongClock(f"{kind} are kept {LEAST_DAYS[kind]} to {MOST_DAYS} days")
    if not days[PAYLOAD] <= days[RECORDS] <= days[KEYS]:
        raise WrongClock("bodies may not outlive records, nor records the keys")
