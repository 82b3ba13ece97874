"""Changes of an exception's state. What they mean for its delivery is `connectors.engine.replay`'s."""

from __future__ import annotations

from datetime import datetime

from governance.access.principal import Principal
from monitoring.exceptions.models import ExceptionItem, Transition
from tenants.ids import uuid7


class StaleState(RuntimeError):
    """Someone was quicker: the exception is no longer in the state the page showed."""


def change_state(item: ExceptionItem, *, to: str, by: Principal, reason: str, at: datetime) -> None:
    """Compare and swap from the state `item` was read in. Inside the caller's transaction and gate.

    Raises: StaleState.
    """
    if item.state == to:
        raise StaleState(f"This exception is {ExceptionItem.State(to).label} already.")
    values: dict[str, object] = {"state": to}
    if to == ExceptionItem.State.RESOLVED:
        values |= {"resolution": reason, "resolved_at": at}
    changed = ExceptionItem.objects.scoped().filter(pk=item.pk, state=item.state).update(**values)
    if changed != 1:
        raise StaleState("Someone else has just changed this exception.")
    _record(item, to, by, reason, at)


def note_decision(item: ExceptionItem, *, by: Principal, reason: str, at: datetime) -> None:
    """A decision that leaves the exception open, in its history. Inside the caller's transaction and gate.

    Raises: StaleState.
    """
    if not ExceptionItem.objects.scoped().select_for_update().filter(pk=item.pk, state=item.state).exists():
        raise StaleState("Someone else has just changed this exception.")
    _record(item, item.state, by, reason, at)


def _record(item: ExceptionItem, to: str, by: Principal, reason: str, at: datetime) -> None:
    Transition.objects.create(
        id=uuid7(),
        retailer_id=item.retailer_id,
        exception_id=item.pk,
        at=at,
        from_state=item.state,
        to_state=to,
        by=by.text,
        reason=reason,
    )
