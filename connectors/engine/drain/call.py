"""What a connector calls the target through: every request recorded, every change announced before it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from time import perf_counter
from uuid import UUID

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from connectors.engine.batch import Batcher, Full
from connectors.engine.config import Target
from connectors.engine.drain.intents import Intent, LeaseLost
from connectors.engine.drain.work import AttemptRecord, StepRecord, Work
from connectors.sdk.connector import Response
from connectors.sdk.errors import Misconfigured, PayloadChanged, Unavailable, Uncertain
from governance.catalogue.manifest import Idempotency
from governance.egress.addresses import AllowList
from governance.egress.client import Egress, EgressResponse
from governance.egress.errors import Blocked, EgressError, NotConnected, TooLarge
from governance.redaction.headers import mask_body, mask_url
from governance.registry.values.models import ANY
from monitoring.ledger.identities.writes import CREATED, FOUND, Learned, Place, known
from tenants.asyncdb import scoped
from tenants.context import Scope

CALL_SECONDS = 30.0
RECORDED_BYTES = 256 * 1024


class NotReached(Unavailable):
    """No connection came about: counts against the endpoint's breaker."""


class CallBlocked(Misconfigured):
    """The address may not be called: a matter for the trail too."""


class Book:
    """The cross-reference and the value tables, as one attempt may ask them."""

    def __init__(
        self,
        pool: AsyncConnectionPool,
        scope: Scope,
        *,
        retailer_id: int,
        source: Place,
        target: Place,
        tables: Mapping[str, Mapping[str, str]],
    ) -> None:
        self._pool = pool
        self._scope = scope
        self._retailer_id = retailer_id
        self.source = source
        self.target = target
        self.tables = tables

    @property
    def pair(self) -> tuple[int, int]:
        return self.source.id, self.target.id

    async def known(self, object_type: str, object_id: str) -> str | None:
        """Raises Unavailable: our own database's trouble is nobody's defect."""
        try:
            async with scoped(self._pool, self._scope) as connection:
                return await known(
                    connection,
                    self._retailer_id,
                    object_type,
                    source=self.source.id,
                    source_id=object_id,
                    at=self.target.id,
                )
        except (psycopg.Error, PoolTimeout) as error:
            raise Unavailable("Our own cross-reference could not be read.", detail=type(error).__name__) from error

    def translated(self, table: str, value: str) -> str | None:
        entries = self.tables.get(table, {})
        return entries.get(value, entries.get(ANY))

    def learned(self, object_type: str, object_id: str, here: str, how: str, work: Work) -> Learned:
        return Learned(self._retailer_id, object_type, self.source, object_id, self.target, here, how, work.message_id)


class EngineCall:
    """One attempt. Implements `connectors.sdk.connector.Call`."""

    def __init__(
        self,
        work: Work,
        attempt: AttemptRecord,
        target: Target,
        *,
        egress: Egress,
        allow: AllowList,
        intents: Batcher[Intent, None],
        book: Book,
    ) -> None:
        self._book = book
        self.config: Mapping[str, str] = target.config
        self.secrets: Mapping[str, str] = target.secrets
        self.session = target.session
        self.reference = work.reference
        self.idempotency_key: UUID = work.idempotency_key
        self._work = work
        self._attempt = attempt
        self._egress = egress
        self._allow = allow
        self._intents = intents
        # A target that knows our key takes a call twice as one, however late: the attempt's own intent is enough.
        idempotency = target.connector.manifest.operation(work.operation).idempotency
        self._announces = idempotency is not Idempotency.NATIVE_KEY

    async def request(
        self,
        step: str,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        changes: bool = False,
        version: str = "",
    ) -> Response:
        if changes and self._announces:
            await self._announce(step)
        if not self._work.lease.holds:
            raise LeaseLost
        self._work.lease.mark_called()
        record = self._begin(step, method, url, body, changes=changes, version=version)
        began = perf_counter()
        try:
            answer = await self._egress.request(
                method, url, headers=headers, body=body, deadline=CALL_SECONDS, allow=self._allow
            )
        except EgressError as error:
            record.error = error.reason
            raise in_our_words(error, changes=changes) from error
        finally:
            record.duration_us = int((perf_counter() - began) * 1_000_000)
        return self._answered(record, answer)

    async def _announce(self, step: str) -> None:
        """What cannot be announced is not sent. Our own database's trouble is nobody's defect: it passes."""
        try:
            await self._intents.submit(Intent(self._work, step))
        except (psycopg.Error, Full) as error:
            reason = "Our own database did not take the intent, so the call was not made."
            raise Unavailable(reason, detail=type(error).__name__) from error

    def served(self, version: str) -> None:
        self._attempt.steps[-1].version_served = version

    async def known(self, object_type: str, object_id: str) -> str | None:
        for one in reversed(self._attempt.learned):
            if (one.object_type, one.source_id) == (object_type, object_id):
                return one.external_id
        return await self._book.known(object_type, object_id)

    def learned(self, object_type: str, object_id: str, here: str, *, made: bool = False) -> None:
        how = CREATED if made else FOUND
        self._attempt.learned.append(self._book.learned(object_type, object_id, here, how, self._work))

    def translated(self, table: str, value: str) -> str | None:
        return self._book.translated(table, value)

    def _begin(
        self, step: str, method: str, url: str, body: bytes | None, *, changes: bool, version: str
    ) -> StepRecord:
        secrets = tuple(self.secrets.values())
        record = StepRecord(
            name=step,
            changes=changes,
            method=method,
            target=mask_url(url, secrets),
            started_at=datetime.now(UTC),
            version_requested=version,
            request=mask_body(body or b"", secrets)[:RECORDED_BYTES],
        )
        self._attempt.steps.append(record)
        return record

    def _answered(self, record: StepRecord, answer: EgressResponse) -> Response:
        record.status = answer.status
        record.response = mask_body(answer.body, tuple(self.secrets.values()))[:RECORDED_BYTES]
        return Response(answer.status, answer.headers, answer.body)


def in_our_words(error: EgressError, *, changes: bool) -> Exception:
    """The one question is whether the target may have acted."""
    if isinstance(error, Blocked):
        return CallBlocked(f"The address may not be called: {error.reason}.")
    if isinstance(error, NotConnected):
        return NotReached(f"The target cannot be reached: {error.reason}.")
    if isinstance(error, TooLarge):
        answer = "The target answered with more than we read."
        return Uncertain(answer, detail=error.reason) if changes else PayloadChanged(answer, detail=error.reason)
    if changes:
        return Uncertain(f"The call left, but no complete answer came: {error.reason}.")
    return Unavailable(f"No complete answer came: {error.reason}.")
