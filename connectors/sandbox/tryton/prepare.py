"""The template database: built once, kept as a dump, copied in a fifth of a second.

    ensure_role(dsn, password)     the login Tryton uses, where `dsn` may make one
    ensure_template(dsn, ...)      there is a whole template afterwards, however earlier runs ended
    clone(dsn, name, ...)          a database of its own for a demo or a test

`dsn` is a superuser's, or that of a role that may create databases; every function may run twice, also at once.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib.metadata
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from connectors.sandbox.tryton import dumps, names
from connectors.sandbox.tryton.lifeline import PARENT

PROJECT = Path(__file__).resolve().parents[3]
CACHE = PROJECT / ".cache" / "tryton"
TEMPLATE = "tryton_template"
BUILDING = "tryton_template_building"
ROLE = "signalbox_tryton"
LOCK = 0x74727974
FOLDER = Path(__file__).resolve().parent
SOURCES = tuple(FOLDER / name for name in ("build.py", "masterdata.py", "names.py")) + tuple(
    FOLDER.parent / "shopify" / name for name in ("catalogue.py", "places.py")
)

Say = Callable[[str], None]


class PrepareFailed(RuntimeError):
    """Tryton could not be prepared. The message says why."""


@dataclass(frozen=True, slots=True)
class Database:
    """How Tryton reaches its databases: one login, any database of it."""

    host: str
    port: int
    user: str
    password: str

    def uri(self) -> str:
        return f"postgresql://{quote(self.user)}:{quote(self.password, safe='')}@{self.host}:{self.port}/"


def quiet(_: str) -> None:
    """For callers that want no progress."""


def ensure_role(dsn: str, password: str) -> Database:
    """The login for Tryton: a role of its own where `dsn` may create roles, else `dsn`'s own."""
    with _connected(dsn) as connection:
        host, port = connection.info.host, connection.info.port
        if not _may_create_roles(connection):
            parameters = conninfo_to_dict(dsn)
            return Database(host, port, connection.info.user, str(parameters.get("password") or ""))
        with _locked(connection):
            known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone()
            verb = "ALTER" if known else "CREATE"
            statement = sql.SQL(f"{verb} ROLE {{}} LOGIN PASSWORD {{}}").format(
                sql.Identifier(ROLE), sql.Literal(password)
            )
            connection.execute(statement)
    return Database(host, port, ROLE, password)


def ensure_template(dsn: str, database: Database, *, cache: Path | None = CACHE, say: Say = quiet) -> None:
    """From the cluster, else from the dump in `cache` (a second), else built anew (half a minute).

    What a killed run left half-made has another name and is dropped. Raises: PrepareFailed.
    """
    wanted = fingerprint()
    with _connected(dsn) as connection, _locked(connection):
        if _comment(connection, TEMPLATE) == wanted:
            return
        _drop(connection, BUILDING)
        _create(connection, BUILDING, owner=database.user)
        dump = cache / f"{wanted}-pg{connection.info.server_version // 10000}.dump" if cache else None
        if dump and dump.exists() and dumps.restore(dump, database, BUILDING):
            say("Tryton's template restored from its dump")
        else:
            _drop(connection, BUILDING)
            _create(connection, BUILDING, owner=database.user)
            # A crash means beginning anew anyway. The setting stays behind: copies do not inherit it.
            _alter(connection, BUILDING, "SET synchronous_commit = off")
            _build(database, say)
            if dump:
                dumps.keep(dump, database, BUILDING)
        _set_comment(connection, BUILDING, wanted)
        _drop(connection, TEMPLATE)
        _alter(connection, BUILDING, "RENAME TO {}", sql.Identifier(TEMPLATE))


def clone(dsn: str, name: str, database: Database, *, fresh: bool = False) -> None:
    """Copy the template. An existing database is kept, unless `fresh`."""
    with _connected(dsn) as connection, _locked(connection):
        if fresh:
            _drop(connection, name)
        if not _exists(connection, name):
            _create(connection, name, owner=database.user, template=TEMPLATE)


def drop(dsn: str, name: str) -> None:
    with _connected(dsn) as connection:
        _drop(connection, name)


def fingerprint() -> str:
    """Changes with Tryton's versions, with what we write into it, and with the year (fiscal years)."""
    distributions = sorted(
        f"{item.metadata['Name']}=={item.version}"
        for item in importlib.metadata.distributions()
        if str(item.metadata["Name"]).lower().startswith("trytond")
    )
    digest = hashlib.sha256("\n".join([*distributions, str(dt.datetime.now(tz=dt.UTC).year)]).encode())
    for source in SOURCES:
        digest.update(source.read_bytes())
    return digest.hexdigest()[:20]


def _build(database: Database, say: Say) -> None:
    """In a process of its own; it dies with us."""
    child = subprocess.Popen(
        [sys.executable, "-m", "connectors.sandbox.tryton.build", BUILDING],
        cwd=PROJECT,
        env=os.environ | {"TRYTOND_DATABASE_URI": database.uri(), PARENT: str(os.getpid())},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines = []
    assert child.stdout is not None
    for line in child.stdout:
        lines.append(line.rstrip())
        if line.startswith(names.PROGRESS):
            say(line.removeprefix(names.PROGRESS).strip())
    if child.wait() != 0:
        raise PrepareFailed("Tryton's template could not be built:\n" + "\n".join(lines[-12:]))


@contextmanager
def _connected(dsn: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(make_conninfo(dsn, application_name="tryton-prepare"), autocommit=True) as connection:
        yield connection


@contextmanager
def _locked(connection: psycopg.Connection) -> Iterator[None]:
    """One preparer at a time in a cluster; the lock goes with the connection."""
    connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def _may_create_roles(connection: psycopg.Connection) -> bool:
    row = connection.execute("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user").fetchone()
    return bool(row and row[0])


def _exists(connection: psycopg.Connection, name: str) -> bool:
    return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def _create(connection: psycopg.Connection, name: str, *, owner: str, template: str = "template0") -> None:
    statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}")
    connection.execute(statement.format(*map(sql.Identifier, (name, owner, template))))


def _alter(connection: psycopg.Connection, name: str, change: str, *parts: sql.Composable) -> None:
    connection.execute(sql.SQL(f"ALTER DATABASE {{}} {change}").format(sql.Identifier(name), *parts))


def _drop(connection: psycopg.Connection, name: str) -> None:
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _comment(connection: psycopg.Connection, name: str) -> str:
    statement = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"
    row = connection.execute(statement, [name]).fetchone()
    return (row and row[0]) or ""


def _set_comment(connection: psycopg.Connection, name: str, text: str) -> None:
    statement = sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), sql.Literal(text))
    connection.execute(statement)
