"""What an event says, and what it must not."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from django.db import transaction

from governance.audit.events import ObjectRef
from governance.audit.models import AuditEvent
from governance.audit.registry import UnknownAction
from governance.audit.selectors import events_about, recent_events
from governance.audit.services import record
from tenants.context import NoScope, Scope
from tests.governance.audit.people import ADA

AT = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)


def test_an_event_keeps_actor_object_reason_and_request_as_text(northgate: Scope) -> None:
    event = record("connection.changed", by=ADA, object=ObjectRef("connection", "7", "Shop"), reason="why", at=AT)
    row = AuditEvent.objects.get(pk=event.pk)
    assert (row.actor_text, row.actor_role, row.source_ip, row.request_id) == (ADA.text, "operator", "192.0.2.7", "r-1")
    assert (row.object_type, row.object_id, row.object_text) == ("connection", "7", "Shop")
    assert (row.reason, row.outcome, row.at) == ("why", "done", AT)


def test_secrets_never_get_into_before_and_after(northgate: Scope) -> None:
    event = record(
        "connection.changed",
        by=ADA,
        before={"config": {"access_token": "shpat_1", "shop": "a"}},
        after={"config": {"access_token": "shpat_2", "shop": "b"}, "list": [{"password": "x"}]},
    )
    assert json.loads(event.before) == {"config": {"access_token": "•••", "shop": "a"}}
    assert b"shpat" not in event.canonical and b'\\"x\\"' not in event.canonical


def test_an_act_on_personal_data_keeps_no_values(northgate: Scope) -> None:
    event = record("payload.revealed", by=ADA, reason="asked", before={"email": "a@x"}, after={"email": "b@x"})
    assert event.before is None and event.after is None
    assert b"a@x" not in event.canonical


def test_text_that_postgres_cannot_hold_does_not_stop_an_act(northgate: Scope) -> None:
    event = record("connection.changed", by=ADA, reason="a\x00b\ud800", after={"n": "\x00", "s": "\udfff"})
    assert AuditEvent.objects.get(pk=event.pk).reason == "a\ufffdb\ufffd\ufffd\ufffd"


def test_an_event_goes_with_the_transaction_it_tells_of(northgate: Scope) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        event = record("connection.changed", by=ADA)
        raise RuntimeError
    assert not AuditEvent.objects.filter(pk=event.pk).exists()


def test_an_act_nobody_registered_cannot_be_recorded(northgate: Scope) -> None:
    with pytest.raises(UnknownAction):
        record("connection.eaten", by=ADA)


def test_nothing_is_recorded_outside_a_partner() -> None:
    with pytest.raises(NoScope):
        record("connection.changed", by=ADA)


def test_events_are_read_newest_first_and_page_by_page(northgate: Scope) -> None:
    events = [record("connection.changed", by=ADA, object=ObjectRef("connection", "77")) for _ in range(3)]
    assert [e.pk for e in events_about("connection", "77")] == [e.pk for e in reversed(events)]
    assert recent_events(before=events[1].pk, limit=1)[0].pk == events[0].pk
