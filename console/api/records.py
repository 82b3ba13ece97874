"""From what the selectors return to what the API answers. Unknown and not stated are null, never "" or 0."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from monitoring.exceptions.models import ExceptionItem, Transition
from monitoring.ledger.selectors.detail import AttemptDetail, DeliveryDetail, MessageDetail
from monitoring.ledger.selectors.pages import MessageRow, Way

Record = dict[str, Any]
Keys = Mapping[int, str]  # retailer id -> key


def money(value: Decimal | None, currency: str) -> Record | None:
    return None if value is None else {"value": plain(value), "currency": currency}


def plain(value: Decimal) -> str:
    """At least two digits behind the point, and no zeros that only the column's scale put there."""
    exact = value.normalize()
    return f"{exact:f}" if exact.as_tuple().exponent < -2 else f"{exact:.2f}"


def milliseconds(length: timedelta | None) -> float | None:
    return None if length is None else length / timedelta(milliseconds=1)


def message_summary(row: MessageRow, keys: Keys) -> Record:
    return {
        "id": row.id,
        "received_at": row.received_at,
        "retailer": keys.get(row.retailer_id, ""),
        "number": row.number or None,
        "object_type": row.object_type or None,
        "topic": row.topic,
        "store": row.store_key or None,
        "value": money(row.value, row.currency),
        "source": row.source_key,
        "door": row.door,
        "api_version": row.version or None,
        "status": row.status,
        "why": row.why or None,
        "latency_ms": milliseconds(row.latency),
        "repeats": row.repeats,
        "exception_id": row.exception_id,
        "deliveries": [_way(way) for way in row.ways],
    }


def message_detail(found: MessageDetail) -> Record:
    message, fact = found.message, found.fact
    return {
        "id": message.id,
        "received_at": message.received_at,
        "occurred_at": message.occurred_at,
        "retailer": found.retailer.key,
        "number": found.number or None,
        "object_type": message.object_type or None,
        "object_id": message.object_id or None,
        "topic": message.topic,
        "event_id": message.event_id,
        "source": message.connection_key,
        "connector": message.connector,
        "door": message.door,
        "api_version": message.api_version or None,
        "store": (fact.store_key if fact else "") or None,
        "value": money(fact.value, fact.currency) if fact else None,
        "status": found.status,
        "rule": message.rule or None,
        "latency_ms": milliseconds(found.latency),
        "trace_id": message.trace_id,
        "cause_id": message.cause_id,
        "business_keys": [{"type": key.type, "value": key.value} for key in found.keys],
        "repeated_at": [repeat.received_at for repeat in found.repeats],
        "exception_ids": [item.id for item in found.exceptions],
        "deliveries": [_delivery(one) for one in found.deliveries],
    }


def exception_summary(item: ExceptionItem, keys: Keys) -> Record:
    return {
        "id": item.id,
        "state": item.state,
        "opened_at": item.opened_at,
        "last_seen_at": item.last_seen_at,
        "retailer": keys.get(item.retailer_id, ""),
        "message_id": item.message_id,
        "delivery_id": item.delivery_id,
        "connection": item.connection_key or None,
        "flow": item.flow_key or None,
        "error_class": item.error_class,
        "title": item.title,
        "number": item.order_number or None,
        "store": item.store_key or None,
        "value": money(item.value, item.currency),
        "failures": item.failures,
        "resolution": item.resolution or None,
        "resolved_at": item.resolved_at,
    }


def transition(row: Transition) -> Record:
    return {
        "at": row.at,
        "from_state": row.from_state or None,
        "to_state": row.to_state,
        "by": row.by,
        "reason": row.reason or None,
    }


def _way(way: Way) -> Record:
    return {
        "target": way.target_key,
        "state": way.state,
        "document": way.document or None,
        "confirmed": way.confirmed,
        "error": way.error or None,
        "api_version_requested": way.version_requested or None,
        "api_version_served": way.version_served or None,
    }


def _delivery(one: DeliveryDetail) -> Record:
    delivery = one.delivery
    return {
        "id": delivery.id,
        "flow": delivery.flow_key,
        "target": delivery.connection_key,
        "connector": one.connector,
        "operation": delivery.operation,
        "kind": delivery.kind,
        "state": delivery.state,
        "reference": delivery.reference,
        "idempotency_key": delivery.idempotency_key,
        "document": delivery.document_id or None,
        "effect": delivery.effect or None,
        "ran_at": delivery.ran_at,
        "accepted_at": delivery.accepted_at,
        "confirmed_at": delivery.confirmed_at,
        "error_class": delivery.error_class or None,
        "error": delivery.error_message or None,
        "attempts": [_attempt(tried) for tried in one.attempts],
    }


def _attempt(tried: AttemptDetail) -> Record:
    attempt = tried.attempt
    return {
        "id": attempt.id,
        "number": attempt.number,
        "trigger": attempt.trigger,
        "started_at": attempt.started_at,
        "duration_us": attempt.duration_us,
        "transform_us": attempt.transform_us,
        "target_us": attempt.target_us,
        "outcome": attempt.outcome,
        "error_class": attempt.error_class or None,
        "error": attempt.error_message or None,
        "api_version_requested": attempt.version_requested or None,
        "api_version_served": attempt.version_served or None,
        "steps": [
            {
                "number": step.number,
                "name": step.name,
                "changes": step.changes,
                "method": step.method,
                "target": step.target,
                "status": step.status,
                "started_at": step.started_at,
                "duration_us": step.duration_us,
                "api_version_requested": step.version_requested or None,
                "api_version_served": step.version_served or None,
                "error": step.error or None,
            }
            for step in tried.steps
        ],
    }
