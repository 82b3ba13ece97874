"""What a connector calls the target through: every request recorded, every change announced before it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from time import perf_counter
from uuid import UUID

import psycopg

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

CALL_SECONDS = 30.0
RECORDED_BYTES = 256 * 1024


class NotReached(Unavailable):
    """No connection came about: counts against the endpoint's breaker."""


class CallBlocked(Misconfigured):
    """The address may not be called: a matter for the trail too."""


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
    ) -> None:
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
