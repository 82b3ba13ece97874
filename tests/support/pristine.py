"""Puts a committed database back as it was after cloning: quicker than another clone, which waits for checkpoints."""

from __future__ import annotations

import psycopg
from psycopg import sql

from tests.support.cluster import TestCluster

SCHEMA = "pristine"
# Ordinary and partitioned tables of every partner, and the shared ones.
TABLES = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
AND (n.nspname IN (SELECT schema_name FROM public.partners_partner) OR n.nspname = 'public')
AND c.relname NOT IN ('django_migrations', 'django_content_type') ORDER BY 1, 2
"""
# What a test may change that rows do not show: tables, policies, triggers, grants.
SHAPE = """
SELECT md5(string_agg(concat_ws('|', n.nspname, c.relname, c.relrowsecurity, c.relforcerowsecurity, c.relacl,
    (SELECT count(*) FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgenabled <> 'D'),
    (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid)), ';' ORDER BY n.nspname, c.relname))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'pristine')
"""


def remember(cluster: TestCluster, name: str) -> None:
    """Keep a copy of every row of a freshly cloned database, and its shape."""
    with psycopg.connect(cluster.url(name), autocommit=True) as connection:
        shape = connection.execute(SHAPE).fetchone()
        tables = connection.execute(TABLES).fetchall()
        connection.execute("CREATE SCHEMA pristine")
        connection.execute("CREATE TABLE pristine.shape (hash text)")
        connection.execute("INSERT INTO pristine.shape VALUES (%s)", shape)
        for schema, table in tables:
            if connection.execute(_sql("SELECT EXISTS (SELECT FROM {}.{})", schema, table)).fetchone()[0]:
                copy = sql.Identifier(SCHEMA, f"{schema}.{table}")
                connection.execute(sql.SQL("CREATE TABLE {} AS TABLE {}").format(copy, sql.Identifier(schema, table)))


def restore(cluster: TestCluster, name: str) -> bool:
    """Every row as remembered. False where there is no such database, or its shape is not what it was."""
    try:
        connection = psycopg.connect(cluster.url(name))
    except psycopg.OperationalError:
        return False
    with connection:
        connection.execute("SET session_replication_role = replica")  # no trigger, no foreign key
        if connection.execute(SHAPE).fetchone() != connection.execute("SELECT hash FROM pristine.shape").fetchone():
            return False
        kept = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'pristine'::regnamespace"
        ).fetchall()
        copies = {row[0] for row in kept}
        schemas = {copy.rpartition(".")[0] for copy in copies}
        for schema, table in connection.execute(TABLES).fetchall():
            if schema in schemas:
                connection.execute(_sql("DELETE FROM {}.{}", schema, table))
        for copy in sorted(copies - {"shape"}):
            schema, _, table = copy.rpartition(".")
            target, source = sql.Identifier(schema, table), sql.Identifier(SCHEMA, copy)
            connection.execute(sql.SQL("INSERT INTO {} SELECT * FROM {}").format(target, source))
        return True


def _sql(text: str, schema: str, table: str) -> sql.Composed:
    return sql.SQL(text).format(sql.Identifier(schema), sql.Identifier(table))
