"""Reads for the page of a drop's files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.db.models import Count

from connectors.engine.files.arrivals import file_key
from connectors.engine.files.models import DropFile, DropWatch, ExpectedFile, Sighting
from connectors.engine.files.watching import file_connectors
from governance.registry.models import RetailConnection
from tenants.retailers.models import Store

NEWEST: Final = 50
State = ExpectedFile.State
# What needs a person first.
ORDER: Final = (State.WRONG, State.MISSING, State.EXPECTED, State.LATE, State.ARRIVED)


@dataclass(frozen=True, slots=True)
class FileFacts:
    """`key` finds its messages: each of them carries it as a business key. `message_id` tells of a refusal."""

    file: DropFile
    key: str

    @property
    def refused(self) -> bool:
        return self.file.state == DropFile.State.REFUSED


@dataclass(frozen=True, slots=True)
class ExpectedFacts:
    """What was expected of one store and day, and the file that came, if one did."""

    expected: ExpectedFile
    store: str
    file: FileFacts | None


@dataclass(frozen=True, slots=True)
class Day:
    """`counts`: state -> files expected of that day."""

    day: date
    counts: dict[str, int]
    earlier: date | None
    later: date | None


@dataclass(frozen=True, slots=True)
class DropFacts:
    """`watch` is None before the first look; `waiting` are names that are seen and not whole yet."""

    watch: DropWatch | None
    day: Day | None
    expected: list[ExpectedFacts]
    waiting: list[Sighting]
    newest: list[FileFacts]


def reads_files(connection: RetailConnection) -> bool:
    return connection.connector in file_connectors()


def drop_facts(connection: RetailConnection, *, day: date | None, at: datetime) -> DropFacts:
    """`day` as asked for, else the newest whose files are due or came. Cost: seven queries, however many files."""
    shown = _day(connection, day, at)
    newest = DropFile.objects.scoped().filter(connection_id=connection.pk).order_by("-id")[:NEWEST]
    waiting = Sighting.objects.scoped().filter(connection_id=connection.pk, file_id__isnull=True).order_by("name")
    return DropFacts(
        watch=DropWatch.objects.scoped().filter(pk=connection.pk).first(),
        day=shown,
        expected=_expected(connection, shown.day) if shown else [],
        waiting=list(waiting[:NEWEST]),
        newest=[_file(row) for row in newest],
    )


def _day(connection: RetailConnection, wanted: date | None, at: datetime) -> Day | None:
    rows = ExpectedFile.objects.scoped().filter(connection_id=connection.pk)
    found: dict[date, dict[str, int]] = {}
    for day, state, count in rows.values_list("day", "state").annotate(count=Count("pk")).order_by("-day")[:500]:
        found.setdefault(day, {})[state] = count
    if not found:
        return None
    days = sorted(found)
    if wanted not in found:
        begun = [day for day in days if set(found[day]) != {State.EXPECTED} or day < at.date()]
        wanted = begun[-1] if begun else days[0]
    place = days.index(wanted)
    return Day(
        day=wanted,
        counts=found[wanted],
        earlier=days[place - 1] if place else None,
        later=days[place + 1] if place + 1 < len(days) else None,
    )


def _expected(connection: RetailConnection, day: date) -> list[ExpectedFacts]:
    rows = list(ExpectedFile.objects.scoped().filter(connection_id=connection.pk, day=day).order_by("store_key"))
    stores = dict(Store.objects.scoped().filter(retailer_id=connection.retailer_id).values_list("key", "name"))
    files = DropFile.objects.scoped().filter(pk__in=[row.file_id for row in rows if row.file_id])
    known = {row.pk: _file(row) for row in files}
    rows.sort(key=lambda row: ORDER.index(State(row.state)))
    return [ExpectedFacts(row, stores.get(row.store_key, row.store_key), known.get(row.file_id or 0)) for row in rows]


def _file(row: DropFile) -> FileFacts:
    return FileFacts(row, file_key(bytes(row.sha256)))
