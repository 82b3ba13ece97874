"""What became of one message, in a sentence, as soon as it is settled."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from console.render.problem import problem
from monitoring.exceptions.models import ExceptionItem
from monitoring.exceptions.selectors import exceptions_of
from monitoring.ledger.models import Delivery, Disposition, Message

POLL_SECONDS: Final = 0.2
DONE_STATES: Final = frozenset({Delivery.State.DELIVERED, Delivery.State.SUPERSEDED, Delivery.State.CLOSED})


@dataclass(frozen=True, slots=True)
class Outcome:
    """`settled`: nothing more happens by itself. `good`: the target has it, or had it already."""

    text: str
    settled: bool
    good: bool


def outcome_of(message_id: UUID) -> Outcome:
    """Raises Message.DoesNotExist. Cost: three queries."""
    message = Message.objects.scoped().get(pk=message_id)
    known = exceptions_of(message_id)
    open_ones = [item for item in known if item.state == ExceptionItem.State.OPEN]
    if open_ones:
        return Outcome(f"needs a decision: {_with_detail(open_ones[0])}", settled=True, good=False)
    if message.disposition:
        good = message.disposition in (Disposition.SAME_VERSION, Disposition.OLDER_VERSION)
        # Unreadable is known at the door; the exception that a person sees comes with the router.
        settled = message.disposition != Disposition.UNREADABLE or bool(known)
        return Outcome(f"{message.get_disposition_display()}: {message.rule}".rstrip(": "), settled=settled, good=good)
    deliveries = list(Delivery.objects.scoped().filter(message_id=message_id).order_by("id"))
    if not deliveries:
        return Outcome("not routed yet", settled=False, good=False)
    settled = all(delivery.state in DONE_STATES for delivery in deliveries)
    return Outcome("; ".join(_one(delivery) for delivery in deliveries), settled=settled, good=settled)


def wait_for_outcome(message_id: UUID, *, seconds: float, sleep: Callable[[float], None] = time.sleep) -> Outcome:
    """The settled outcome, or the last unsettled one when time is over."""
    deadline = time.monotonic() + seconds
    found = outcome_of(message_id)
    while not found.settled and time.monotonic() < deadline:
        sleep(POLL_SECONDS)
        found = outcome_of(message_id)
    return found


def _with_detail(item: ExceptionItem) -> str:
    more = problem(item.title, item.detail).text
    return f"{item.title} ({more})" if more else item.title


def _one(delivery: Delivery) -> str:
    words = [delivery.get_state_display()]
    if delivery.document_id:
        words.append(f"{delivery.document_type} {delivery.document_id} {delivery.effect}".strip())
    elif delivery.error_message:
        words.append(delivery.error_message)
    return f"{delivery.connection_key}: {', '.join(words)}"
