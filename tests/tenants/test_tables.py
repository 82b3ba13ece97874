"""Which tables stand where: a shared table is the exception, and every table of a retailer is guarded."""

from __future__ import annotations

from django.db import connection

PUBLIC = {"django_migrations", "django_content_type", "partners_partner", "partners_domain"}
# Tables of a partner as a whole: they say nothing of a single retailer.
OF_THE_PARTNER = {
    "django_migrations",
    "django_session",
    "engine_head",
    "people_person",
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


def test_every_table_with_a_retailer_forces_row_level_security(northgate):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
            " WHERE nspname = %s AND relrowsecurity AND relforcerowsecurity",
            [northgate.schema],
        )
        guarded = {row[0] for row in cursor.fetchall()}
    with_retailer = {t for t in tables(northgate.schema) if "retailer_id" in columns(northgate.schema, t)}
    assert with_retailer | {"retailers_retailer"} == guarded & (with_retailer | {"retailers_retailer"})


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
