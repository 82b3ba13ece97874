"""The gate every intervention of a person passes: permission, reason, and an event with the outcome."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction

from governance.access.principal import Principal
from governance.access.roles import ACTIONS as PERMISSIONS
from governance.access.roles import who_can
from governance.audit.context import acting
from governance.audit.events import ObjectRef, event_values
from governance.audit.models import AuditEvent
from governance.audit.registry import Action, action_named
from tenants.context import ALL


class GateError(Exception):
    """The act did not happen. The text is one sentence for the person who asked."""


class Refused(GateError):
    """This person may not do this, or not to this retailer."""


class ReasonMissing(GateError):
    """The act needs a reason, and none was given."""


@dataclass(slots=True)
class Act:
    """What the body of a gate may still tell its event."""

    object: ObjectRef | models.Model | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


# Events of acts that did not happen, kept until the outermost gate has rolled back and can write them for good.
_kept: ContextVar[list[dict[str, Any]] | None] = ContextVar("gate_kept", default=None)


@contextmanager
def gate(
    action: str,
    *,
    by: Principal,
    object: ObjectRef | models.Model | None = None,
    retailer: int | None = None,
    reason: str = "",
    permission: str = "",
    at: datetime | None = None,
) -> Iterator[Act]:
    """Run the body in a transaction together with its event; record a refusal or failure though it rolls back.

    `permission` overrides the registry's. The outermost gate must not stand inside another transaction, because
    that one could take the record of a refusal away: Django raises RuntimeError there.
    Raises: Refused, ReasonMissing, and whatever the body raises.
    """
    spec = action_named(action)
    facts = {"by": by, "retailer": retailer, "reason": reason.strip(), "at": at}
    act = Act(object)
    with _keeping() as (kept, outermost):
        try:
            _check(spec, permission or spec.permission, by, retailer, reason)
            with transaction.atomic(durable=outermost), acting(by, reason=reason):
                yield act
                values = event_values(action, object=act.object, before=act.before, after=act.after, **facts)
                AuditEvent.objects.create(**values)
        except (Refused, ReasonMissing) as exc:
            kept.append(_undone(action, act, {**facts, "retailer": _visible(by, retailer)}, "refused", exc))
            raise
        except Exception as exc:
            kept.append(_undone(action, act, facts, "failed", exc))
            raise


@contextmanager
def _keeping() -> Iterator[tuple[list[dict[str, Any]], bool]]:
    kept = _kept.get()
    if kept is not None:
        yield kept, False
        return
    kept = []
    token = _kept.set(kept)
    try:
        yield kept, True
    finally:
        _kept.reset(token)
        if kept:
            AuditEvent.objects.bulk_create(AuditEvent(**values) for values in kept)


def _check(spec: Action, permission: str, by: Principal, retailer: int | None, reason: str) -> None:
    if permission and not by.may(permission):
        roles = ", ".join(who_can(permission))
        raise Refused(f"Your role may not {PERMISSIONS.get(permission, permission)}. These roles may: {roles}.")
    if spec.whole_partner and by.retailers != ALL:
        raise Refused("This counts for every retailer: only people who see all of them may do it.")
    if retailer is not None and not by.sees(retailer):
        raise Refused("You have no access to this retailer.")
    if spec.reason_required and not reason.strip():
        raise ReasonMissing("Please give a reason: it is kept in the audit trail.")


def _undone(action: str, act: Act, facts: dict[str, Any], outcome: str, exc: Exception) -> dict[str, Any]:
    """The error's class and our own sentence go into the trail; another library's message may hold anything."""
    sentence = getattr(exc, "operator_message", "") or (str(exc) if isinstance(exc, GateError) else "")
    after = {"error": type(exc).__name__, **({"message": sentence} if sentence else {})}
    return event_values(action, object=act.object, before=act.before, after=after, outcome=outcome, **facts)


def _visible(by: Principal, retailer: int | None) -> int | None:
    """Who may not see a retailer cannot write into its log: the partner's own takes the refusal."""
    return retailer if retailer is not None and by.sees(retailer) else None
