"""The way of one delivery as stages, and everything that happened as a list in time. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from console.render.text import actor, duration, plural
from monitoring.ledger.selectors.detail import AttemptDetail, DeliveryDetail, MessageDetail

MAPPING_CLASSES = ("mapping", "unmapped_value")


@dataclass(frozen=True, slots=True)
class Stage:
    """`state`: done, failed, waiting (its turn is now), open (not reached), unproven."""

    label: str
    state: str
    at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Happening:
    at: datetime
    tone: str
    shape: str
    title: str
    note: str = ""


def stages(detail: MessageDetail, one: DeliveryDetail) -> list[Stage]:
    """Received, mapped, ran, accepted, confirmed: ran, accepted and confirmed are three separate facts."""
    delivery = one.delivery
    failed = delivery.state == "exception"
    at_mapping = failed and delivery.error_class in MAPPING_CLASSES and not delivery.map_version
    mapped = bool(delivery.map_version) or delivery.accepted_at is not None
    found = [
        Stage("Received", "done", detail.message.received_at, f"{detail.message.door} from {detail.source}"),
        Stage("Mapped", "failed" if at_mapping else "done" if mapped else "open", None, delivery.map_version),
        Stage("Ran", "done" if delivery.ran_at else "open", delivery.ran_at, plural(delivery.attempts, "attempt")),
        _accepted(delivery.accepted_at, failed and not at_mapping, delivery.document_id, one.target),
        _confirmed(delivery.accepted_at, delivery.confirmed_at),
    ]
    if delivery.state in ("waiting", "retrying"):
        turn = next((n for n, stage in enumerate(found) if stage.state == "open"), None)
        if turn is not None:
            found[turn] = Stage(found[turn].label, "waiting", None, found[turn].note)
    return found


def _accepted(at: datetime | None, failed: bool, document: str, target: str) -> Stage:
    state = "done" if at else "failed" if failed else "open"
    return Stage("Accepted", state, at, f"{target} {document}".strip() if at else target)


def _confirmed(accepted: datetime | None, confirmed: datetime | None) -> Stage:
    if confirmed:
        return Stage("Confirmed", "done", confirmed, "read back")
    return Stage("Confirmed", "unproven" if accepted else "open", None, "not read back yet" if accepted else "")


def happenings(detail: MessageDetail) -> list[Happening]:
    """Oldest first."""
    message = detail.message
    found = [Happening(message.received_at, "mute", "accepted", f"Received from {detail.source}", _arrival(detail))]
    if message.occurred_at:
        found.append(Happening(message.occurred_at, "mute", "unknown", f"Happened in {detail.source}", message.topic))
    if message.disposition:
        found.append(Happening(message.received_at, "mute", "settled", message.disposition.capitalize(), message.rule))
    for repeat in detail.repeats:
        note = "answered with the first id" if repeat.same_body else "with another body: the first one stands"
        found.append(Happening(repeat.received_at, "mute", "settled", "The same event came again", note))
    for one in detail.deliveries:
        found += _of_delivery(one)
    for change in detail.transitions:
        tone, shape = {"resolved": ("ok", "ok"), "retrying": ("warn", "retrying")}.get(
            change.to_state, ("fail", "failing")
        )
        title = f"Exception {change.to_state}" if change.from_state else "Exception opened"
        if change.from_state == change.to_state:
            title = "Taken out of its order"
        found.append(
            Happening(change.at, tone, shape, title, " · ".join(filter(None, [actor(change.by), change.reason])))
        )
    return sorted(found, key=lambda happening: happening.at)


def _arrival(detail: MessageDetail) -> str:
    message = detail.message
    version = f"API {message.api_version}" if message.api_version else "API version not stated"
    parts = [f"{message.topic or 'no topic'} by {message.door}", version, f"{message.size:,} bytes"]
    if message.masked:
        parts.append(f"{plural(message.masked, 'card number')} masked")
    return " · ".join(parts)


def _of_delivery(one: DeliveryDetail) -> list[Happening]:
    delivery = one.delivery
    superseded = delivery.state == "superseded" and delivery.finished_at  # then its rule says by what
    found = [
        Happening(
            delivery.created_at,
            "mute",
            "settled",
            f"Routed to {one.target}",
            " · ".join(filter(None, [one.flow, delivery.operation, "" if superseded else delivery.rule])),
        )
    ]
    found += [_of_attempt(attempt, one) for attempt in one.attempts]
    if delivery.accepted_at:
        found.append(Happening(delivery.accepted_at, "ok", "ok", f"{one.target} accepted it", delivery.document_id))
    if superseded:
        found.append(Happening(delivery.finished_at, "mute", "settled", "Superseded", delivery.rule))
    if delivery.confirmed_at:
        found.append(Happening(delivery.confirmed_at, "ok", "ok", "Confirmed by a read-back", delivery.document_id))
    return found


def _of_attempt(tried: AttemptDetail, one: DeliveryDetail) -> Happening:
    attempt = tried.attempt
    looks = {"ok": ("ok", "ok", "succeeded"), "uncertain": ("warn", "degraded", "ended uncertain")}
    tone, shape, words = looks.get(attempt.outcome, ("fail", "failing", attempt.outcome))
    note = " · ".join(filter(None, [duration(attempt.duration_us), attempt.error_message]))
    ended = attempt.started_at + timedelta(microseconds=attempt.duration_us)
    return Happening(ended, tone, shape, f"Attempt {attempt.number} at {one.target} {words}", note)
