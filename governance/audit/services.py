"""Writing the trail: in the transaction of the act, so both are there or neither."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import models, transaction

from governance.access.principal import Principal
from governance.audit.changes import change_values, tracked
from governance.audit.events import ObjectRef, event_values
from governance.audit.models import AuditEvent
from governance.redaction.names import HIDDEN


def record(
    action: str,
    *,
    by: Principal,
    object: ObjectRef | models.Model | None = None,
    retailer: int | None = None,
    reason: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    outcome: str = "done",
    at: datetime | None = None,
) -> AuditEvent:
    """Add one event to the retailer's log, or to the partner's own where `retailer` is None. One INSERT."""
    values = event_values(
        action,
        by=by,
        object=object,
        retailer=retailer,
        reason=reason,
        before=before,
        after=after,
        outcome=outcome,
        at=at,
    )
    return AuditEvent.objects.create(**values)


def audited_bulk(queryset: models.QuerySet, changes: Mapping[str, Any], *, by: Principal, reason: str = "") -> int:
    """`queryset.update(**changes)` on a tracked model, with one event for each row that changes.

    auditlog does not see bulk statements. Rows that already hold the values are left alone. Three statements.
    """
    rules = tracked(queryset.model)
    with transaction.atomic():
        rows = [row for row in queryset.select_for_update() if _differs(row, changes)]
        events = [
            change_values(row, "changed", _pairs(row, changes, rules.hidden), by=by, reason=reason) for row in rows
        ]
        queryset.model._default_manager.filter(pk__in=[row.pk for row in rows]).update(**changes)
        AuditEvent.objects.bulk_create(AuditEvent(**values) for values in events)
    return len(rows)


def _differs(row: models.Model, changes: Mapping[str, Any]) -> bool:
    return any(getattr(row, field) != new for field, new in changes.items())


def _pairs(row: models.Model, changes: Mapping[str, Any], hidden: tuple[str, ...]) -> dict[str, tuple[Any, Any]]:
    return {
        field: (HIDDEN, HIDDEN) if field in hidden else (getattr(row, field), new)
        for field, new in changes.items()
        if getattr(row, field) != new
    }
