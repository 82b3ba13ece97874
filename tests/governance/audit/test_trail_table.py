"""What PostgreSQL itself holds of the trail's promises."""

from __future__ import annotations

import psycopg
import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from governance.audit.canonical import canonical, leaf_hash
from governance.audit.events import ObjectRef, canonical_record
from governance.audit.models import AuditEvent
from governance.audit.services import record
from tenants import roles
from tenants.context import Scope, partner_scope
from tenants.retailers.models import Retailer
from tests.governance.audit.people import ADA, OLGA
from tests.support.cluster import TestCluster

CHANGES = [
    "UPDATE audit_auditevent SET reason = 'other'",
    "UPDATE audit_auditevent SET seq = 1, chain = 'x', reason = 'other'",
    "DELETE FROM audit_auditevent",
    "TRUNCATE audit_auditevent",
]


@pytest.fixture
def event(northgate: Scope) -> AuditEvent:
    return record("partner.created", by=OLGA, object=ObjectRef("partner", "1", "Northgate"))


@pytest.fixture
def retailers(northgate: Scope) -> dict[str, int]:
    return dict(Retailer.objects.values_list("key", "id"))


@pytest.mark.parametrize("statement", CHANGES)
def test_the_application_cannot_change_the_trail(event: AuditEvent, statement: str) -> None:
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert AuditEvent.objects.get(pk=event.pk).reason == ""


@pytest.mark.parametrize("statement", CHANGES)
def test_neither_can_the_owner(northgate: Scope, cluster: TestCluster, statement: str) -> None:
    with psycopg.connect(cluster.owner_url(settings.DATABASES["default"]["NAME"])) as owner:
        owner.execute("SELECT set_config('search_path', %s, false)", [northgate.search_path])
        owner.execute("SELECT set_config('app.retailers', '*', false)")
        if statement.startswith("DELETE"):
            assert owner.execute(statement).rowcount == 0  # no policy shows the owner a row to delete
            return
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
            owner.execute(statement)


def test_not_even_a_superuser_deletes_by_accident(northgate: Scope, cluster: TestCluster) -> None:
    """Row-level security is nothing to a superuser; the trigger still is. (On purpose they can drop it.)"""
    refused = pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only")
    with psycopg.connect(cluster.url(settings.DATABASES["default"]["NAME"])) as superuser, refused:
        superuser.execute(f'DELETE FROM "{northgate.schema}".audit_auditevent')


def test_a_number_is_given_once_and_changes_nothing_else(northgate: Scope, cluster: TestCluster) -> None:
    """What the sealer will do; as the owner, whom only the trigger binds."""
    with psycopg.connect(cluster.owner_url(settings.DATABASES["default"]["NAME"])) as owner:
        owner.execute("SELECT set_config('search_path', %s, false)", [northgate.search_path])
        owner.execute("SELECT set_config('app.retailers', '*', false)")
        one = owner.execute("SELECT event_id FROM audit_auditevent WHERE retailer_id IS NOT NULL LIMIT 1").fetchone()
        number = "UPDATE audit_auditevent SET seq = %s, chain = 'c' WHERE event_id = %s"
        assert owner.execute(number, [1, one[0]]).rowcount == 1
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
            owner.execute(number, [2, one[0]])
        owner.rollback()


def test_the_row_holds_the_bytes_that_are_hashed(event: AuditEvent, northgate: Scope) -> None:
    row = AuditEvent.objects.filter(pk=event.pk).values().get()
    built = canonical(canonical_record(row, partner=northgate.schema))
    assert bytes(row["canonical"]) == built
    assert bytes(row["leaf"]) == leaf_hash(built)
    assert (row["seq"], row["chain"]) == (None, None)


def test_an_event_that_another_partner_holds_has_other_bytes(event: AuditEvent) -> None:
    row = AuditEvent.objects.filter(pk=event.pk).values().get()
    assert canonical(canonical_record(row, partner="p_other")) != bytes(row["canonical"])


def test_a_retailer_sees_its_own_log_and_never_the_partners(retailers: dict[str, int], northgate: Scope) -> None:
    pine, bell = retailers["harbour-pine"], retailers["bluebell"]
    own = record("connection.changed", by=ADA, retailer=pine)
    other = record("connection.changed", by=ADA, retailer=bell)
    partners = record("partner.created", by=ADA)
    with partner_scope(northgate.schema, [pine]):
        seen = set(AuditEvent.objects.values_list("pk", flat=True))
        assert own.pk in seen and not seen & {other.pk, partners.pk}
        assert set(AuditEvent.objects.values_list("retailer_id", flat=True)) == {pine}


def test_a_retailers_person_writes_to_their_log_and_the_partners_but_to_no_other(
    retailers: dict[str, int], northgate: Scope
) -> None:
    with partner_scope(northgate.schema, [retailers["harbour-pine"]]):
        record("person.signed_in", by=ADA, retailer=retailers["harbour-pine"])
        record("person.signed_in", by=ADA)
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            record("person.signed_in", by=ADA, retailer=retailers["bluebell"])


def test_the_grants_survive_a_second_set_up(event: AuditEvent, cluster: TestCluster, northgate: Scope) -> None:
    with psycopg.connect(cluster.owner_url(settings.DATABASES["default"]["NAME"])) as owner:
        roles.grant_database(owner.cursor())
        granted = owner.execute(
            "SELECT privilege_type FROM information_schema.role_table_grants"
            " WHERE table_schema = %s AND table_name = 'audit_auditevent' AND grantee = %s",
            [northgate.schema, roles.APP],
        ).fetchall()
        owner.rollback()
    assert {privilege for (privilege,) in granted} == {"SELECT", "INSERT"}
