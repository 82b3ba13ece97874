"""Model changes as events: which models are tracked, under which noun, and what of them stays hidden."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db import models

from governance.access.principal import Principal, system
from governance.audit.context import current_actor, current_reason
from governance.audit.events import event_values, ref
from governance.redaction.names import HIDDEN

UNATTRIBUTED: Final = system("unattributed")


@dataclass(frozen=True, slots=True)
class Tracked:
    """`hidden` fields are recorded as changed, without their values; `ignored` ones are not recorded."""

    noun: str
    hidden: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


# A person's own taste, and the sign-in, which has its own event.
PREFERENCES: Final = ("last_login", "theme", "timezone", "density", "times", "zone", "shortcuts")
TRACKED: Final = {
    # Bytes break auditlog's diff; whoever changes the intake address records that act by name.
    "registry.RetailConnection": Tracked("connection", ignored=("intake_hash",)),
    "registry.Flow": Tracked("flow"),
    "egress.AllowedHost": Tracked("host"),
    "people.Person": Tracked("person", hidden=("password",), ignored=PREFERENCES),
    "people.RetailerGrant": Tracked("access"),
    "retailers.Retailer": Tracked("retailer"),
    "retailers.Store": Tracked("store"),
}


def tracked(model: type[models.Model]) -> Tracked:
    return TRACKED[model._meta.label]


def hide(_: str) -> str:
    return HIDDEN


def change_values(
    instance: models.Model,
    verb: str,
    changes: Mapping[str, tuple[Any, Any]],
    *,
    by: Principal | None = None,
    reason: str = "",
) -> dict[str, Any]:
    """Column values of the event that tells this change. Without `by` the acting principal of the context."""
    noun = tracked(type(instance)).noun
    columns = {field.name for field in instance._meta.concrete_fields}  # auditlog also lists what points here
    told = {field: pair for field, pair in changes.items() if field in columns}
    return event_values(
        f"{noun}.{verb}",
        by=by or current_actor() or UNATTRIBUTED,
        object=ref(instance, noun),
        retailer=retailer_of(instance),
        reason=reason or current_reason(),
        before=None if verb == "created" else {field: old for field, (old, _) in told.items()},
        after=None if verb == "deleted" else {field: new for field, (_, new) in told.items()},
    )


def retailer_of(instance: models.Model) -> int | None:
    """The log a change belongs to; None is the partner's own."""
    if instance._meta.label == "retailers.Retailer":
        return instance.pk
    return getattr(instance, "retailer_id", None)
