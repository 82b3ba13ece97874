"""SQL only: which columns there are, and the next rows after a place. Names are quoted, values are parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from psycopg import sql

from connectors.library.sqltable.manifest import OPTIONAL, REQUIRED
from connectors.sdk.errors import Misconfigured
from connectors.sdk.polling import TableCall

PAGE: Final = 200
TIMES: Final = ("updated_at", "created_at", "cancelled_at")
_TABLE: Final = sql.SQL("SELECT to_regclass(%s)::oid::bigint")
_COLUMNS: Final = sql.SQL("""
SELECT a.attname::text, t.typname::text, has_table_privilege(%s::oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = %s::oid AND a.attnum > 0 AND NOT a.attisdropped
""")
# The rows' text is PostgreSQL's own JSON: numbers exact, and no type of theirs is guessed at by us. One row more than
# a page shows whether two have the same place.
_ROWS: Final = sql.SQL("""
SELECT (now() AT TIME ZONE 'UTC')::text, (({updated}::timestamptz) AT TIME ZONE 'UTC')::text, {id}::text,
    (SELECT row_to_json(one)::text FROM (SELECT {columns}) AS one)
FROM {table} AS t WHERE {updated} >= %s::timestamptz AND {updated} < 'infinity' {after}
ORDER BY {updated}, {id} LIMIT {limit}
""")
_AFTER: Final = sql.SQL("AND ({updated}, {id}) > (%s::timestamptz, %s)")


@dataclass(frozen=True, slots=True)
class Layout:
    """`columns`: our name -> theirs, of those that are there. `writable`: our login may do more than read."""

    columns: Mapping[str, str]
    writable: bool


@dataclass(frozen=True, slots=True)
class Row:
    updated_at: datetime
    id: str
    text: str  # a JSON object under our names
    as_of: datetime  # the database's clock as it answered


async def layout(call: TableCall) -> Layout:
    """Raises Misconfigured, which names what is not there."""
    table = _table(call.config).as_string(None)
    ((oid,),), _ = await call.rows(call.config["address"], _TABLE, [table])
    if oid is None:
        raise Misconfigured(f"The database has no table or view {table}, or our login may not see it.")
    found, _ = await call.rows(call.config["address"], _COLUMNS, [oid, oid])
    types = {name: kind for name, kind, _ in found}
    columns = {ours: theirs for ours, theirs in _named(call.config).items() if ours in REQUIRED or theirs in types}
    if missing := [theirs for theirs in columns.values() if theirs not in types]:
        raise Misconfigured(f"{table} has no column {', '.join(sorted(missing))}. It has {', '.join(sorted(types))}.")
    if types[columns["updated_at"]] not in ("timestamptz", "timestamp"):
        raise Misconfigured(f"{columns['updated_at']} of {table} is no timestamp: changes cannot be found by it.")
    return Layout(columns, any(writable for *_, writable in found))


async def rows_after(
    call: TableCall, columns: Mapping[str, str], since: datetime, after: tuple[str, str] | None, *, limit: int
) -> tuple[list[Row], bool]:
    """Rows changed since, in the order of (updated_at, id), after the one with that place; False where cut short."""
    names = {"updated": _of("t", columns["updated_at"]), "id": _of("t", columns["id"])}
    shown = [_shown(ours, theirs) for ours, theirs in columns.items()]
    statement = _ROWS.format(
        **names,
        columns=sql.SQL(", ").join(shown),
        table=_table(call.config),
        after=_AFTER.format(**names) if after else sql.SQL(""),
        limit=sql.Literal(limit),
    )
    values = [since.isoformat(), *(after or ())]
    found, whole = await call.rows(call.config["address"], statement, values)
    return [Row(_utc(updated), key, text, _utc(now)) for now, updated, key, text in found], whole


def _named(config: Mapping[str, str]) -> dict[str, str]:
    """Our name -> theirs, of every column we know."""
    pairs = (pair.partition("=") for pair in config.get("columns", "").split(",") if pair.strip())
    renamed = {ours.strip(): theirs.strip() for theirs, _, ours in pairs}
    if unknown := sorted(set(renamed) - {*REQUIRED, *OPTIONAL}):
        raise Misconfigured(f"Columns: there is no {', '.join(unknown)}; it is theirs=ours, e.g. sale_no=id.")
    return {ours: renamed.get(ours, ours) for ours in (*REQUIRED, *OPTIONAL)}


def _table(config: Mapping[str, str]) -> sql.Identifier:
    parts: Sequence[str] = [part.strip() for part in config.get("table", "").split(".")]
    if not 1 <= len(parts) <= 2 or not all(parts):
        raise Misconfigured("The table is stated as schema.name.")
    return sql.Identifier(*parts)


def _shown(ours: str, theirs: str) -> sql.Composed:
    """A time without an offset gets the session's, which is UTC."""
    cast = sql.SQL("::timestamptz" if ours in TIMES else "")
    return sql.SQL("{}{} AS {}").format(_of("t", theirs), cast, sql.Identifier(ours))


def _of(table: str, column: str) -> sql.Identifier:
    return sql.Identifier(table, column)


def _utc(text: Any) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
