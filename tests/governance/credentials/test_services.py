"""Storing, rotating and retiring the secrets of a connection."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection

from governance.audit.gate import ReasonMissing, Refused
from governance.audit.models import AuditEvent
from governance.credentials.envelope import CannotOpen
from governance.credentials.keyring import KeyNotHere, Keyring, keyring_at
from governance.credentials.models import Credential
from governance.credentials.selectors import credentials_of_connection, secrets_for_connection
from governance.credentials.services import (
    AlreadyStored,
    mark_used,
    retire_secret,
    rotate_keys,
    rotate_secret,
    store_secret,
)
from tenants.context import Scope, partner_scope
from tenants.partners.models import Partner
from tenants.retailers.models import Retailer
from tests.governance.audit.people import ADA, EVE, OLGA

CONNECTION = 41
CANARY = "canary-3c1f0d"


@pytest.fixture(autouse=True)
def keys(tmp_path: Path, settings: object, partners: dict[str, Partner]) -> Keyring:
    """Keys of this test's own, so that rotating them disturbs nobody."""
    settings.KEYS_DIR = tmp_path / "keys"
    ring = keyring_at(settings.KEYS_DIR)
    for partner in partners.values():
        ring.create(partner.schema_name)
    return ring


@pytest.fixture
def pine(northgate: Scope) -> int:
    return Retailer.objects.get(key="harbour-pine").pk


def store(pine: int, value: str = CANARY, *, field: str = "access_token", purpose: str = "call") -> Credential:
    return store_secret(connection_id=CONNECTION, retailer_id=pine, field=field, value=value, purpose=purpose, by=EVE)


def values(purpose: str = "call", field: str = "access_token") -> list[str]:
    return [secret.reveal() for secret in secrets_for_connection(CONNECTION, purpose).get(field, ())]


def test_a_stored_secret_opens_for_its_purpose_only(pine: int) -> None:
    store(pine)
    store(pine, "signing", field="webhook_secret", purpose="verify")
    assert values() == [CANARY] and values("verify", "webhook_secret") == ["signing"]
    assert values("verify") == []


def test_no_plain_secret_gets_into_the_database(pine: int, northgate: Scope) -> None:
    credential = store(pine)
    rotate_secret(connection_id=CONNECTION, field="access_token", value=CANARY + "2", by=EVE, reason="due")
    told = AuditEvent.objects.filter(object_type="credential")
    assert told.count() == 2 and all(CANARY.encode() not in bytes(event.canonical) for event in told)
    assert CANARY.encode() not in bytes(credential.ciphertext) + bytes(credential.wrapped_key)


def test_storing_over_an_active_secret_is_refused(pine: int) -> None:
    store(pine)
    with pytest.raises(AlreadyStored):
        store(pine, "other")
    assert values() == [CANARY]


def test_while_rotating_two_work_and_the_newer_comes_first(pine: int) -> None:
    store(pine, "one")
    rotate_secret(connection_id=CONNECTION, field="access_token", value="two", by=EVE, reason="due")
    assert values() == ["two", "one"]


def test_a_third_retires_the_oldest(pine: int) -> None:
    old = store(pine, "one")
    for value in ("two", "three"):
        rotate_secret(connection_id=CONNECTION, field="access_token", value=value, by=EVE, reason="due")
    assert values() == ["three", "two"]
    assert bytes(Credential.objects.get(pk=old.pk).ciphertext) == b""


def test_a_retired_secret_is_gone_for_good(pine: int) -> None:
    old = store(pine, "one")
    rotate_secret(connection_id=CONNECTION, field="access_token", value="two", by=EVE, reason="due")
    retire_secret(credential_id=old.pk, by=EVE, reason="due")
    assert values() == ["two"]
    assert bytes(Credential.objects.get(pk=old.pk).ciphertext) == b""


def test_versions_rise_even_after_all_were_retired(pine: int) -> None:
    retire_secret(credential_id=store(pine, "one").pk, by=EVE, reason="due")
    assert store(pine, "two").version == 2


def test_only_who_may_edit_connections_stores_and_only_with_a_reason_rotates(pine: int) -> None:
    with pytest.raises(Refused):
        store_secret(connection_id=1, retailer_id=pine, field="a", value="b", purpose="call", by=ADA)
    store(pine, "one")
    with pytest.raises(ReasonMissing):
        rotate_secret(connection_id=CONNECTION, field="access_token", value="two", by=EVE, reason=" ")
    assert values() == ["one"]


def test_another_retailers_scope_sees_no_secret(pine: int, northgate: Scope) -> None:
    store(pine)
    bell = Retailer.objects.get(key="bluebell").pk
    with partner_scope(northgate.schema, [bell]):
        assert values() == [] and credentials_of_connection(CONNECTION) == []
        assert not Credential.objects.exists()


def test_another_partner_cannot_open_a_copied_row(pine: int, partners: dict[str, Partner]) -> None:
    copied = Credential.objects.filter(pk=store(pine).pk).values().get()
    with partner_scope(partners["tidewater"].schema_name):
        copied["retailer_id"] = Retailer.objects.get().pk
        Credential.objects.create(**copied)
        with pytest.raises(CannotOpen):
            values()


def test_the_trail_tells_of_a_secret_all_but_itself(pine: int) -> None:
    store(pine)
    event = AuditEvent.objects.filter(action="credential.stored").latest("event_id")
    assert json.loads(event.after) == {
        "connection": CONNECTION,
        "field": "access_token",
        "purpose": "call",
        "version": 1,
    }
    assert event.retailer_id == pine and event.object_text == "access_token, version 1"


def test_new_keys_wrap_old_secrets_and_the_old_key_is_no_longer_needed(pine: int, keys: Keyring) -> None:
    store(pine, "one")
    rotate_secret(connection_id=CONNECTION, field="access_token", value="two", by=EVE, reason="due")
    assert rotate_keys(purpose="call", by=OLGA, reason="yearly") == 2
    for path in keys.folder.rglob("*.call.1.key"):
        path.unlink()
    keys._private.clear()
    assert values() == ["two", "one"]
    assert set(Credential.objects.values_list("key_id", flat=True)) == {keys.current(_schema(), "call")}


def test_a_process_without_the_key_stores_but_does_not_read(pine: int, keys: Keyring) -> None:
    for path in (keys.folder / "call").iterdir():
        path.unlink()
    store(pine)
    with pytest.raises(KeyNotHere):
        values()


def test_the_last_use_is_kept(pine: int) -> None:
    at = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
    mark_used(credential_ids=[store(pine).pk], at=at)
    assert credentials_of_connection(CONNECTION)[0].last_used_at == at


def test_no_table_of_the_partner_holds_the_secret_in_any_column(pine: int, northgate: Scope) -> None:
    store(pine)
    looked_at = "SELECT c.relname FROM pg_class c WHERE c.relnamespace = %s::regnamespace AND NOT c.relispartition"
    with connection.cursor() as cursor:
        cursor.execute(f"{looked_at} AND c.relkind IN ('r', 'p')", [northgate.schema])
        for (table,) in cursor.fetchall():
            found = f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE %s OR t::text LIKE %s'
            cursor.execute(found, [f"%{CANARY}%", f"%{CANARY.encode().hex()}%"])
            assert cursor.fetchone() == (0,), table


def _schema() -> str:
    return Partner.objects.get(key="northgate").schema_name
