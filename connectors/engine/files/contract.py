"""The completeness contract: which files should be there, and which did not come in time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from connectors.engine.files.books import drop_connections
from connectors.engine.files.judge import days_expected, stores_expected
from connectors.engine.files.models import DropFile, DropWatch, ExpectedFile
from connectors.engine.intake.arrival import Source
from governance.catalogue.manifest import Manifest
from governance.registry.models import RetailConnection
from tenants.retailers.models import Store

State = ExpectedFile.State


@dataclass(frozen=True, slots=True)
class Overdue:
    """An expected file that did not come. `store` is its name, `problem` what keeps us from the drop, if anything."""

    id: int
    source: Source
    manifest: Manifest
    label: str
    store_key: str
    store: str
    day: date
    due_at: datetime
    problem: str

    @property
    def sentence(self) -> str:
        """Without the day's date and store's key the desk could not tell one from another; with them it groups them."""
        name = f"{self.store} ({self.store_key})" if self.store != self.store_key else self.store_key
        return f"The sales file of store {name} for {self.day:%Y-%m-%d} has not come."


def expect(schema: str, at: datetime) -> None:
    """Write down what is expected from now on. A file that came before it was expected counts."""
    for row, _ in drop_connections():
        if not row.config.get("stores") or not row.config.get("due_by"):
            continue
        days = list(days_expected(row.config, row.retailer.timezone, since=row.created_at, at=at))
        known = set(
            ExpectedFile.objects.filter(connection_id=row.pk, day__in=[day for day, _ in days]).values_list(
                "store_key", "day"
            )
        )
        stores = stores_expected(row.config, _store_keys(row))
        new = [(key, day, due) for day, due in days for key in stores if (key, day) not in known]
        if new:
            _write(row, new)


def _store_keys(row: RetailConnection) -> list[str]:
    return list(Store.objects.filter(retailer_id=row.retailer_id, is_active=True).values_list("key", flat=True))


def _write(row: RetailConnection, new: list[tuple[str, date, datetime]]) -> None:
    came = {
        (file.store_key, file.day): file
        for file in DropFile.objects.filter(
            connection_id=row.pk, day__in={day for _, day, _ in new}, state=DropFile.State.TAKEN
        )
    }
    made = []
    for key, day, due in new:
        one = ExpectedFile(
            connection_id=row.pk, retailer_id=row.retailer_id, store_key=key, day=day, due_at=due, state=State.EXPECTED
        )
        if file := came.get((key, day)):
            one.state = State.LATE if file.done_at and file.done_at > due else State.ARRIVED
            one.file_id, one.arrived_at = file.pk, file.done_at
        made.append(one)
    ExpectedFile.objects.bulk_create(made, ignore_conflicts=True)


def overdue(schema: str, at: datetime) -> list[Overdue]:
    """Expected, due, and not there."""
    found = list(
        ExpectedFile.objects.filter(state=State.EXPECTED, due_at__lte=at).order_by("due_at", "store_key")[:500]
    )
    if not found:
        return []
    drops = {row.pk: (row, one) for row, one in drop_connections()}
    named = Store.objects.filter(
        retailer_id__in={one.retailer_id for one in found}, key__in={one.store_key for one in found}
    )
    stores = {(store.retailer_id, store.key): store.name for store in named}  # retailers' keys are often the same
    problems = dict(DropWatch.objects.exclude(problem="").values_list("connection_id", "problem"))
    return [
        Overdue(
            id=one.pk,
            source=Source(schema, row.retailer_id, row.pk, row.key, row.connector),
            manifest=drops[one.connection_id][1].manifest,
            label=row.label,
            store_key=one.store_key,
            store=stores.get((one.retailer_id, one.store_key), one.store_key),
            day=one.day,
            due_at=one.due_at,
            problem=problems.get(one.connection_id, ""),
        )
        for one in found
        if one.connection_id in drops
        for row in [drops[one.connection_id][0]]
    ]


def missing(expected_id: int, message_id: UUID) -> None:
    """Only where it is still expected: it may have come between the look and now."""
    ExpectedFile.objects.filter(pk=expected_id, state=State.EXPECTED).update(state=State.MISSING, message_id=message_id)
