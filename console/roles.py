"""Make the database roles: on the embedded PostgreSQL as its superuser, on a server as the owner if it may."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql

from console.embedded.secrets import Secrets
from tenants import roles

ROLES = (roles.APP, roles.SEALER, roles.READONLY)


class NeedsAdministrator(Exception):
    """The owner may not create roles. The message is the SQL a database administrator runs instead."""


@dataclass(frozen=True)
class Login:
    """A role as a URL of the environment names it. Without a password it is made, but cannot sign in."""

    name: str
    password: str | None = field(repr=False)


def set_up_embedded(superuser_url: str, owner_url: str, secrets: Secrets) -> None:
    """Roles, database and grants on the embedded PostgreSQL. Both URLs are psycopg's; may run at every start."""
    with psycopg.connect(superuser_url, autocommit=True) as connection, connection.cursor() as cursor:
        roles.ensure_login(cursor, roles.OWNER, secrets.owner_password)
        roles.ensure_login(cursor, roles.APP, secrets.app_password)
        roles.ensure_login(cursor, roles.SEALER, secrets.sealer_password)
        roles.ensure_login(cursor, roles.READONLY, secrets.readonly_password)
        roles.ensure_login(cursor, roles.SANDBOX, secrets.sandbox_password, may_create_databases=True)
        roles.ensure_database(cursor, roles.DATABASE)
    with psycopg.connect(owner_url) as connection, connection.cursor() as cursor:
        roles.grant_database(cursor)


def set_up_server(environment: Mapping[str, str]) -> list[str]:
    """Roles and grants on the server of DATABASE_URL. The names of the roles it made or renewed.

    Raises:
        NeedsAdministrator: a role is missing and the owner may not create roles.
    """
    logins = logins_from(environment)
    with psycopg.connect(environment["DATABASE_URL"]) as connection, connection.cursor() as cursor:
        missing = [login for login in logins if not _exists(cursor, login.name)]
        if missing and not _may_create_roles(cursor):
            raise NeedsAdministrator(administrator_sql(environment))
        for login in missing:
            roles.ensure_login(cursor, login.name, login.password)
        app, sealer, readonly = (login.name for login in logins)
        roles.grant_database(cursor, app=app, sealer=sealer, readonly=readonly)
    return [login.name for login in missing]


def logins_from(environment: Mapping[str, str]) -> tuple[Login, Login, Login]:
    """App, sealer and readonly: named by APP_, SEALER_ and READONLY_DATABASE_URL, else as in the embedded system."""
    names = ("APP_DATABASE_URL", "SEALER_DATABASE_URL", "READONLY_DATABASE_URL")
    app, sealer, readonly = (_login(environment.get(name, ""), role) for name, role in zip(names, ROLES, strict=True))
    return app, sealer, readonly


def administrator_sql(environment: Mapping[str, str]) -> str:
    """What to run by hand, without any password in it."""
    parts = urlsplit(environment.get("DATABASE_URL", ""))
    database = unquote(parts.path.removeprefix("/")) or roles.DATABASE
    owner = unquote(parts.username or "") or roles.OWNER
    lines = [
        "-- Run this with psql as an administrator; \\password asks for each password.",
        "-- Then run `manage.py setup_roles` again, and `manage.py migrate_schemas`.",
        *_creation(owner, database, logins_from(environment)),
    ]
    return "\n".join(lines)


def _creation(owner: str, database: str, logins: tuple[Login, Login, Login]) -> Iterator[str]:
    for name in (owner, *(login.name for login in logins)):
        identifier = sql.Identifier(name).as_string(None)
        yield f"CREATE ROLE {identifier} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;"
        yield f"\\password {identifier}"
    yield (
        sql.SQL("CREATE DATABASE {} OWNER {};").format(sql.Identifier(database), sql.Identifier(owner)).as_string(None)
    )
    yield f"\\connect {sql.Identifier(database).as_string(None)}"
    app, sealer, readonly = (login.name for login in logins)
    for statement in roles.database_grants(database, owner=owner, app=app, sealer=sealer, readonly=readonly):
        yield f"{statement.as_string(None)};"


def _login(url: str, otherwise: str) -> Login:
    parts = urlsplit(url)
    password = unquote(parts.password) if parts.password else None
    return Login(unquote(parts.username or "") or otherwise, password)


def _exists(cursor: psycopg.Cursor, role: str) -> bool:
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
    return cursor.fetchone() is not None


def _may_create_roles(cursor: psycopg.Cursor) -> bool:
    cursor.execute("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
    row = cursor.fetchone()
    return bool(row and row[0])
