"""Reads what is due of one partner: claim a stream, ask for its pages, take each in, say when it is due again."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from psycopg_pool import AsyncConnectionPool

from connectors.engine.intake.arrival import Source
from connectors.engine.polling.arrivals import arrival_of
from connectors.engine.polling.call import PollCall
from connectors.engine.polling.leases import Lease, LeaseLost, claim, fail, let_go
from connectors.engine.polling.take import take
from connectors.engine.secrets import call_secrets
from connectors.library import connector
from connectors.sdk.connector import Connector
from connectors.sdk.errors import ConnectorError
from connectors.sdk.polling import Page, Stream
from governance.egress.addresses import AllowList
from governance.egress.client import Egress
from governance.egress.selectors import allow_list
from tenants.asyncdb import make_pool, scoped
from tenants.context import Scope, in_scope

log = logging.getLogger(__name__)

AT_ONCE = 4  # streams of a partner
RUN_SECONDS = 60.0  # after that no further stream or page is begun; what is due is taken up by the next run
START = timedelta(days=1)  # how far back a new stream begins
LONGEST_WAIT = timedelta(minutes=15)


@dataclass(slots=True)
class Polled:
    """What one run did."""

    streams: int = 0
    pages: int = 0
    accepted: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Poller:
    """One run over one partner."""

    scope: Scope
    pool: AsyncConnectionPool
    egress: Egress
    until: float
    done: Polled = field(default_factory=Polled)

    async def run(self) -> None:
        """Streams that are due, one after the other, until none is or the time is over."""
        while time.monotonic() < self.until:
            async with scoped(self.pool, self.scope) as connection:
                lease = await claim(connection)
            if lease is None:
                return
            self.done.streams += 1
            try:
                await self._read(lease)
            except LeaseLost:
                log.warning("%s of %s is another worker's by now", lease.stream, lease.connection_key)

    async def _read(self, lease: Lease) -> None:
        try:
            every, at_the_end = await self._pages(lease)
        except ConnectorError as error:
            await self._failed(lease, error)
        except LeaseLost:
            raise
        except Exception:  # the outermost edge: a connector's defect must not keep the other streams from being read
            log.exception("%s of %s has a defect", lease.stream, lease.connection_key)
            await self._failed(lease, _Defect("The connector failed while it was read; its log has the details."))
        else:
            if lease.failures:
                log.info("%s of %s is read again", lease.stream, lease.connection_key)
            async with scoped(self.pool, self.scope) as connection:
                await let_go(connection, lease, due_in=every, at_the_end=at_the_end)

    async def _pages(self, lease: Lease) -> tuple[timedelta, bool]:
        """(when it is due again, whether it was read to its end)."""
        source = connector(lease.connector)
        stream = _stream(source, lease)
        if source.polls is None or stream is None:
            return LONGEST_WAIT, False
        secrets, allow = await in_scope(self.scope, _keys, lease.connection_id)
        call = PollCall(lease.config, secrets, egress=self.egress, allow=allow)
        state = lease.state
        while True:
            page = await source.polls.page(call, lease.stream, state, start=lease.created_at - START)
            await self._take(lease, source, stream, page)
            state = page.state
            if not page.more:
                return stream.every, True
            if time.monotonic() >= self.until:
                return timedelta(), False

    async def _take(self, lease: Lease, source: Connector, stream: Stream, page: Page) -> None:
        now = datetime.now(UTC)
        origin = Source(
            self.scope.schema, lease.retailer_id, lease.connection_id, lease.connection_key, lease.connector
        )
        version = page.api_version
        arrivals = [arrival_of(origin, source.manifest, one, api_version=version, at=now) for one in page.found]
        async with scoped(self.pool, self.scope) as connection:
            new = await take(connection, self.scope, lease, source, stream, arrivals, page.state, at=now)
        self.done.pages += 1
        self.done.accepted += new

    async def _failed(self, lease: Lease, error: ConnectorError) -> None:
        """What was taken in before stays, and the cursor with it. One line when it goes, one when it is back."""
        self.done.failed += 1
        if not lease.failures:
            log.warning("%s of %s cannot be read: %s", lease.stream, lease.connection_key, error.operator_message)
        async with scoped(self.pool, self.scope) as connection:
            await fail(
                connection,
                lease,
                due_in=wait_after(lease.failures + 1, error.retry_after),
                error_class=error.error_class,
                sentence=error.operator_message,
            )


class _Defect(ConnectorError):
    error_class = "defect"


def wait_after(failures: int, asked: timedelta | None) -> timedelta:
    """15 s after the first failure, twice as long after each further one; never sooner than we are asked to."""
    own = min(LONGEST_WAIT, timedelta(seconds=15) * 2 ** min(failures - 1, 10))
    return max(own, asked or timedelta())


async def poll_partner(scope: Scope, *, seconds: float = RUN_SECONDS) -> Polled:
    """Read every stream of the partner that is due."""
    pool, egress = make_pool(size=AT_ONCE, name="polling"), Egress()
    await pool.open()
    poller = Poller(scope, pool, egress, time.monotonic() + seconds)
    try:
        await asyncio.gather(*(poller.run() for _ in range(AT_ONCE)))
    finally:
        await egress.close()
        await pool.close()
    return poller.done


def _stream(source: Connector, lease: Lease) -> Stream | None:
    """None where the connection's settings have turned it off since."""
    streams = source.polls.streams(lease.config) if source.polls else ()
    return next((one for one in streams if one.key == lease.stream and one.every), None)


def _keys(connection_id: int) -> tuple[dict[str, str], AllowList]:
    return call_secrets(connection_id), allow_list()
