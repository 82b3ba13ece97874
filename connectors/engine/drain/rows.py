"""Pure: results turned into rows for the set-based writes of T3."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from connectors.engine.drain.transform import lag_us
from connectors.engine.drain.work import ENDED, End, Problem, Result, StepRecord
from connectors.engine.models import Lane
from monitoring.exceptions.rows import open_exception
from monitoring.ledger import payloads
from monitoring.ledger.identities.writes import Learned
from monitoring.ledger.models import Attempt, Delivery
from monitoring.rollups.writer import Counted, versions
from tenants.ids import uuid7

Row = tuple[Any, ...]
STATES = {
    End.DELIVERED: Delivery.State.DELIVERED,
    End.RETRY: Delivery.State.RETRYING,
    End.PARK: Delivery.State.EXCEPTION,
    End.SUPERSEDED: Delivery.State.SUPERSEDED,
}


def tries(result: Result) -> int:
    """How many tries this result uses up: none when the target could not be reached, or when it waits for a thing.

    What may come behind it in its lane counts, or two that wait for the same would change places for ever.
    """
    problem = result.problem
    free = problem is not None and (problem.unreachable or (problem.needed is not None and not problem.early))
    return len(result.interrupted) + (0 if free else 1)


def outcome(result: Result) -> Attempt.Outcome:
    if result.problem is None:
        return Attempt.Outcome.OK
    return Attempt.Outcome.UNCERTAIN if result.problem.uncertain else Attempt.Outcome.FAILED


def attempts(results: Sequence[Result], worker: str) -> list[Row]:
    """The attempts themselves, and those that a dead holder left unfinished."""
    rows: list[Row] = []
    for result in results:
        first = result.work.attempts + 1
        for number, (attempt_id, began_at) in enumerate(result.interrupted, first):
            rows.append(_interrupted(result, attempt_id, began_at, number))
        rows.append(_attempt(result, first + len(result.interrupted), worker))
    return rows


def _attempt(result: Result, number: int, worker: str) -> Row:
    work, attempt, problem = result.work, result.attempt, result.problem or Problem("", "")
    return (
        attempt.id,
        work.delivery_id,
        work.message_id,
        work.retailer_id,
        work.flow_key,
        work.connection_key,
        work.operation,
        number,
        work.trigger,
        attempt.started_at,
        attempt.duration_us,
        attempt.transform_us,
        attempt.target_us,
        outcome(result),
        problem.error_class,
        problem.message,
        problem.detail,
        attempt.version("version_requested"),
        attempt.version("version_served"),
        worker,
    )


def _interrupted(result: Result, attempt_id: UUID, began_at: datetime, number: int) -> Row:
    work = result.work
    head = (attempt_id, work.delivery_id, work.message_id, work.retailer_id, work.flow_key, work.connection_key)
    text = "The worker ended during this attempt; the target was asked what became of it."
    tail = (Attempt.Outcome.INTERRUPTED, "transport", text, "", "", "", "")
    return (*head, work.operation, number, work.trigger, began_at, 0, 0, 0, *tail)


def lane(result: Result, *, passed: bool) -> Row:
    """(lane, how long it waits, whether for a person, its share of the endpoint, early) of a lane that goes on.

    `passed`: another one is its head now, which may go at once.
    """
    if passed:
        return result.work.lane_id, timedelta(), False, Lane.Share.LIVE, False
    share = Lane.Share.RETRY if result.end is End.RETRY else Lane.Share.LIVE
    early = result.problem is not None and result.problem.early
    return result.work.lane_id, result.retry_in or timedelta(), result.end is End.PARK, share, early


def steps(results: Sequence[Result]) -> tuple[list[Row], list[Row]]:
    """(step rows, payload rows of their bodies)."""
    found: list[Row] = []
    bodies: list[Row] = []
    for result in results:
        for number, step in enumerate(result.attempt.steps, 1):
            request_id = _body(bodies, result.work.retailer_id, step.request)
            response_id = _body(bodies, result.work.retailer_id, step.response)
            found.append(_step(result, number, step, request_id, response_id))
    return found, bodies


def _body(bodies: list[Row], retailer_id: int, body: bytes) -> UUID | None:
    if not body:
        return None
    bodies.append(payloads.row(uuid7(), retailer_id, body))
    return bodies[-1][0]


def _step(result: Result, number: int, step: StepRecord, request_id: UUID | None, response_id: UUID | None) -> Row:
    return (
        uuid7(),
        result.attempt.id,
        result.work.retailer_id,
        number,
        step.name,
        step.changes,
        step.method,
        step.target,
        step.status,
        step.started_at,
        step.duration_us,
        step.version_requested,
        step.version_served,
        request_id,
        response_id,
        step.error,
    )


def facts(results: Sequence[Result]) -> list[Row]:
    rows = []
    for result in results:
        known = result.facts
        if known is None:
            continue
        rows.append(
            (
                result.work.message_id,
                result.work.retailer_id,
                known.object_type,
                known.order_number,
                known.value,
                known.currency or "",
                known.units,
                known.store_key or "",
                known.channel or "",
                result.counterparty,
                known.occurred_at,
            )
        )
    return rows


def learned(results: Sequence[Result]) -> list[Learned]:
    """What the cross-reference is told: the documents' own ids, and what was found or made on the way."""
    told = [one for result in results for one in (*result.attempt.learned, result.known_as) if one is not None]
    return [one for one in told if one.source.id and one.source_id and one.external_id]


