"""Reads for the exceptions page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import Count, Min, Q, QuerySet, Sum

from monitoring.exceptions.models import ExceptionItem, Transition
from tenants.ids import first_id

PAGE_SIZE: Final = 50
TABS: Final = ("open", "resolved")


@dataclass(frozen=True, slots=True)
class ExceptionFilter:
    """`tab` is open or resolved. Open ones are shown whatever their age; resolved ones by when they were opened."""

    tab: str = "open"
    retailers: tuple[int, ...] | None = None
    error_class: str = ""
    connection: str = ""
    search: str = ""
    start: datetime | None = None
    end: datetime | None = None

    @property
    def is_narrowed(self) -> bool:
        return bool(self.error_class or self.connection or self.search)


@dataclass(frozen=True, slots=True)
class ExceptionPage:
    """Newest first. `older` and `newer` are the cursors to the neighbouring pages, None at an end."""

    rows: list[ExceptionItem]
    older: UUID | None
    newer: UUID | None


@dataclass(frozen=True, slots=True)
class OpenClass:
    error_class: str
    count: int


@dataclass(frozen=True, slots=True)
class OpenSummary:
    """What is open in scope. `money` is (currency, sum) where the value is known; `unknown` counts the others."""

    count: int
    orders: int
    money: tuple[tuple[str, Decimal], ...]
    unknown: int
    oldest: datetime | None
    classes: tuple[OpenClass, ...]


def open_exception_count(*, retailers: Sequence[int] | None = None) -> int:
    """How many wait for a person, in scope. Cost: one query over open rows only."""
    return _open(retailers).count()


def exception_rows(wanted: ExceptionFilter) -> QuerySet[ExceptionItem]:
    rows = ExceptionItem.objects.scoped()
    if wanted.retailers is not None:
        rows = rows.filter(retailer_id__in=wanted.retailers)
    if wanted.tab == "resolved":
        rows = rows.filter(state=ExceptionItem.State.RESOLVED)
        if wanted.start and wanted.end:
            rows = rows.filter(id__gte=first_id(wanted.start), id__lt=first_id(wanted.end))
    else:
        rows = rows.filter(state__in=ExceptionItem.OPEN_STATES)
    if wanted.error_class:
        rows = rows.filter(error_class=wanted.error_class)
    if wanted.connection:
        rows = rows.filter(connection_key=wanted.connection)
    if wanted.search:
        text = wanted.search.strip()
        number = text.lstrip("#")
        rows = rows.filter(Q(order_number__in=[number, f"#{number}"]) | Q(title__icontains=text))
    return rows


def exception_page(
    wanted: ExceptionFilter, *, before: UUID | None = None, after: UUID | None = None, size: int = PAGE_SIZE
) -> ExceptionPage:
    """The page older than `before`, or newer than `after`, or the newest. Cost: one query."""
    rows = exception_rows(wanted)
    if after is not None:
        found = list(rows.filter(id__gt=after).order_by("id")[: size + 1])
        more, found = len(found) > size, found[:size][::-1]
        return ExceptionPage(found, found[-1].id if found else None, found[0].id if more else None)
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = list(rows.order_by("-id")[: size + 1])
    more, found = len(found) > size, found[:size]
    newer = found[0].id if found and before is not None else None
    return ExceptionPage(found, found[-1].id if more else None, newer)


def newer_exceptions(wanted: ExceptionFilter, *, than: UUID, limit: int = 99) -> int:
    """How many matching exceptions came after one, counted up to `limit`. One query."""
    return exception_rows(wanted).filter(id__gt=than).order_by()[:limit].count()


def open_summary(*, retailers: Sequence[int] | None = None) -> OpenSummary:
    """The strip above the list. Cost: one query over open rows only."""
    groups = list(
        _open(retailers)
        .values("error_class", "currency")
        .annotate(
            count=Count("id"), total=Sum("value"), unknown=Count("id", filter=Q(value=None)), oldest=Min("opened_at")
        )
        .order_by()
    )
    money: dict[str, Decimal] = {}
    classes: dict[str, int] = {}
    for group in groups:
        classes[group["error_class"]] = classes.get(group["error_class"], 0) + group["count"]
        if group["total"] is not None:
            money[group["currency"]] = money.get(group["currency"], Decimal(0)) + group["total"]
    count, unknown = sum(classes.values()), sum(group["unknown"] for group in groups)
    return OpenSummary(
        count=count,
        orders=count - unknown,
        money=tuple(sorted(money.items(), key=lambda pair: -pair[1])),
        unknown=unknown,
        oldest=min((group["oldest"] for group in groups), default=None),
        classes=tuple(OpenClass(*pair) for pair in sorted(classes.items(), key=lambda pair: (-pair[1], pair[0]))),
    )


def last_resolved(*, retailers: Sequence[int] | None = None) -> datetime | None:
    """When the newest resolved exception was resolved: what an empty queue says. One query."""
    rows = ExceptionItem.objects.scoped().filter(state=ExceptionItem.State.RESOLVED)
    if retailers is not None:
        rows = rows.filter(retailer_id__in=retailers)
    return rows.order_by("-id").values_list("resolved_at", flat=True).first()


def exception_by_id(exception_id: UUID) -> ExceptionItem:
    """Raises ExceptionItem.DoesNotExist for another's as for none."""
    return ExceptionItem.objects.scoped().get(pk=exception_id)


def exceptions_of(message_id: UUID) -> list[ExceptionItem]:
    """Open ones first, then the newest. One query."""
    found = ExceptionItem.objects.scoped().filter(message_id=message_id).order_by("-id")
    return sorted(found, key=lambda item: item.state not in ExceptionItem.OPEN_STATES)


def transitions_of(exception_ids: Sequence[UUID]) -> list[Transition]:
    return list(Transition.objects.scoped().filter(exception_id__in=exception_ids).order_by("id"))


def _open(retailers: Sequence[int] | None) -> QuerySet[ExceptionItem]:
    rows = ExceptionItem.objects.scoped().filter(state__in=ExceptionItem.OPEN_STATES)
    return rows if retailers is None else rows.filter(retailer_id__in=retailers)
