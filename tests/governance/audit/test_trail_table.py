"""What PostgreSQL itself holds of the trail's promises."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from governance.access.principal import system
from governance.audit.events import ObjectRef
from governance.audit.models import AuditEvent
from governance.audit.services import record


@pytest.fixture
def event(northgate):
    return record("partner.created", by=system("test"), object=ObjectRef("partner", "1", "Northgate"))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_auditevent SET reason = 'other'",
        "UPDATE audit_auditevent SET seq = 1, chain = 'x', reason = 'other'",
        "DELETE FROM audit_auditevent",
        "TRUNCATE audit_auditevent",
    ],
)
def test_the_application_cannot_change_the_trail(event, statement):
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert AuditEvent.objects.get(pk=event.pk).reason == ""
