"""After a partner was put back: nothing goes out by itself, and the trail says what happened."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from connectors.engine.config import endpoint_of
from connectors.engine.endpoints.services import CannotOverride, hold
from connectors.engine.models import Endpoint
from console.backup.acts import RESTORED
from governance.access.principal import command
from governance.audit.events import ObjectRef
from governance.audit.services import record
from governance.registry.models import RetailConnection

BY = command("restore")


def hold_targets(at: datetime) -> int:
    """Hold every target of the partner in scope. How many are held now.

    The ledger does not know what was delivered after the moment it went back to: a person looks first.
    """
    reason = f"Restored to {at:%Y-%m-%d %H:%M:%S} UTC: compare with the target, then let it go."
    targets = list(RetailConnection.objects.scoped().filter(flows_in__isnull=False).distinct())
    known = set(Endpoint.objects.scoped().values_list("connection_id", flat=True))
    Endpoint.objects.bulk_create(endpoint_of(target) for target in targets if target.pk not in known)
    for target in targets:
        try:
            hold(target, by=BY, reason=reason)
        except CannotOverride:
            continue  # A person held it before.
    return len(targets)


def tell_trail(*, key: str, name: str, reason: str, after: dict[str, Any]) -> None:
    record(RESTORED, by=BY, object=ObjectRef("partner", key, name), reason=reason, after=after)
