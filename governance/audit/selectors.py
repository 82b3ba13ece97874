"""Reading the trail."""

from __future__ import annotations

from uuid import UUID

from governance.audit.models import AuditEvent


def recent_events(*, before: UUID | None = None, limit: int = 50) -> list[AuditEvent]:
    """The newest events of every log the scope shows, newest first, keyset by id. The partner's own under ALL only."""
    events = AuditEvent.objects.scoped()
    if before is not None:
        events = events.filter(event_id__lt=before)
    return list(events.defer("canonical", "leaf", "chain")[:limit])


def events_about(object_type: str, object_id: str, *, limit: int = 50) -> list[AuditEvent]:
    events = AuditEvent.objects.scoped().filter(object_type=object_type, object_id=object_id)
    return list(events.defer("canonical", "leaf", "chain")[:limit])
