"""Writes the past, chunk by chunk: one transaction each, everything set-based, nothing kept in memory.

Runs as the schema's owner, who may vacuum. Lanes of open exceptions are made, so that a person can retry or close them
like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any, Final

from django.db import connection, transaction

from connectors.engine.history import rollups, staging, tables
from connectors.engine.history.cast import Cast, read_cast
from connectors.engine.history.shape import CHUNK, Chunk, chunks, totals_of
from connectors.engine.models import Entry, Lane

BODIES: Final = 100_000
# Rollup slots of this writer; the engine's are 0 and above, people's is -1.
FIRST_SLOT: Final = -2
VACUUMED: Final = (
    "ledger_message",
    "ledger_payload",
    "ledger_repeat",
    "ledger_delivery",
    "ledger_attempt",
    "ledger_step",
    "ledger_fact",
    "ledger_businesskey",
    "ledger_eventkey",
    "ledger_objectversion",
    "exceptions_exceptionitem",
    "exceptions_transition",
    "rollups_minute",
    "rollups_folded",
)

Told = Callable[[int], None]


class NothingToTell(RuntimeError):
    """The partner has no flow that takes anything."""


@dataclass(frozen=True, slots=True)
class Past:
    """What to write: `deliveries` between two moments, ending before the second one."""

    deliveries: int
    since: datetime
    until: datetime
    seed: int = 7
    bodies: int = BODIES
    chunk: int = CHUNK  # messages a transaction

    @property
    def messages(self) -> int:
        return sum(totals_of(self.deliveries).values())


def write_past(past: Past, *, writers: int = 2, told: Told = lambda done: None) -> int:
    """The past of the partner in scope; returns the number of messages. `told` hears of deliveries as they are written.

    Messages take positions below every other, so neither intake nor router sees them as new.

    Raises NothingToTell.
    """
    cast = read_cast()
    if not cast.lines:
        raise NothingToTell("no flow of this partner takes anything: set one up first")
    _make_partitions(past)
    first = _lowest_position() - past.messages
    shape = {"zone": cast.zone, "seed": past.seed, "size": past.chunk}
    plan = list(chunks(past.deliveries, since=past.since, until=past.until, **shape))
    if writers == 1:
        _write(plan, cast, past, first, FIRST_SLOT, told)
        return past.messages
    with ThreadPoolExecutor(writers) as pool:
        parts = [plan[number * len(plan) // writers : (number + 1) * len(plan) // writers] for number in range(writers)]
        started = [
            pool.submit(copy_context().run, _write_and_close, part, cast, past, first, FIRST_SLOT - number, told)
            for number, part in enumerate(parts)
        ]
        for one in started:
            one.result()
    return past.messages


def settle() -> None:
    """Statistics and visibility of what was written: the first page is as fast as any. Outside a transaction."""
    with connection.cursor() as cursor:
        for table in VACUUMED:
            cursor.execute(f"VACUUM (ANALYZE) {table}")


def _make_partitions(past: Past) -> None:
    months = (past.until.year - past.since.year) * 12 + past.until.month - past.since.month + 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_ensure_partitions(%s, %s)", [past.since, months])


def _lowest_position() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT least(min(position), 1) FROM ledger_message")
        return cursor.fetchone()[0]


def _write_and_close(*args: Any) -> None:
    try:
        _write(*args)
    finally:
        connection.close()


def _write(plan: Sequence[Chunk], cast: Cast, past: Past, first: int, slot: int, told: Told) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
        cursor.execute("SET work_mem = '64MB'")
        _put_cast(cursor, cast)
        for chunk in plan:
            with transaction.atomic():
                _write_chunk(cursor, chunk, _given(chunk, past, first, slot))
            told(chunk.deliveries)
        cursor.execute("RESET synchronous_commit")
        cursor.execute("RESET work_mem")
        cursor.execute("DISCARD TEMP")


def _put_cast(cursor: Any, cast: Cast) -> None:
    for statement in staging.CAST:
        cursor.execute(statement)
    _fill(cursor, "past_flow", cast.flow_rows())
    _fill(cursor, "past_store", cast.store_rows())
    _fill(cursor, "past_topic", cast.topic_rows())
    _fill(cursor, "past_class", cast.class_rows())
    _fill(cursor, "past_failure", cast.failure_rows())
    _fill(cursor, "past_fingerprint", cast.fingerprint_rows())
    for statement in rollups.CAST:
        cursor.execute(statement)
    _fill(cursor, "past_kind", list(_kinds(cast)))


def _kinds(cast: Cast) -> Iterator[tuple[int, str, str]]:
    yield from ((code, *kind) for code, kind in rollups.KINDS.items())
    yield from ((rollups.FAILURE + number, "failure", name) for number, name in cast.class_rows())


def _fill(cursor: Any, table: str, rows: Sequence[Sequence[Any]]) -> None:
    marks = ", ".join(["%s"] * len(rows[0]))
    cursor.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 - names are ours


def _given(chunk: Chunk, past: Past, first: int, slot: int) -> dict[str, Any]:
    outcomes = {name: count for name, count in chunk.outcomes.items() if count}
    return {
        "first": first,
        "begun": first + chunk.segments[0].skipped,
        "starts": [segment.start for segment in chunk.segments],
        "seconds": [segment.seconds for segment in chunk.segments],
        "counts": [segment.count for segment in chunk.segments],
        "skipped": [segment.skipped for segment in chunk.segments],
        "outcomes": list(outcomes),
        "bounds": [0, *accumulate(outcomes.values())][:-1],
        "until": past.until,
        "upgraded": past.until - (past.until - past.since) / 3,
        "salt": f"{past.seed}:{first}:",
        "bodies_from": first + past.messages - past.bodies,
        "slot": slot,
    }


def _write_chunk(cursor: Any, chunk: Chunk, given: dict[str, Any]) -> None:
    cursor.execute("SELECT setseed(%s)", [(_number_of(given["salt"], given["begun"]) % 1_000_003) / 1_000_003])
    cursor.execute(staging.STAGE, given)
    for statement in tables.ALL:
        cursor.execute(statement, given)
    cursor.execute(rollups.COUNT, given)
    cursor.execute(tables.OPEN)
    _park(cursor.fetchall())
    cursor.execute("DROP TABLE past")


def _number_of(salt: str, number: int) -> int:
    """The same for the same text in every process."""
    return sum(ord(letter) * 31**place for place, letter in enumerate(f"{salt}{number}"))


def _park(rows: Sequence[Sequence[Any]]) -> None:
    """One parked lane an open exception, as the engine leaves them."""
    lanes = Lane.objects.bulk_create(
        Lane(retailer_id=retailer, flow_id=flow, key=key, endpoint_id=target, due_at=at, parked=True)
        for retailer, flow, key, target, at, *_ in rows
    )
    Entry.objects.bulk_create(
        Entry(retailer_id=row[0], lane=lane, position=row[5], delivery_id=row[6], message_id=row[7], attempts=1)
        for lane, row in zip(lanes, rows, strict=True)
    )


def default_range(days: int, *, at: datetime) -> tuple[datetime, datetime]:
    """Whole minutes, ending two minutes ago: nothing of the past lies in the future."""
    until = at.replace(second=0, microsecond=0) - timedelta(minutes=2)
    return until - timedelta(days=days), until
