"""Every night: does each retailer's day still balance (`product.md` O1)? What does not is an exception."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from django.db import transaction

from governance.access.principal import Principal
from governance.audit.events import ObjectRef
from governance.audit.services import record
from monitoring.exceptions.models import ExceptionItem, Transition
from monitoring.exceptions.services import change_state
from monitoring.ledger.models import Message
from monitoring.retention import acts  # noqa: F401 registers what is recorded here
from monitoring.rollups.equation import Equation, equation
from tenants.ids import first_id, uuid7
from tenants.retailers.models import Retailer

ERROR_CLASS: Final = "ledger"


def check_day(day: date, *, by: Principal, at: datetime) -> dict[str, Equation]:
    """The day of each retailer (UTC) that does not balance, by its key. Opens and closes their exceptions."""
    since = datetime.combine(day, time(), UTC)
    wrong = {}
    for retailer in Retailer.objects.scoped().order_by("pk"):
        found = equation(since, since + timedelta(days=1), retailers=[retailer.pk])
        if found.holds:
            _close(retailer, day, by=by, at=at)
        else:
            wrong[retailer.key] = found
            _tell(retailer, day, found, by=by, at=at)
    return wrong


def _tell(retailer: Retailer, day: date, found: Equation, *, by: Principal, at: datetime) -> None:
    """An act, and once a day an exception; without any message of the day there is nothing to hang it on."""
    parts: dict[str, Any] = {"received": found.received, "difference": found.difference} | found.terms
    with transaction.atomic():
        if _open(retailer, day).update(last_seen_at=at):
            return
        record(
            "equation.unbalanced", by=by, object=ObjectRef("day", day.isoformat(), str(day)), retailer=retailer.pk,
            after=parts, at=at,
        )  # fmt: skip
        first, end = first_id(found.since), first_id(found.until)
        message = Message.objects.scoped().filter(retailer_id=retailer.pk, id__gte=first, id__lt=end).first()
        if message is not None:
            _raise(retailer, message, day, parts, by=by, at=at)


def _raise(
    retailer: Retailer, message: Message, day: date, parts: dict[str, Any], *, by: Principal, at: datetime
) -> None:
    item = ExceptionItem.objects.create(
        id=uuid7(),
        retailer_id=retailer.pk,
        message_id=message.pk,
        connection_key=message.connection_key,
        error_class=ERROR_CLASS,
        title=f"{day} does not balance: received differs from its parts by {parts['difference']}",
        detail=", ".join(f"{name} {count}" for name, count in parts.items()),
        fingerprint=_fingerprint(day),
        opened_at=at,
        last_seen_at=at,
    )
    Transition.objects.create(
        id=uuid7(), retailer_id=retailer.pk, exception=item, at=at, from_state="", to_state="open", by=by.text
    )


def _close(retailer: Retailer, day: date, *, by: Principal, at: datetime) -> None:
    with transaction.atomic():
        for item in _open(retailer, day):
            change_state(item, to=ExceptionItem.State.RESOLVED, by=by, reason="The day balances.", at=at)


def _open(retailer: Retailer, day: date) -> Any:
    return ExceptionItem.objects.scoped().filter(
        retailer_id=retailer.pk, fingerprint=_fingerprint(day), state__in=ExceptionItem.OPEN_STATES
    )


def _fingerprint(day: date) -> str:
    return f"unbalanced {day}"
