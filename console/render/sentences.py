"""What happened to a message, in one sentence, and what to do next. Pure."""

from __future__ import annotations

from datetime import datetime

from console.render.text import ago
from monitoring.exceptions.advice import advice_for
from monitoring.ledger.selectors.detail import DeliveryDetail, MessageDetail


def subject(detail: MessageDetail) -> str:
    """Order #10023, Refund of #10023, or the topic where nothing is known of it."""
    kind = detail.message.object_type
    if not detail.number:
        return detail.message.topic or "Message without a topic"
    if kind in ("", "order"):
        return f"Order {detail.number}"
    return f"{kind.replace('_', ' ').capitalize()} of {detail.number}"


def what_happened(detail: MessageDetail, *, at: datetime) -> str:
    message = detail.message
    if detail.status == "unreadable":
        return f"It came from {detail.source} but cannot be read: {_clause(message.rule)}."
    if message.disposition:
        words = {"deduplicated": "recognised as a repetition", "superseded": "superseded"}
        return (
            f"It came from {detail.source} and was {words.get(detail.status, detail.status)}: {_clause(message.rule)}."
        )
    if not detail.deliveries:
        return f"It came from {detail.source} and waits to be routed."
    return " ".join(_way(one, at) for one in detail.deliveries)


def next_action(detail: MessageDetail, *, waits_for: str = "") -> str:
    """One sentence; "Nothing to do." where that is so. `waits_for` is the engine's reason for what still waits."""
    item = detail.open_exception
    if item is not None:
        if item.state == item.State.RETRYING:
            return "Wait: it is being sent again right now."
        return advice_for(item.error_class).action
    if detail.status in ("retrying", "waiting"):
        return f"Nothing to do yet. {waits_for or 'It goes when its turn comes.'}"
    if detail.status == "delivered":
        return "Nothing to do; the target has accepted it, though no read-back has proved it yet."
    return "Nothing to do."


def _way(one: DeliveryDetail, at: datetime) -> str:
    delivery, target = one.delivery, one.target
    if delivery.state == "delivered":
        document = f" as {delivery.document_id}" if delivery.document_id else ""
        proof = " and a read-back confirmed it" if delivery.confirmed_at else ""
        return f"{target} accepted it{document}{_effect(delivery.effect)}{proof}."
    if delivery.state == "exception":
        return f"It has not reached {target} and waits for a decision."
    if delivery.state == "retrying":
        due = f" The next attempt is due {ago(delivery.due_at, at=at)}." if delivery.due_at else ""
        return f"It has not reached {target} yet: {_clause(delivery.error_message or 'the last attempt failed')}.{due}"
    if delivery.state == "superseded":
        return f"It was not sent to {target}: {_clause(delivery.rule or 'a newer version went instead')}."
    if delivery.state == "closed":
        return f"Its way to {target} was closed by hand."
    return f"It waits for its turn to {target}."


def _effect(effect: str) -> str:
    words = {
        "amended": " by amending it",
        "cancelled": " and cancelled it",
        "returned": " and made the return",
        "already": ", which it had already",
    }
    return words.get(effect, "")


def _clause(text: str) -> str:
    """A stored sentence inside one of ours: without its full stop."""
    return text.strip().rstrip(".")
