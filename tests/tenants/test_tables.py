"""Which tables stand where: a shared table is the exception, and every table of a retailer is guarded."""

from __future__ import annotations

import pytest
from django.db import connection

PUBLIC = {"django_migrations", "django_content_type", "partners_partner", "partners_domain"}
# Tables of a partner as a whole: they say nothing of a single retailer.
OF_THE_PARTNER = {
    "access_onetimelink",
    "access_signinfailure",
    "api_keptanswer",
    "auth_group",
    "auth_group_permissions",
    "auth_permission",
    "django_migrations",
    "django_session",
    "egress_allowedhost",
    "engine_head",
    "people_person",
    "retention_clock",
    "retention_period",
    "rollups_late",
    "rollups_progress",
}


def tables(schema: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
            " WHERE nspname = %s AND relkind IN ('r', 'p') AND NOT relispartition",
            [schema],
        )
        return {row[0] for row in cursor.fetchall()}


def columns(schema: str, table: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = format('%%I.%%I', %s, %s)::regclass AND attnum > 0",
            [schema, table],
        )
        return {row[0] for row in cursor.fetchall()}


def test_public_holds_partners_and_nothing_of_them(db):
    assert tables("public") == PUBLIC


def test_no_table_stands_in_both_schemas(northgate):
    assert tables("public") & tables(northgate.schema) == {"django_migrations"}


def guarded(schema: str) -> set[str]:
    """Tables whose policy binds everyone but a superuser, and is the one of tenants.rls."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
            " JOIN pg_policy p ON p.polrelid = c.oid"
            " WHERE nspname = %s AND relrowsecurity AND relforcerowsecurity AND p.polcmd IN ('*', 'r')"
            " AND p.polpermissive AND pg_get_expr(p.polqual, c.oid) LIKE '%%app.retailers%%'",
            [schema],
        )
        return {row[0] for row in cursor.fetchall()}


@pytest.mark.parametrize("partner", ["northgate", "tidewater"])
def test_every_table_of_a_retailer_forces_row_level_security(partners, db, partner):
    """A new table without a retailer is named in OF_THE_PARTNER, with a thought: whose rows are they?"""
    schema = partners[partner].schema_name
    with_retailer = {table for table in tables(schema) if "retailer_id" in columns(schema, table)}
    assert with_retailer | {"retailers_retailer"} == guarded(schema)
    assert tables(schema) - guarded(schema) == OF_THE_PARTNER


def test_no_policy_lets_more_through_than_the_guard(northgate):
    """Policies of one table are joined by OR: a second one would open what the first one closes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, p.polname, p.polcmd, pg_get_expr(p.polqual, c.oid) FROM pg_policy p"
            " JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE nspname = %s AND p.polcmd <> 'a' AND pg_get_expr(p.polqual, c.oid) NOT LIKE '%%app.retailers%%'",
            [northgate.schema],
        )
        assert cursor.fetchall() == []


def test_the_app_role_may_read_no_partition_past_its_parent(northgate):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
            " WHERE nspname = %s AND relispartition AND has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE')",
            [northgate.schema],
        )
        assert cursor.fetchall() == []


def test_the_app_role_may_not_change_the_shared_tables(db):
    with connection.cursor() as cursor:
        for table in ("partners_partner", "partners_domain"):
            cursor.execute("SELECT has_table_privilege(%s, 'INSERT, UPDATE, DELETE')", [table])
            assert cursor.fetchone() == (False,)