def needs(results: Sequence[Result]) -> list[Row]:
    return [
        (
            result.work.delivery_id,
            result.work.retailer_id,
            needed.kind,
            needed.name,
            needed.key,
            needed.source_id,
            needed.target_id,
            needed.until,
        )
        for result in results
        if result.problem is not None and (needed := result.problem.needed) is not None and result.end not in ENDED
    ]


def document_keys(results: Sequence[Result]) -> list[Row]:
    """The target's number becomes a business key: an order is found by its ERP number too."""
    return [
        (uuid7(), result.work.retailer_id, "document", result.delivered.document_id, result.work.message_id)
        for result in results
        if result.delivered is not None
    ]


def deliveries(results: Sequence[Result], now: datetime) -> list[Row]:
    return [_delivery(result, now) for result in results]


def _delivery(result: Result, now: datetime) -> Row:
    done, problem = result.delivered, result.problem
    return (
        result.work.delivery_id,
        STATES[result.end],
        1 + len(result.interrupted),
        now + result.retry_in if result.retry_in and result.end is End.RETRY else None,
        result.map_version,
        done.document_id if done else "",
        done.document_type if done else "",
        done.effect if done else "",
        result.attempt.started_at,
        now if done else None,
        problem.error_class if problem else "",
        problem.message if problem else "",
        now if result.end is not End.RETRY else None,
    )


def resolved(results: Sequence[Result]) -> list[tuple[UUID, str]]:
    """(delivery, how it ended) of what ended after an earlier try: closes its open exception, if it had one."""
    return [
        (result.work.delivery_id, result.rule or f"Accepted by the target as {result.delivered.document_id}.")
        for result in results
        if result.end in ENDED and (result.work.attempts or result.interrupted)
    ]


def exceptions(results: Sequence[Result], now: datetime) -> list[Row]:
    return [_exception(result, result.problem, now) for result in results if result.end is End.PARK and result.problem]


def _exception(result: Result, problem: Problem, now: datetime) -> Row:
    work, known = result.work, result.facts
    return open_exception(
        retailer_id=work.retailer_id,
        message_id=work.message_id,
        delivery_id=work.delivery_id,
        flow_key=work.flow_key,
        connection_key=work.connection_key,
        connector=work.connector,
        operation=work.operation,
        error_class=problem.error_class,
        title=problem.message,
        detail=problem.detail,
        order_number=known.order_number if known else "",
        store_key=(known.store_key or "") if known else "",
        value=known.value if known else None,
        currency=(known.currency or "") if known else "",
        at=now,
    )


def counted(results: Sequence[Result], now: datetime) -> list[Counted]:
    """What the rollups count of these results: attempts with their hops, and final outcomes."""
    events: list[Counted] = []
    for result in results:
        events.append(_counted_attempt(result))
        events += [_counted_interrupted(result, began_at) for _, began_at in result.interrupted]
        if result.end is not End.RETRY:
            events.append(_counted_end(result, now))
    return events


def _counted_attempt(result: Result) -> Counted:
    work, attempt = result.work, result.attempt
    waiting_since = max(work.received_at, work.due_at)
    return Counted(
        minute=attempt.started_at,
        retailer_id=work.retailer_id,
        kind="attempt",
        outcome=outcome(result),
        connection_key=work.connection_key,
        flow_key=work.flow_key,
        store_key=_store(result),
        api_version=versions(attempt.version("version_requested"), attempt.version("version_served")),
        duration_us=attempt.target_us,
        error_class=result.problem.error_class if result.problem else "",
        queue_us=lag_us(waiting_since, attempt.started_at),
        transform_us=attempt.transform_us,
    )


def _counted_interrupted(result: Result, began_at: datetime) -> Counted:
    work = result.work
    return Counted(
        minute=began_at,
        retailer_id=work.retailer_id,
        kind="attempt",
        outcome=Attempt.Outcome.INTERRUPTED,
        connection_key=work.connection_key,
        flow_key=work.flow_key,
        error_class="transport",
    )


def _counted_end(result: Result, now: datetime) -> Counted:
    work, known = result.work, result.facts
    return Counted(
        minute=now,
        retailer_id=work.retailer_id,
        kind="delivery",
        outcome=STATES[result.end],
        connection_key=work.connection_key,
        flow_key=work.flow_key,
        store_key=_store(result),
        currency=(known.currency or "") if known else "",
        value=known.value if known else None,
        duration_us=lag_us(work.received_at, now),
    )


def _store(result: Result) -> str:
    return (result.facts.store_key or "") if result.facts else ""
