"""django-auditlog behind our own interface: it notices model changes, we write the event.

AUDITLOG_LOGENTRY_MODEL points to AuditEvent, so there is one log and no second table. Its middleware is not used:
the actor is the acting principal of `governance.audit.context`, which views, API and tasks set alike.
"""

from __future__ import annotations

from auditlog.registry import auditlog
from django.apps import apps

from governance.audit.changes import TRACKED


def track_models() -> None:
    for label, rules in TRACKED.items():
        auditlog.register(
            apps.get_model(label),
            exclude_fields=list(rules.ignored),
            mask_fields=list(rules.hidden),
            mask_callable="governance.audit.changes.hide",
        )
