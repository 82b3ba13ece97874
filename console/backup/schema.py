"""One partner's schema from a recovered cluster into the live database: beside the live one, then in its place."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.errors import DeadlockDetected, LockNotAvailable

from console.backup.programs import postgres_program
from console.backup.recover import Recovered
from tenants import roles

LOCK_SECONDS = 5
SWAP_TRIES = 6
_PARTNER = "SELECT id, schema_name, key, name, is_active, created_at FROM public.partners_partner WHERE key = %s"
_DOMAINS = "SELECT domain, is_primary, is_active FROM public.partners_domain WHERE tenant_id = %s ORDER BY id"
# What a function was told to look in when it was made does not follow when its schema is renamed.
_FUNCTIONS = """
SELECT p.oid::regprocedure::text, c.setting
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace, unnest(p.proconfig) AS c (setting)
WHERE n.nspname = %s AND c.setting LIKE 'search_path=%%'
"""
_TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY c.relname
"""
# A line of a dump's contents: number; catalogue and object ids, what it is, …
_SECURITY = re.compile(r"\d+; \d+ \d+ (POLICY|ROW SECURITY) ")


class UnknownPartner(RuntimeError):
    """The backup has no such partner at that moment."""


class NameTaken(RuntimeError):
    """The live database has something else under a name that the partner needs. The message says what."""


@dataclass(frozen=True)
class SharedRows:
    """What the public schema holds of one partner."""

    id: int
    schema: str
    key: str
    name: str
    is_active: bool
    created_at: datetime
    domains: tuple[tuple[str, bool, bool], ...]


def stamped(schema: str, mark: str, at: datetime) -> str:
    """The name of a second schema: `r` for what was restored at that moment, `b` for what was there before it."""
    return f"{schema}{mark}{at:%Y%m%d%H%M%S}"


def shared_rows(connection: psycopg.Connection, key: str) -> SharedRows | None:
    row = connection.execute(_PARTNER, [key]).fetchone()
    if row is None:
        return None
    return SharedRows(*row, domains=tuple(connection.execute(_DOMAINS, [row[0]]).fetchall()))


def bring_beside(
    recovered: Recovered, key: str, owner_url: str, scratch: Path, *, at: datetime
) -> tuple[SharedRows, str]:
    """Copy the partner's schema into the live database under a new name, which is returned with its shared rows.

    Nothing looks into it: no partner has that name. Raises UnknownPartner, ProgramFailed.
    """
    with psycopg.connect(recovered.url(), autocommit=True) as copy:
        shared = shared_rows(copy, key)
        if shared is None or not schema_exists(copy, shared.schema):
            raise UnknownPartner(f"the backup knows no partner {key!r} at that moment")
        beside = stamped(shared.schema, "r", at)
        with copy.transaction():
            rename_schema(copy, shared.schema, beside)
    files = scratch / "schema"
    shutil.rmtree(files, ignore_errors=True)
    dump = ["--format=directory", "--jobs=2", "--compress=gzip:1", f"--schema={beside}", f"--file={files}"]
    postgres_program("pg_dump", dump, url=recovered.url())
    _load(files, beside, owner_url)
    return shared, beside


def take_its_place(owner_url: str, shared: SharedRows, beside: str, *, aside: str) -> bool:
    """One transaction: the live schema is called `aside` from now on, the one beside has its name.

    Partner and hosts are put back where they are missing. Waits for everything that is being written in the live
    one, and lets nothing in until it is done. False where there was no live one. Raises NameTaken, LockNotAvailable.
    """
    for left in reversed(range(SWAP_TRIES)):
        try:
            with psycopg.connect(owner_url) as connection:
                return _swap(connection, shared, beside, aside)
        except (LockNotAvailable, DeadlockDetected):
            if not left:
                raise
    raise AssertionError("unreachable")


