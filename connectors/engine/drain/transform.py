"""Map: from the stored body to one checked canonical object and its facts. Outside any transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.canonical.facts import Facts, facts
from connectors.canonical.invariants import breaches
from connectors.engine.drain.work import Problem, Work
from connectors.engine.needs.needed import VALUE, Needed, plain
from connectors.library import connector
from connectors.mapping.errors import MappingError
from connectors.mapping.values import Tables, value_tables
from connectors.sdk.errors import ConnectorError, UnmappedValue
from connectors.sdk.safe_json import reread

GONE = Problem("payload gone", "The payload is no longer kept, so it cannot be delivered again.")


@dataclass(frozen=True, slots=True)
class Transformed:
    """`document` is None exactly when `problem` says why."""

    document: Any = None
    facts: Facts | None = None
    problem: Problem | None = None
    map_version: str = ""


def transform(work: Work, tables: Tables, place: tuple[int, int]) -> Transformed:
    """`tables` are the retailer's value tables between `place`: (source, target) connection."""
    if not work.body:
        return Transformed(problem=GONE)
    source = connector(work.connector)
    try:
        with value_tables(tables):
            found = source.reader.canonical(work.topic, reread(work.body), received_at=work.received_at)
        document = _about(found, work.object_type)
    except ConnectorError as error:
        needed = lacking(error, place)
        return Transformed(problem=Problem(error.error_class, error.operator_message, error.detail, needed=needed))
    known = facts(document)
    broken = breaches(document)
    if broken:
        text = "; ".join(breach.message for breach in broken)
        return Transformed(
            facts=known, problem=Problem("validation", f"The {work.object_type} does not add up: {text}")
        )
    return Transformed(document, known, map_version=f"{work.connector}:{work.topic}")


def lacking(error: ConnectorError, place: tuple[int, int]) -> Needed | None:
    """The value that a person may add, where that is what went wrong: told by a map, or by a target's connector."""
    if isinstance(error, UnmappedValue):
        return Needed(VALUE, plain(error.table), plain(error.value), *place)
    cause = error.__cause__
    if isinstance(cause, MappingError) and cause.lacking is not None:
        return Needed(VALUE, *map(plain, cause.lacking), *place)
    return None


def _about(found: Any, object_type: str) -> Any:
    for document in found:
        if type(document).__struct_config__.tag == object_type:
            return document
    raise _NothingFound(f"The payload holds no {object_type}.")


class _NothingFound(ConnectorError):
    error_class = "mapping"


def lag_us(since: datetime, until: datetime) -> int:
    """Microseconds between two moments, never negative."""
    return max(0, int((until - since).total_seconds() * 1_000_000))
