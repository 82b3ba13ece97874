"""One attempt from lease to verdict: map, call, judge. Never raises; what goes wrong is in the result."""

from __future__ import annotations

import asyncio
import logging
import random
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from time import perf_counter

from psycopg_pool import AsyncConnectionPool

from connectors.engine.batch import Batcher
from connectors.engine.config import PartnerConfig, Target
from connectors.engine.drain.call import CALL_SECONDS, Book, CallBlocked, EngineCall, NotReached
from connectors.engine.drain.intents import Intent, LeaseLost, LeftBehind
from connectors.engine.drain.policy import SETTLE_SECONDS, SETTLING, verdict
from connectors.engine.drain.transform import Transformed, lacking, transform
from connectors.engine.drain.work import HELD, AttemptRecord, End, Problem, Result, Work
from connectors.engine.needs.needed import THING, Needed, plain
from connectors.sdk.connector import Delivered
from connectors.sdk.errors import ConnectorError, CredentialRejected, Needs, TooEarly, Unavailable, Uncertain
from governance.catalogue.manifest import Idempotency
from governance.egress.client import Egress
from governance.redaction.personal import personal_key
from monitoring.ledger.identities.writes import CREATED, FOUND, Place
from tenants.context import Scope

log = logging.getLogger(__name__)

ATTEMPT_SECONDS = 90.0
MAX_DOCUMENT_ID = 200
# A lease whose holder died twice on the same message parks that message.
POISON_CRASHES = 2


class Performer:
    """Runs leased works of one partner."""

    def __init__(
        self,
        *,
        egress: Egress,
        intents: Batcher[Intent, None],
        rng: random.Random,
        pool: AsyncConnectionPool,
        scope: Scope,
    ) -> None:
        self._pool = pool
        self._scope = scope
        self._egress = egress
        self._intents = intents
        self._rng = rng

    async def perform(self, work: Work, config: PartnerConfig, left: Sequence[LeftBehind]) -> Result | None:
        """None when the lease was lost on the way: then nothing may be written either."""
        attempt = AttemptRecord(work.attempt_id, datetime.now(UTC))
        began = perf_counter()
        target = config.targets.get(work.connection_id)
        book = self._book(work, config)
        ready = self._prepare(work, target, left, config.broken.get(work.connection_id, ""), book)
        attempt.transform_us = int((perf_counter() - began) * 1_000_000)
        try:
            outcome = ready.problem or await self._run(work, attempt, ready, target, config, book)
        except LeaseLost:
            log.warning("lane %s is another drain's by now; its result is left to that one", work.lane_id)
            return None
        attempt.duration_us = int((perf_counter() - began) * 1_000_000)
        result = self._result(work, attempt, ready, outcome, target, left)
        if result.delivered is not None:
            document = result.delivered
            how = FOUND if document.effect == "already" else CREATED
            result.known_as = book.learned(work.object_type, work.object_id, document.document_id, how, work)
        if ready.facts is not None and ready.facts.counterparty:
            result.counterparty = bytes.fromhex(personal_key(config.personal_key, ready.facts.counterparty))
        return result

    def _book(self, work: Work, config: PartnerConfig) -> Book:
        """A flow that is gone knows no source: then nothing is told of one either."""
        flow = config.flows.get(work.flow_id)
        source = Place(flow.source_id, flow.source_key) if flow else Place(0, "")
        return Book(
            self._pool,
            self._scope,
            retailer_id=work.retailer_id,
            source=source,
            target=Place(work.connection_id, work.connection_key),
            tables=config.values.get((source.id, work.connection_id), {}),
        )

    def _prepare(
        self, work: Work, target: Target | None, left: Sequence[LeftBehind], broken: str, book: Book
    ) -> Transformed:
        if work.crashes >= POISON_CRASHES:
            text = f"Two workers died on this {work.object_type}; it waits for a person."
            return Transformed(problem=Problem("poison", text))
        if work.trigger == HELD:
            return Transformed(problem=Problem(HELD, f"{work.rule}."))
        if broken:
            return Transformed(problem=Problem("credential", broken, credential=True))
        if target is None or work.operation not in target.connector.operations:
            text = f"{work.connection_key} offers no {work.operation}."
            return Transformed(problem=Problem("mapping", text))
        never_again = target.connector.manifest.operation(work.operation).idempotency is Idempotency.NONE
        if never_again and any(one.may_have_changed for one in left):
            text = "The last attempt was interrupted and may have taken effect; the target cannot be asked."
            return Transformed(problem=Problem("uncertain", text, uncertain=True))
        try:
            return transform(work, book.tables, book.pair)
        except Exception as error:  # noqa: BLE001 - the outermost edge: a defect must neither stop the drain nor kill its lease
            log.error("%s from %s cannot be mapped: a defect\n%s", work.topic, work.connector, _where(error))
            text = f"The mapping of {work.topic} failed; its log has the details."
            return Transformed(problem=Problem("defect", text))

    async def _run(
        self, work: Work, attempt: AttemptRecord, ready: Transformed, target: Target, config: PartnerConfig, book: Book
    ) -> Delivered | Problem:
        call = EngineCall(
            work, attempt, target, egress=self._egress, allow=config.allow, intents=self._intents, book=book
        )
        operation = target.connector.operations[work.operation]
        try:
            async with asyncio.timeout(ATTEMPT_SECONDS):
                return _kept(await operation(call, ready.document))
        except ConnectorError as error:
            return _problem(error, work, book.pair)
        except TimeoutError:
            changed = any(step.changes for step in attempt.steps)
            text = f"Not done within {ATTEMPT_SECONDS:.0f} seconds."
            return Problem("transport", text, uncertain=changed, failing=True, retryable=True)
        except LeaseLost:
            raise
        except Exception as error:  # noqa: BLE001 - the outermost edge: a connector's defect must not stop the drain
            log.error("%s of %s has a defect\n%s", work.operation, work.connection_key, _where(error))
            return Problem("defect", f"The connector failed in {work.operation}; its log has the details.")

    def _result(
        self,
        work: Work,
        attempt: AttemptRecord,
        ready: Transformed,
        outcome: Delivered | Problem,
        target: Target | None,
        left: Sequence[LeftBehind],
    ) -> Result:
        result = Result(work, attempt, End.DELIVERED, facts=ready.facts, map_version=ready.map_version)
        result.interrupted = tuple((one.attempt_id, one.began_at) for one in left)
        if isinstance(outcome, Delivered):
            result.delivered = outcome
            return result
        result.problem = outcome
        spec = target.connector.manifest.operation(work.operation) if target and outcome.retryable else None
        result.end, result.retry_in = verdict(
            outcome,
            tries=work.tries + 1 + len(left),
            waits=waits_for(outcome, work, datetime.now(UTC)),
            idempotency=spec.idempotency if spec else Idempotency.NONE,
            rng=self._rng,
        )
        return result


