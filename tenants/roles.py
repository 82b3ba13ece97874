"""The database's login roles, and what each may do.

The owner migrates and owns everything. The application role reads and writes rows: it has no DDL, owns nothing
and cannot bypass row-level security, because for a superuser, for BYPASSRLS and for an owner a policy is vacuous.
Every function here may run twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from psycopg import sql

OWNER = "signalbox_owner"
APP = "signalbox_app"
SEALER = "signalbox_sealer"
READONLY = "signalbox_readonly"
# Not ours: the stand-ins of the demo (an ERP) keep their own databases under it, and see nothing of ours.
SANDBOX = "signalbox_sandbox"
DATABASE = "signalbox"
APPEND_ONLY = "append-only"
READ_ONLY = "read-only"


class Cursor(Protocol):
    """Django's or psycopg's."""

    def execute(self, query: Any, params: Any = None) -> Any: ...

    def fetchone(self) -> Any: ...

    def fetchall(self) -> Any: ...


def ensure_login(cursor: Cursor, role: str, password: str | None, *, may_create_databases: bool = False) -> None:
    """Create the role if it is missing and set its password. Without a password it cannot sign in.

    The attributes that matter are left at their weak defaults and not spelled out: since PostgreSQL 16 only a
    superuser may even mention them. What an older role has is for `doctor` to refuse.
    """
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
    if cursor.fetchone() is None:
        _run(cursor, sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
    if password is not None:
        _run(cursor, sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(password)))
    if may_create_databases:
        _run(cursor, sql.SQL("ALTER ROLE {} CREATEDB").format(sql.Identifier(role)))


def ensure_database(cursor: Cursor, database: str, *, owner: str = OWNER) -> None:
    """Needs a superuser, or a member of `owner` that may create databases; outside a transaction."""
    cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database])
    if cursor.fetchone() is None:
        statement = sql.SQL("CREATE DATABASE {} OWNER {}")
        _run(cursor, statement.format(sql.Identifier(database), sql.Identifier(owner)))


def grant_database(cursor: Cursor, *, app: str = APP, sealer: str = SEALER, readonly: str = READONLY) -> None:
    """As the owner: let the other roles in, now and for every schema and table the owner makes later."""
    cursor.execute("SELECT current_database(), current_user")
    database, owner = cursor.fetchone()
    for statement in database_grants(database, owner=owner, app=app, sealer=sealer, readonly=readonly):
        _run(cursor, statement)
    for schema in owned_schemas(cursor):
        grant_schema(cursor, schema, app=app, sealer=sealer, readonly=readonly)


def database_grants(database: str, *, owner: str, app: str, sealer: str, readonly: str) -> Iterable[sql.Composed]:
    """The standing grants, as statements: what `setup_roles --print` shows."""
    names = {"db": sql.Identifier(database), "owner": sql.Identifier(owner), "app": sql.Identifier(app)}
    names |= {"sealer": sql.Identifier(sealer), "readonly": sql.Identifier(readonly)}
    future = "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT"
    for text in (
        "REVOKE ALL ON DATABASE {db} FROM PUBLIC",
        "GRANT CONNECT ON DATABASE {db} TO {app}, {sealer}, {readonly}",
        f"{future} USAGE ON SCHEMAS TO {{app}}, {{sealer}}, {{readonly}}",
        f"{future} SELECT, INSERT, UPDATE, DELETE ON TABLES TO {{app}}",
        f"{future} USAGE, SELECT ON SEQUENCES TO {{app}}",
        f"{future} SELECT ON TABLES TO {{readonly}}",
    ):
        yield sql.SQL(text).format(**names)


def grant_schema(
    cursor: Cursor,
    schema: str,
    *,
    app: str = APP,
    sealer: str = SEALER,
    readonly: str = READONLY,
) -> None:
    """As the owner, after a schema was made or migrated: exactly the grants its tables should have.

    To tables marked append-only the application may add, and the sealer may read them. Partitions are
    closed to everyone, since a policy on the parent does not guard a partition that is named directly.
    """
    names = {"schema": sql.Identifier(schema), "app": sql.Identifier(app)}
    names |= {"sealer": sql.Identifier(sealer), "readonly": sql.Identifier(readonly)}
    for text in (
        "GRANT USAGE ON SCHEMA {schema} TO {app}, {sealer}, {readonly}",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {app}",
        "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {app}",
        "GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {readonly}",
    ):
        _run(cursor, sql.SQL(text).format(**names))
    for table in marked_tables(cursor, schema, APPEND_ONLY):
        names["table"] = sql.Identifier(schema, table)
        _run(cursor, sql.SQL("REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {app}").format(**names))
        _run(cursor, sql.SQL("GRANT SELECT ON {table} TO {sealer}").format(**names))
    for table in marked_tables(cursor, schema, READ_ONLY):
        names["table"] = sql.Identifier(schema, table)
        _run(cursor, sql.SQL("REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON {table} FROM {app}").format(**names))
    for partition in partitions(cursor, schema):
        close_partition(cursor, schema, partition, app=app, readonly=readonly)


def close_partition(cursor: Cursor, schema: str, table: str, *, app: str = APP, readonly: str = READONLY) -> None:
    """Take back what the default privileges gave on a new partition. Whoever makes partitions calls this."""
    statement = sql.SQL("REVOKE ALL ON {} FROM {}, {}")
    _run(cursor, statement.format(sql.Identifier(schema, table), sql.Identifier(app), sql.Identifier(readonly)))


def partitions(cursor: Cursor, schema: str) -> list[str]:
    cursor.execute(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = %s AND c.relispartition AND c.relkind IN ('r', 'p')",
        [schema],
    )
    return [name for (name,) in cursor.fetchall()]


def owned_schemas(cursor: Cursor) -> list[str]:
    """`public` and every schema of the current user."""
    cursor.execute(
        "SELECT nspname FROM pg_namespace WHERE nspname = 'public' "
        "OR nspowner = (SELECT oid FROM pg_roles WHERE rolname = current_user) ORDER BY nspname"
    )
    return [name for (name,) in cursor.fetchall()]


def marked_tables(cursor: Cursor, schema: str, mark: str) -> list[str]:
    """Tables marked by their migration: COMMENT ON TABLE ... IS 'append-only' (the trail's) or 'read-only' (shared).

    The mark lies with the table, so that whoever grants, and however often, finds it.
    """
    cursor.execute(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = %s AND c.relkind IN ('r', 'p') AND obj_description(c.oid, 'pg_class') = %s",
        [schema, mark],
    )
    return [name for (name,) in cursor.fetchall()]


def _run(cursor: Cursor, statement: sql.Composed) -> None:
    # As text: Django's cursors log and time text, and these statements take no parameters.
    cursor.execute(statement.as_string(None))
