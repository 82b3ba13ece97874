"""One round of a partner's drops: look at each whose turn it is, take what is whole, watch the contracts.

What a crash leaves behind is mended by the next round: a file is marked taken after its last receipt is durable, and
each receipt is the same event however often the file is read.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from connectors.engine.batch import Batcher
from connectors.engine.files import arrivals, books, contract, findings
from connectors.engine.files.books import Seen, Watched
from connectors.engine.files.drops import Drop, TooLarge, open_drop
from connectors.engine.files.judge import faults
from connectors.engine.intake.arrival import Arrival, Receipt
from connectors.engine.intake.group import group_commit
from connectors.sdk.errors import ConnectorError
from connectors.sdk.files import Control, ReadFile, UnreadableFile
from governance.egress.sftp import HostKeyChanged, LoginRefused
from tenants.asyncdb import make_pool
from tenants.context import Scope, in_scope, scope_of

log = logging.getLogger(__name__)

AT_ONCE = 256  # receipts handed to the intake together
UNFINISHED = timedelta(minutes=10)  # a file without its end may stand still this long: uploads pause
PATIENCE = timedelta(minutes=15)  # a drop may be away this long before a person hears of it


class Sweep:
    """For one partner and one round. `at` is the round's time, for all its looks."""

    def __init__(self, scope: Scope, accept: Batcher[Arrival, Receipt], *, at: datetime) -> None:
        self._scope = scope
        self._accept = accept
        self._at = at

    async def run(self) -> None:
        due = await in_scope(self._scope, books.lease_due, self._scope.schema, self._at)
        ended = await asyncio.gather(*(self.look(watched) for watched in due), return_exceptions=True)
        await self.watch()
        for outcome in ended:
            if outcome is not None:
                raise outcome

    async def look(self, watched: Watched) -> None:
        """Raises nothing that a drop may do to us: it becomes the drop's problem."""
        try:
            async with open_drop(self._scope.schema, watched.config, watched.secrets, watched.allow) as drop:
                entries = await drop.list()
                ripe = await in_scope(self._scope, books.whole, watched, entries, self._at)
                for seen in ripe:
                    await self._take(drop, watched, seen)
        except HostKeyChanged as error:
            sentence = f"{watched.label}: the server shows another host key than the pinned one."
            await self._trouble(watched, findings.HOST_KEY, error.shown, sentence, shown=error.shown)
        except LoginRefused as error:
            sentence = f"{watched.label}: {error.reason}."
            await self._trouble(watched, findings.LOGIN, f"{self._at:%Y-%m-%d}", sentence)
        except ConnectorError as error:
            await self._away(watched, error.operator_message)
        else:
            await self._found_well(watched)

    async def watch(self) -> None:
        """The contracts, whether the drops answer or not."""
        await in_scope(self._scope, contract.expect, self._scope.schema, self._at)
        for one in await in_scope(self._scope, contract.overdue, self._scope.schema, self._at):
            facts = {
                "store": one.store_key,
                "day": one.day.isoformat(),
                "due_at": one.due_at.astimezone(UTC).isoformat(),
                "drop": one.problem or "was looked at; no such file was there",
            }
            arrival = arrivals.of_finding(
                one.source,
                one.manifest,
                topic=findings.MISSING,
                event_id=f"{findings.MISSING}:{one.store_key}:{one.day}",
                sentence=one.sentence,
                body=arrivals.told(facts),
                at=self._at,
            )
            receipt = await self._accept.submit(arrival)
            await in_scope(self._scope, contract.missing, one.id, receipt.message_id)
        await in_scope(self._scope, books.settle_findings, self._at)

    async def _take(self, drop: Drop, watched: Watched, seen: Seen) -> None:
        try:
            data, after = await drop.read(seen.entry.name)
        except TooLarge as error:
            await self._refuse(watched, seen, b"", error.operator_message)
            return
        if (after.size, after.modified) != (seen.entry.size, seen.entry.modified) or len(data) != after.size:
            return  # It grew while it was read: the next look sees it anew.
        try:
            finished = watched.connector.files.finished(data, watched.config)
        except UnreadableFile:
            finished = True
        if not finished and self._at - seen.since < UNFINISHED:
            return
        digest = sha256(data).digest()
        if await in_scope(self._scope, books.known_file, watched, seen, digest):
            return
        beside = (await drop.read(seen.sidecar))[0] if seen.sidecar else b""
        if seen.sidecar and not beside.strip():
            return  # The sidecar is there and not written yet.
        try:
            control = (
                watched.connector.files.control(beside)
                if beside and watched.config.get("control") == "sidecar"
                else None
            )
            read = await asyncio.to_thread(watched.connector.files.read, seen.named, data, watched.config)
        except UnreadableFile as error:
            await self._refuse(watched, seen, data, error.operator_message)
            return
        wanted = watched.config.get("control") or "trailer"
        stated = control if wanted == "sidecar" else read.control
        if wrong := faults(read, stated, wanted):
            await self._refuse(watched, seen, data, " ".join(wrong), read, stated)
            return
        await self._accept_all(watched, seen, digest, len(data), read, stated)

    async def _accept_all(
        self, watched: Watched, seen: Seen, digest: bytes, size: int, read: ReadFile, control: Control | None
    ) -> None:
        file_id = await in_scope(self._scope, books.begin, watched, seen, digest, size, self._at)
        for start in range(0, len(read.records), AT_ONCE):
            manifest = watched.connector.manifest
            now = datetime.now(UTC)
            group = [
                arrivals.of_record(watched.source, manifest, digest, record, at=now)
                for record in read.records[start : start + AT_ONCE]
            ]
            await self._submit(group)
        await in_scope(self._scope, books.taken, watched, seen, file_id, read, control, self._at)
        log.info("%s: %s taken, %d receipts", watched.source.connection_key, seen.entry.name, len(read.records))

    async def _refuse(
        self,
        watched: Watched,
        seen: Seen,
        data: bytes,
        reason: str,
        read: ReadFile | None = None,
        control: Control | None = None,
    ) -> None:
        """Kept as it came, and a person hears why nothing of it was taken."""
        digest = sha256(data or seen.entry.name.encode()).digest()
        file_id = await in_scope(
            self._scope, books.begin, watched, seen, digest, len(data) or seen.entry.size, self._at
        )
        arrival = arrivals.of_finding(
            watched.source,
            watched.connector.manifest,
            topic=findings.REFUSED,
            event_id=f"{findings.REFUSED}:{arrivals.file_key(digest)}",
            sentence=f"{seen.entry.name}: {reason}",
            body=data,
            at=datetime.now(UTC),
        )
        receipt = await self._accept.submit(arrival)
        await in_scope(
            self._scope, books.refused, watched, seen, file_id, reason, receipt.message_id, self._at, read, control
        )

    async def _submit(self, group: Sequence[Arrival]) -> None:
        await asyncio.gather(*(self._accept.submit(arrival) for arrival in group))

    async def _found_well(self, watched: Watched) -> None:
        await in_scope(self._scope, books.looked, watched, self._at)

    async def _away(self, watched: Watched, sentence: str) -> None:
        """One line in the log when it goes; a person hears of it when it stays away."""
        trouble = await in_scope(self._scope, books.not_looked, watched, sentence, self._at)
        if trouble.news:
            log.warning("%s: %s", watched.source.connection_key, sentence)
        if self._at - trouble.since >= PATIENCE and not trouble.told:
            since = trouble.since.isoformat()
            await self._tell(watched, findings.UNREACHABLE, since, f"{watched.label}: {sentence}", {"since": since})

    async def _trouble(self, watched: Watched, topic: str, event: str, sentence: str, **facts: str) -> None:
        trouble = await in_scope(self._scope, books.not_looked, watched, sentence, self._at)
        if trouble.news:
            log.error("%s: %s", watched.source.connection_key, sentence)
        if not trouble.told:
            await self._tell(watched, topic, event, sentence, facts)

    async def _tell(self, watched: Watched, topic: str, event: str, sentence: str, facts: dict[str, str]) -> None:
        """The same event while it lasts: one message, one exception."""
        arrival = arrivals.of_finding(
            watched.source,
            watched.connector.manifest,
            topic=topic,
            event_id=f"{topic}:{event}",
            sentence=sentence,
            body=arrivals.told({"problem": sentence, **facts}),
            at=self._at,
        )
        receipt = await self._accept.submit(arrival)
        await in_scope(self._scope, books.problem_told, watched.source.connection_id, receipt.message_id)


async def sweep_partner(schema: str, *, at: datetime | None = None) -> None:
    """Raises IntakeDown and database errors: the next beat comes again."""
    scope = scope_of(schema)
    pool = make_pool(size=2, name="files", deferred=True)
    await pool.open()
    try:
        accept = group_commit(pool, scope)
        await Sweep(scope, accept, at=at or datetime.now(UTC)).run()
        await accept.finish()
    finally:
        await pool.close()
