"""Changes of configuration get into the trail by themselves, under the right name, from every door."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest
from auditlog.registry import auditlog
from django.apps import apps
from django.db import connection

from governance.audit.changes import TRACKED
from governance.audit.context import acting
from governance.audit.models import AuditEvent
from governance.audit.services import audited_bulk
from governance.registry.models import RetailConnection
from tenants.context import ALL, Scope, in_scope, partner_scope, scope_of
from tenants.partners.models import Partner
from tenants.people.models import Person
from tenants.retailers.models import Retailer, Store
from tests.governance.audit.people import ADA, EVE
from tests.support.cluster import TestCluster


def events(action: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action=action).order_by("-event_id"))


@pytest.fixture
def pine(northgate: Scope) -> Retailer:
    return Retailer.objects.get(key="harbour-pine")


def test_every_tracked_model_is_watched_and_nothing_else_is() -> None:
    assert {model._meta.label for model in auditlog.get_models()} == set(TRACKED)


def test_a_change_tells_what_was_and_what_is(pine: Retailer) -> None:
    with acting(ADA):
        pine.currency = "EUR"
        pine.save()
    event = events("retailer.changed")[0]
    assert json.loads(event.before) == {"currency": "USD"} and json.loads(event.after) == {"currency": "EUR"}
    assert (event.actor_id, event.object_id, event.object_text) == ("ada", str(pine.pk), "Harbour & Pine")
    assert event.retailer_id == pine.pk


def test_creating_and_deleting_are_told_too(pine: Retailer) -> None:
    with acting(ADA):
        store = Store.objects.create(retailer=pine, key="999", name="Quay")
        store.delete()
    made, gone = events("store.created")[0], events("store.deleted")[0]
    assert made.before is None and json.loads(made.after)["name"] == "Quay"
    assert gone.after is None and json.loads(gone.before)["name"] == "Quay"


def test_saving_without_a_change_tells_nothing(pine: Retailer) -> None:
    before = AuditEvent.objects.count()
    pine.save()
    assert AuditEvent.objects.count() == before


def test_a_password_is_changed_but_never_told(northgate: Scope) -> None:
    ada = Person.objects.get(email="ada@northgate.example")
    with acting(EVE):
        ada.set_password("another-long-password")
        ada.save()
    event = events("person.changed")[0]
    assert json.loads(event.after) == {"password": "•••"}
    assert event.retailer_id is None and ada.password.encode() not in event.canonical


def test_a_persons_taste_is_nobodys_business(northgate: Scope) -> None:
    before = AuditEvent.objects.count()
    ada = Person.objects.get(email="ada@northgate.example")
    ada.theme = "dark"
    ada.save()
    assert AuditEvent.objects.count() == before


def test_a_connection_is_told_without_secrets_and_without_its_address(pine: Retailer) -> None:
    made = RetailConnection.objects.create(
        retailer=pine,
        key="x",
        label="X",
        connector="shopify",
        config={"shop": "a", "nested": {"api_key": "k-1"}},
        intake_hash=b"\xff\xfe",
    )
    event = events("connection.created")[0]
    after = json.loads(event.after)
    assert after["config"] == {"shop": "a", "nested": {"api_key": "•••"}} and event.object_id == str(made.pk)
    assert "intake_hash" not in after and "flows_out" not in after


def test_a_change_nobody_is_named_for_says_so(pine: Retailer) -> None:
    pine.name = "Harbour and Pine"
    pine.save()
    assert events("retailer.changed")[0].actor_id == "unattributed"


async def test_the_actor_is_right_in_code_called_from_coroutines(committed: TestCluster) -> None:
    """Two people at once on one event loop, each in a thread of their own."""
    schema = (await in_scope_of_public()).schema_name

    async def rename(who: object, key: str) -> None:
        with acting(who):
            await in_scope(scope_of(schema), _rename, key, f"by {who.id}")

    await asyncio.gather(rename(ADA, "harbour-pine"), rename(EVE, "bluebell"))
    told = await in_scope(scope_of(schema), _who_renamed)
    assert told == {"by ada": "ada", "by eve": "eve"}


def test_the_actor_does_not_leak_into_other_threads(committed: TestCluster) -> None:
    schema = Partner.objects.get(key="northgate").schema_name

    def other() -> None:
        with partner_scope(schema, ALL):
            _rename("bluebell", "by nobody")
        connection.close()

    with acting(ADA), partner_scope(schema, ALL):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert _who_renamed() == {"by nobody": "unattributed"}


def test_a_bulk_change_tells_every_row_it_changes(pine: Retailer) -> None:
    for key in ("a", "b", "c"):
        Store.objects.create(retailer=pine, key=key, name=key)
    stores = Store.objects.filter(key__in=["a", "b", "c"])
    Store.objects.filter(key="c").update(is_active=False)
    assert audited_bulk(stores, {"is_active": False}, by=ADA, reason="closed") == 2
    told = [event for event in events("store.changed") if event.reason == "closed"]
    assert {event.object_text for event in told} == {"a", "b"} and {event.actor_id for event in told} == {"ada"}
    assert json.loads(told[0].before) == {"is_active": True}
    assert not stores.filter(is_active=True).exists()


def test_a_bulk_change_is_for_tracked_models_only(northgate: Scope) -> None:
    with pytest.raises(KeyError):
        audited_bulk(apps.get_model("credentials.Credential").objects.all(), {"field": "x"}, by=ADA)


async def in_scope_of_public() -> Partner:
    return await asyncio.to_thread(lambda: Partner.objects.get(key="northgate"))


def _rename(key: str, name: str) -> None:
    retailer = Retailer.objects.get(key=key)
    retailer.name = name
    retailer.save()


def _who_renamed() -> dict[str, str]:
    return {json.loads(e.after)["name"]: e.actor_id for e in events("retailer.changed") if "by " in (e.after or "")}