def unsettled_seconds(work: Work, left: Sequence[LeftBehind], config: PartnerConfig) -> float:
    """How long a dead holder's call may still take effect in a target that does not know our key; 0 or less: not.

    A search could miss it; sent again by our id it would be overwritten late, after what follows.
    """
    target = config.targets.get(work.connection_id)
    if target is None or work.operation not in target.connector.operations:
        return 0.0
    if target.connector.manifest.operation(work.operation).idempotency not in SETTLING:
        return 0.0
    announced = [one.announced_ago for one in left if one.announced_ago is not None]
    return CALL_SECONDS + SETTLE_SECONDS - min(announced) if announced else 0.0


def _where(error: Exception) -> str:
    """Its class and frames. Not its text: that may quote a header, a secret or a shopper."""
    return "".join(traceback.format_tb(error.__traceback__)) + type(error).__name__


def _kept(delivered: Delivered) -> Delivered | Problem:
    if len(delivered.document_id) <= MAX_DOCUMENT_ID:
        return delivered
    text = f"The target accepted it and named a document of {len(delivered.document_id)} characters: that is no number."
    return Problem("mapping", text)


def _storable(text: str) -> str:
    """A target's words as any column takes them: without NUL and lone surrogates."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def waits_for(problem: Problem, work: Work, now: datetime) -> timedelta | None:
    """How much longer it waits for the thing it needs; None where it waits for none, or has waited long enough."""
    if problem.needed is None or problem.needed.until is None:
        return None
    left = problem.needed.until - now
    return left if left > timedelta() else None


def _needed(error: ConnectorError, work: Work, pair: tuple[int, int]) -> Needed | None:
    """What waits on keeps the moment until which it waits."""
    if not isinstance(error, Needs):
        return lacking(error, pair)
    until = work.waits_until or datetime.now(UTC) + error.within
    return Needed(THING, plain(error.object_type), plain(error.object_id), *pair, within=error.within, until=until)


def _waited_out(error: ConnectorError, needed: Needed | None) -> str:
    """What a person is told once the time is up."""
    if needed is None or needed.until is None or needed.until > datetime.now(UTC):
        return error.operator_message
    minutes = max(1, round(needed.within.total_seconds() / 60))
    return f"It has waited {minutes} minutes for {needed.text}, which has not come. {error.operator_message}"


def _problem(error: ConnectorError, work: Work, pair: tuple[int, int]) -> Problem:
    needed = _needed(error, work, pair)
    return Problem(
        error.error_class,
        _storable(_waited_out(error, needed)),
        _storable(error.detail),
        uncertain=isinstance(error, Uncertain),
        failing=isinstance(error, Unavailable | Uncertain),
        unreachable=isinstance(error, NotReached),
        credential=isinstance(error, CredentialRejected),
        blocked=isinstance(error, CallBlocked),
        early=isinstance(error, TooEarly) and (not isinstance(error, Needs) or error.may_be_behind),
        needed=needed,
        retryable=error.retryable,
        retry_after=error.retry_after,
    )