def rename_schema(connection: psycopg.Connection, old: str, new: str) -> None:
    """With what its functions look in. Inside the caller's transaction."""
    connection.execute(sql.SQL("ALTER SCHEMA {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new)))
    for function, setting in connection.execute(_FUNCTIONS, [new]).fetchall():
        path = [name.strip().strip('"') for name in setting.removeprefix("search_path=").split(",")]
        names = [new if name == old else name for name in path]
        # Named by regprocedure, which quotes and qualifies where it must.
        statement = sql.SQL("ALTER FUNCTION {} SET search_path = {}").format(
            sql.SQL(function), sql.SQL(", ").join(map(sql.Identifier, names))
        )
        connection.execute(statement)


def compare(connection: psycopg.Connection, older: str, newer: str) -> dict[str, Any]:
    """What the `newer` schema has that the `older` has not: messages by id, and when the first of them came."""
    statement = sql.SQL(
        "SELECT count(*), min(received_at), max(received_at) FROM {newer}.ledger_message m "
        "WHERE NOT EXISTS (SELECT FROM {older}.ledger_message o WHERE o.id = m.id)"
    ).format(newer=sql.Identifier(newer), older=sql.Identifier(older))
    connection.execute("SELECT set_config('app.retailers', '*', false)")
    messages, first, last = connection.execute(statement).fetchone()
    return {"messages": messages, "first": first, "last": last}


def size_and_rows(connection: psycopg.Connection, schema: str) -> tuple[int, int]:
    """(rows, bytes) of all its tables, counted."""
    connection.execute("SELECT set_config('app.retailers', '*', false)")
    rows = 0
    for (table,) in connection.execute(_TABLES, [schema]).fetchall():
        counted = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, table))
        rows += connection.execute(counted).fetchone()[0]
    query = """SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relkind = 'r'"""
    return rows, connection.execute(query, [schema]).fetchone()[0]


def _load(files: Path, schema: str, owner_url: str) -> None:
    """Row-level security comes last: while it is on and its policies are not there yet, foreign keys see no rows."""
    arguments = ["--format=directory", "--jobs=2", "--enable-row-security", "--no-owner", "--exit-on-error"]
    with psycopg.connect(owner_url) as connection:
        arguments.append(f"--dbname={connection.info.dbname}")
    listed = postgres_program("pg_restore", ["--list", str(files)], url=owner_url).splitlines()
    security = [line for line in listed if _SECURITY.match(line)]
    for lines in ([line for line in listed if line not in set(security)], security):
        chosen = files.with_suffix(".list")
        chosen.write_text("\n".join(lines) + "\n")
        postgres_program("pg_restore", [*arguments, f"--use-list={chosen}", str(files)], url=owner_url)
    with psycopg.connect(owner_url) as connection, connection.cursor() as cursor:
        roles.grant_schema(cursor, schema)
    with psycopg.connect(owner_url, autocommit=True) as connection:
        for (table,) in connection.execute(_TABLES, [schema]).fetchall():
            connection.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(schema, table)))


def _swap(connection: psycopg.Connection, shared: SharedRows, beside: str, aside: str) -> bool:
    connection.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
    there = schema_exists(connection, shared.schema)
    if there:
        tables = [name for (name,) in connection.execute(_TABLES, [shared.schema]).fetchall()]
        if tables:
            # The intake's head first: who holds it is about to write everywhere else.
            tables.sort(key=lambda name: name != "engine_head")
            names = sql.SQL(", ").join(sql.Identifier(shared.schema, name) for name in tables)
            connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(names))
        rename_schema(connection, shared.schema, aside)
    rename_schema(connection, beside, shared.schema)
    _put_shared_rows(connection, shared)
    return there


def _put_shared_rows(connection: psycopg.Connection, shared: SharedRows) -> None:
    """Partner and hosts where they are missing; what is there is newer than the backup and stays."""
    live = shared_rows(connection, shared.key)
    if live is not None:
        if live.schema != shared.schema:
            raise NameTaken(f"{shared.key} lives in {live.schema} now and lived in {shared.schema} then")
        return
    if connection.execute("SELECT 1 FROM public.partners_partner WHERE id = %s", [shared.id]).fetchone():
        raise NameTaken(f"another partner has the number {shared.id} by now")
    columns = "id, schema_name, key, name, is_active, created_at"
    values = [shared.id, shared.schema, shared.key, shared.name, shared.is_active, shared.created_at]
    connection.execute(f"INSERT INTO public.partners_partner ({columns}) VALUES (%s, %s, %s, %s, %s, %s)", values)  # noqa: S608
    for domain, is_primary, is_active in shared.domains:
        taken = connection.execute("SELECT 1 FROM public.partners_domain WHERE domain = %s", [domain]).fetchone()
        if taken:
            raise NameTaken(f"the host {domain} belongs to another partner by now")
        connection.execute(
            "INSERT INTO public.partners_domain (domain, is_primary, is_active, tenant_id) VALUES (%s, %s, %s, %s)",
            [domain, is_primary, is_active, shared.id],
        )


def schema_exists(connection: psycopg.Connection, schema: str) -> bool:
    return connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [schema]).fetchone() is not None
