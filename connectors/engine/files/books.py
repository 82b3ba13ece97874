"""What the files' door writes down. Synchronous, in the partner's scope; the sweep calls it between its reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from connectors.engine.desk import tell
from connectors.engine.files.drops import Entry
from connectors.engine.files.judge import look_every
from connectors.engine.files.models import DropFile, DropWatch, ExpectedFile, Sighting
from connectors.engine.intake.arrival import Source
from connectors.engine.secrets import call_secrets
from connectors.library import UnknownConnector, connector
from connectors.sdk.connector import Connector
from connectors.sdk.files import Control, FileName, ReadFile
from governance.access.principal import system
from governance.egress.addresses import AllowList
from governance.egress.selectors import allow_list
from governance.registry.models import RetailConnection
from monitoring.exceptions.models import ExceptionItem
from monitoring.exceptions.services import StaleState, change_state

LEASE = timedelta(seconds=120)  # longer than a look may take
REMEMBERED = timedelta(days=31)
BY = system("files")
State = ExpectedFile.State


@dataclass(frozen=True, slots=True)
class Watched:
    """A connection whose drop is looked at now, with all that a look needs."""

    source: Source
    label: str
    connector: Connector
    config: Mapping[str, str]
    allow: AllowList
    secrets: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Seen:
    """A name that is a file of ours and is whole by what its folder says; `since` when it has been as it is."""

    entry: Entry
    named: FileName
    sidecar: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Trouble:
    """What keeps us from a drop: since when, whether it is news to the log, and whether a person was told."""

    since: datetime
    news: bool
    told: bool


def drop_connections() -> list[tuple[RetailConnection, Connector]]:
    """The active connections that read files."""
    found = []
    for row in RetailConnection.objects.select_related("retailer").filter(state=RetailConnection.State.ACTIVE):
        try:
            one = connector(row.connector)
        except UnknownConnector:
            continue
        if one.files is not None:
            found.append((row, one))
    return found


def lease_due(schema: str, at: datetime) -> list[Watched]:
    """Drops whose turn it is. Who gets one keeps it until `looked` or for LEASE; two beats are harmless."""
    listed, found = None, []
    for row, one in drop_connections():
        DropWatch.objects.get_or_create(connection_id=row.pk, defaults={"retailer_id": row.retailer_id})
        due = DropWatch.objects.filter(Q(due_at__isnull=True) | Q(due_at__lte=at), connection_id=row.pk)
        if due.update(due_at=at + LEASE):
            listed = allow_list() if listed is None else listed
            source = Source(schema, row.retailer_id, row.pk, row.key, row.connector)
            found.append(Watched(source, row.label, one, dict(row.config), listed, call_secrets(row.pk)))
    return found


def looked(watched: Watched, at: datetime) -> None:
    """The folder was seen: whatever kept us from it is over."""
    due = at + look_every(watched.config)
    DropWatch.objects.filter(pk=watched.source.connection_id).update(
        looked_at=at, due_at=due, problem="", problem_since=None
    )


def not_looked(watched: Watched, sentence: str, at: datetime) -> Trouble:
    row = DropWatch.objects.get(pk=watched.source.connection_id)
    since, news = row.problem_since or at, row.problem != sentence
    DropWatch.objects.filter(pk=row.pk).update(
        due_at=at + look_every(watched.config),
        problem=sentence,
        problem_since=since,
        message_id=None if news else row.message_id,
    )
    return Trouble(since, news, told=row.message_id is not None and not news)


def problem_told(connection_id: int, message_id: UUID) -> None:
    DropWatch.objects.filter(pk=connection_id).update(message_id=message_id)


def whole(watched: Watched, entries: Sequence[Entry], at: datetime) -> list[Seen]:
    """Files that may be read now: unchanged since the last look, or named whole by their sidecar.

    Whatever changed since is waited for; a name that was read as it is now is known.
    """
    names = {entry.name for entry in entries}
    known = {row.name: row for row in Sighting.objects.filter(connection_id=watched.source.connection_id)}
    ripe = []
    for entry in sorted(entries, key=lambda one: one.name):
        named = watched.connector.files.named(entry.name, watched.config)
        if named is None:
            continue
        row = known.get(entry.name)
        same = row is not None and (row.size, row.modified) == (entry.size, entry.modified)
        if same and row.file_id is not None:
            continue
        _sight(watched, entry, at, changed=not same)
        sidecar = watched.connector.files.sidecar(entry.name, watched.config)
        marked = watched.config.get("whole_when") == "sidecar"
        if (same or marked) and (not sidecar or sidecar in names):
            since = row.first_seen_at if same and row is not None else at
            ripe.append(Seen(entry, named, sidecar, since))
    return ripe


def _sight(watched: Watched, entry: Entry, at: datetime, *, changed: bool) -> None:
    now = {"size": entry.size, "modified": entry.modified, "seen_at": at}
    now |= {"first_seen_at": at, "file_id": None} if changed else {}
    Sighting.objects.update_or_create(
        connection_id=watched.source.connection_id,
        name=entry.name,
        defaults=now,
        create_defaults=now | {"retailer_id": watched.source.retailer_id},
    )


def known_file(watched: Watched, seen: Seen, digest: bytes) -> bool:
    """Whether these bytes came before and are done with. A further name is kept with them."""
    row = DropFile.objects.filter(connection_id=watched.source.connection_id, sha256=digest).first()
    if row is None or row.state == DropFile.State.TAKING:
        return False
    if seen.entry.name not in (row.name, *row.also_named):
        DropFile.objects.filter(pk=row.pk).update(also_named=[*row.also_named, seen.entry.name])
    _read(watched, seen, row.pk)
    return True


def begin(watched: Watched, seen: Seen, digest: bytes, size: int, at: datetime) -> int:
    """Written before the first receipt is: what is found `taking` later was cut off, and is taken again."""
    row, _ = DropFile.objects.get_or_create(
        connection_id=watched.source.connection_id,
        sha256=digest,
        defaults={
            "retailer_id": watched.source.retailer_id,
            "name": seen.entry.name,
            "size": size,
            "store_key": seen.named.store,
            "day": seen.named.day,
            "seen_at": at,
        },
    )
    return row.pk


@transaction.atomic
def taken(watched: Watched, seen: Seen, file_id: int, read: ReadFile, control: Control | None, at: datetime) -> None:
    DropFile.objects.filter(pk=file_id).update(
        state=DropFile.State.TAKEN, receipts=len(read.records), done_at=at, reason="", **_figures(read, control)
    )
    _read(watched, seen, file_id)
    due = _expected(watched, seen.named).exclude(state__in=(State.ARRIVED, State.LATE))
    due.filter(due_at__gte=at).update(state=State.ARRIVED, file_id=file_id, arrived_at=at)
    due.filter(due_at__lt=at).update(state=State.LATE, file_id=file_id, arrived_at=at)


@transaction.atomic
def refused(
    watched: Watched,
    seen: Seen,
    file_id: int,
    reason: str,
    message_id: UUID,
    at: datetime,
    read: ReadFile | None = None,
    control: Control | None = None,
) -> None:
    figures = _figures(read, control) if read else {}
    DropFile.objects.filter(pk=file_id).update(
        state=DropFile.State.REFUSED, reason=reason, message_id=message_id, done_at=at, **figures
    )
    _read(watched, seen, file_id)
    due = _expected(watched, seen.named).exclude(state__in=(State.ARRIVED, State.LATE))
    due.update(state=State.WRONG, file_id=file_id)


def _figures(read: ReadFile, control: Control | None) -> dict[str, int | str | Decimal | None]:
    stated = control or Control()
    return {
        "encoding": read.encoding,
        "rows": read.rows,
        "total": read.total,
        "stated_rows": stated.rows,
        "stated_total": stated.total,
    }


def _read(watched: Watched, seen: Seen, file_id: int) -> None:
    Sighting.objects.filter(
        connection_id=watched.source.connection_id,
        name=seen.entry.name,
        size=seen.entry.size,
        modified=seen.entry.modified,
    ).update(file_id=file_id)


def _expected(watched: Watched, named: FileName) -> QuerySet[ExpectedFile]:
    return ExpectedFile.objects.filter(connection_id=watched.source.connection_id, store_key=named.store, day=named.day)


def settle_findings(at: datetime) -> int:
    """Close what a person no longer needs to decide: the file came after all, or the drop answers again.

    What concerns security is left to a person.
    """
    done = dict.fromkeys(_superseded(at), "The right file has come.")
    for row in DropWatch.objects.filter(problem="", message_id__isnull=False):
        done[row.message_id] = "The drop answers again."
    still = ExceptionItem.objects.filter(message_id__in=done, state=ExceptionItem.State.OPEN)
    return sum(_close(item, done[item.message_id], at) for item in still.exclude(error_class="security"))


def _superseded(at: datetime) -> list[UUID]:
    """Messages of files that were missing or wrong, and then came right."""
    came = ExpectedFile.objects.filter(state__in=(State.ARRIVED, State.LATE), arrived_at__gte=at - REMEMBERED)
    right = DropFile.objects.filter(
        connection_id=OuterRef("connection_id"),
        store_key=OuterRef("store_key"),
        day=OuterRef("day"),
        state=DropFile.State.TAKEN,
        done_at__gt=OuterRef("done_at"),
    )
    wrong = DropFile.objects.filter(Exists(right), state=DropFile.State.REFUSED, done_at__gte=at - REMEMBERED)
    found = [rows.filter(message_id__isnull=False).values_list("message_id", flat=True) for rows in (came, wrong)]
    return [message_id for ids in found for message_id in ids]


def _close(item: ExceptionItem, reason: str, at: datetime) -> int:
    try:
        with transaction.atomic():
            change_state(item, to=ExceptionItem.State.RESOLVED, by=BY, reason=reason, at=at)
            tell(item.retailer_id, item.message_id, item.pk)
    except StaleState:
        return 0
    return 1
