"""What must be true of settings, database and machine: `doctor` tells it, start-up insists on some of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import psycopg
from django.conf import settings

from tenants.asyncdb import conninfo

OLDEST_SERVER = 150000
SHORTEST_KEY = 50
WORST_CLOCK = timedelta(seconds=2)
LEAST_DISK_MB = 1024
DURABLE_COMMITS = frozenset({"on", "local", "remote_write", "remote_apply"})


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    level: Level
    subject: str
    text: str


class UnsafeDatabase(RuntimeError):
    """The database would break a promise: isolation or durability. The message says which, and the remedy."""


@dataclass(frozen=True)
class DatabaseFacts:
    role: str
    may_be_superuser: bool
    may_bypass_rls: bool
    may_be_owner: bool
    owns_tables: bool
    server_version: int
    fsync: str
    synchronous_commit: str
    full_page_writes: str
    data_checksums: str
    now: datetime
    open_partition: str | None


# Membership counts as much as the attribute: who may SET ROLE to a superuser is one.
FACTS = """
SELECT current_user,
       (SELECT bool_or(rolsuper) FROM pg_roles WHERE pg_has_role(current_user, oid, 'MEMBER')),
       (SELECT bool_or(rolbypassrls) FROM pg_roles WHERE pg_has_role(current_user, oid, 'MEMBER')),
       pg_has_role(current_user, d.datdba, 'MEMBER'),
       EXISTS (SELECT 1 FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE r.rolname = current_user),
       current_setting('server_version_num')::int,
       current_setting('fsync'),
       current_setting('synchronous_commit'),
       current_setting('full_page_writes'),
       current_setting('data_checksums'),
       clock_timestamp(),
       (SELECT n.nspname || '.' || c.relname
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relispartition AND c.relkind = 'r' AND has_schema_privilege(n.oid, 'USAGE')
           AND has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE')
         LIMIT 1)
  FROM pg_database d WHERE d.datname = current_database()
"""


def refuse_unsafe_database(connection: Any, *, durable: bool = True) -> None:
    """Raise UnsafeDatabase for a role under which row-level security is vacuous, and for settings that lose commits.

    `connection` is Django's or psycopg's. `durable=False` is for tests, whose cluster need not survive a power cut.
    """
    facts = database_facts(connection)
    findings = judge_role(facts) + (judge_durability(facts) if durable else [])
    refused = [finding.text for finding in findings if finding.level == Level.FAIL]
    if refused:
        raise UnsafeDatabase("; ".join(refused))


def insist_on_safe_database() -> None:
    """What web and worker do first. Raises UnsafeDatabase, or OperationalError when the database is away."""
    with psycopg.connect(conninfo()) as connection:
        refuse_unsafe_database(connection, durable=settings.REQUIRE_DURABLE_DATABASE)


def database_facts(connection: Any) -> DatabaseFacts:
    """One query."""
    with connection.cursor() as cursor:
        cursor.execute(FACTS)
        row = cursor.fetchone()
    return DatabaseFacts(**dict(zip((field.name for field in fields(DatabaseFacts)), row, strict=True)))


def judge_role(facts: DatabaseFacts) -> list[Finding]:
    """The application's role must be one that policies bind."""
    remedy = "connect as the role that `manage.py setup_roles` makes (APP_DATABASE_URL)"
    bad = [
        (facts.may_be_superuser, "is a superuser, whom row-level security does not bind"),
        (facts.may_bypass_rls, "has BYPASSRLS, so row-level security does not bind it"),
        (facts.may_be_owner, "is the database's owner, who may switch row-level security off"),
        (facts.owns_tables, "owns tables, whose owner may switch row-level security off"),
    ]
    found = [_fail("role", f"{facts.role} {words}: {remedy}") for wrong, words in bad if wrong]
    if found:
        return found
    if facts.open_partition:
        words = f"{facts.role} reaches the partition {facts.open_partition} past its parent's policy"
        return [_fail("role", f"{words}: run `manage.py setup_roles`")]
    return [_ok("role", f"{facts.role} is bound by row-level security")]


def judge_durability(facts: DatabaseFacts) -> list[Finding]:
    """Settings without which an acknowledged message can be lost."""
    found = []
    if facts.fsync != "on":
        found.append(_fail("durability", "fsync is off: a power cut would corrupt the database; set fsync = on"))
    if facts.synchronous_commit not in DURABLE_COMMITS:
        found.append(
            _fail("durability", "synchronous_commit is off: acknowledged messages could be lost; set it to on")
        )
    if facts.full_page_writes != "on":
        found.append(_fail("durability", "full_page_writes is off: a torn page would be lost; set it to on"))
    if facts.data_checksums != "on":
        found.append(_warn("durability", "data checksums are off: enable them with pg_checksums at the next stop"))
    return found or [_ok("durability", "fsync, synchronous_commit, full_page_writes and data checksums are on")]


def judge_version(facts: DatabaseFacts) -> Finding:
    major = facts.server_version // 10000
    if facts.server_version < OLDEST_SERVER:
        return _fail("version", f"PostgreSQL {major} is too old: 15 or newer is needed")
    return _ok("version", f"PostgreSQL {major}")


def judge_clock(database_now: datetime, ours: datetime) -> Finding:
    """Leases and timestamps compare both clocks."""
    apart = abs(database_now - ours)
    words = f"the database's clock is {apart.total_seconds():.1f} s from ours"
    return (
        _fail("clock", f"{words}: run a time service on both machines") if apart > WORST_CLOCK else _ok("clock", words)
    )


def judge_settings(chosen: Any) -> list[Finding]:
    key = chosen.SECRET_KEY
    found = []
    if len(key) < SHORTEST_KEY or len(set(key)) < 5 or key.startswith("django-insecure-"):
        found.append(_fail("settings", f"SECRET_KEY is a default or shorter than {SHORTEST_KEY}: set a random one"))
    if chosen.DEBUG:
        found.append(_fail("settings", "DEBUG is on: it shows settings and queries to visitors; switch it off"))
    return found or [_ok("settings", "SECRET_KEY is long, DEBUG is off")]


def judge_disk(free_bytes: int, where: str) -> Finding:
    free_mb = free_bytes // 2**20
    if free_mb < LEAST_DISK_MB:
        return _fail(
            "disk", f"{free_mb} MB are free on {where}: free some, below {LEAST_DISK_MB} MB is too near to full"
        )
    return _ok("disk", f"{free_mb // 1024} GB are free on {where}")


def now() -> datetime:
    return datetime.now(UTC)


def attempt(subject: str, ask: Callable[[], str], *, errors: tuple[type[Exception], ...], remedy: str) -> Finding:
    """Ok with what `ask` answers; fail with the error it raised and what to do."""
    try:
        return _ok(subject, ask())
    except errors as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        return _fail(subject, f"{reason}: {remedy}")


def _ok(subject: str, text: str) -> Finding:
    return Finding(Level.OK, subject, text)


def _warn(subject: str, text: str) -> Finding:
    return Finding(Level.WARN, subject, text)


def _fail(subject: str, text: str) -> Finding:
    return Finding(Level.FAIL, subject, text)
