"""Legal holds of retailers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from django.db import connection

from governance.access.principal import Principal
from governance.audit.events import ObjectRef
from governance.audit.gate import gate
from monitoring.retention import acts  # noqa: F401 registers what is recorded here
from monitoring.retention.models import Hold
from tenants.retailers.models import Retailer

# Whoever prunes takes the same lock, and then reads the holds: a hold that was placed is respected from then on.
LOCK: Final = "SELECT pg_advisory_xact_lock(hashtext('signalbox retention'), hashtext(current_schema()))"
HELD: Final = (
    "SELECT retailer_id FROM retention_hold"
    " WHERE released_at IS NULL AND (until IS NULL OR until >= (now() AT TIME ZONE 'UTC')::date)"
)


def place_hold(retailer: Retailer, *, until: date | None, by: Principal, reason: str, at: datetime) -> Hold:
    """From its return on nothing of the retailer goes. Waits for a batch or a drop under way, at most seconds."""
    about = ObjectRef("hold", retailer.key, retailer.name)
    with gate("hold.placed", by=by, object=about, retailer=retailer.pk, reason=reason, at=at) as act:
        _lock()
        act.after = {"until": until.isoformat() if until else "released"}
        return Hold.objects.create(
            retailer_id=retailer.pk, why=reason.strip(), placed_by=by.text, placed_at=at, until=until
        )


def release_holds(retailer: Retailer, *, by: Principal, reason: str, at: datetime) -> int:
    """All that stand; how many there were."""
    about = ObjectRef("hold", retailer.key, retailer.name)
    with gate("hold.released", by=by, object=about, retailer=retailer.pk, reason=reason, at=at) as act:
        _lock()
        standing = Hold.objects.scoped().filter(retailer_id=retailer.pk, released_at=None)
        released = standing.update(released_at=at, released_by=by.text)
        act.after = {"holds": released}
        return released


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute(LOCK)
