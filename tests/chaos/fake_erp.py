"""The ERP of the chaos runs: four ways of treating a document sent twice, every way of answering badly, and a journal.

    python -m tests.chaos.fake_erp --port 9000 --journal erp.jsonl --seed 7 --rate 0.2

Addresses are /<class>/<account>/…, an account being one connection of one retailer. It behaves until SIGUSR1 comes,
misbehaves until SIGUSR2.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from tests.chaos import modes
from tests.chaos.journal import Call, Effect, Writer
from tests.chaos.replies import Answer, reply

CANARY = re.compile(r"canary[0-9a-f]{16}")
NATIVE_KEY, UPSERT, SEARCH, NONE = 1, 2, 3, 4


@dataclass
class Document:
    id: str
    version: str


@dataclass
class Account:
    """One retailer's books. `documents` by our id (class 2) or the ERP's own (class 3); postings only by key."""

    name: str
    idempotency: int
    documents: dict[str, Document] = field(default_factory=dict)
    by_reference: dict[str, Document] = field(default_factory=dict)
    by_key: dict[str, Document] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """One request, read."""

    verb: str
    account: Account
    name: str  # what the path names, "" for none
    reference: str
    version: str
    delivery: str
    key: str


class FakeErp:
    def __init__(self, journal: Writer, *, seed: int, rate: float) -> None:
        self.misbehaves = False
        self._journal = journal
        self._seed, self._rate = seed, rate
        self._accounts: dict[str, Account] = {}
        self._asked: Counter[str] = Counter()
        self._documents = 0

    def routes(self) -> list[web.RouteDef]:
        place = "/{idempotency:[1-4]}/{account}"
        return [
            web.get(place + "/orders", self.handle),
            web.post(place + "/orders", self.handle),
            web.put(place + "/orders/{name}", self.handle),
            web.post(place + "/postings", self.handle),
        ]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        text = await request.text()
        asked = self._read(request, json.loads(text) if text else {})
        mode = self._mode(asked)
        self._journal.write(
            Call(
                n=self._journal.next(),
                at=time.time(),
                account=asked.account.name,
                verb=asked.verb,
                delivery=asked.delivery,
                reference=asked.reference,
                version=asked.version,
                mode=mode,
                canaries=tuple(sorted(set(CANARY.findall(text)))),
            )
        )
        await asyncio.sleep(modes.slowness(mode, self._seed, _what(asked), self._asked[_what(asked)]))
        answer = self._do(asked) if modes.changes_first(mode) else {}
        return await reply(request, mode, answer)

    def _read(self, request: web.Request, body: Answer) -> Asked:
        name, idempotency = request.match_info["account"], int(request.match_info["idempotency"])
        return Asked(
            verb=f"{request.method} {request.path.split('/')[3]}",
            account=self._accounts.setdefault(name, Account(name, idempotency)),
            name=request.match_info.get("name", ""),
            reference=body.get("reference") or request.query.get("reference", ""),
            version=body.get("version", ""),
            delivery=request.headers.get("X-Delivery", ""),
            key=request.headers.get("Idempotency-Key", ""),
        )

    def _mode(self, asked: Asked) -> str:
        if not self.misbehaves:
            return modes.OK
        self._asked[_what(asked)] += 1
        return modes.draw(self._seed, _what(asked), self._asked[_what(asked)], self._rate)

    # -- what it does ------------------------------------------------------------------------------------------------

    def _do(self, asked: Asked) -> Answer:
        if asked.verb.startswith("GET"):
            return self._find(asked)
        if asked.account.idempotency == UPSERT:
            return self._write(asked, asked.account.documents.get(asked.name), asked.name)
        if asked.verb.startswith("PUT"):
            return self._write(asked, asked.account.documents[asked.name], asked.name)
        known = asked.account.by_key.get(asked.key) if asked.key else None
        if known is not None:
            return _told(asked, known, "already")
        return self._write(asked, None, "")

    def _find(self, asked: Asked) -> Answer:
        known = asked.account.by_reference.get(asked.reference)
        found = {"document": known.id, "version": known.version} if known else None
        return {"reference": asked.reference, "found": found}

    def _write(self, asked: Asked, known: Document | None, name: str) -> Answer:
        if known is not None and known.version == asked.version:
            return _told(asked, known, "already")
        document = known or self._new(asked, name)
        document.version = asked.version
        self._journal.write(
            Effect(
                n=self._journal.next(),
                at=time.time(),
                account=asked.account.name,
                idempotency=asked.account.idempotency,
                delivery=asked.delivery,
                reference=asked.reference,
                version=asked.version,
                document=document.id,
                created=known is None,
            )
        )
        return _told(asked, document, "amended" if known else "created")

    def _new(self, asked: Asked, name: str) -> Document:
        self._documents += 1
        document = Document(f"DOC-{self._documents}", "")
        asked.account.documents[name or document.id] = document
        asked.account.by_reference[asked.reference] = document
        if asked.key:
            asked.account.by_key[asked.key] = document
        return document


def _what(asked: Asked) -> str:
    return f"{asked.account.name} {asked.reference} {asked.version} {asked.verb}"


def _told(asked: Asked, document: Document, effect: str) -> Answer:
    return {"reference": asked.reference, "document": document.id, "effect": effect}


async def serve(port: int, erp: FakeErp) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR1, setattr, erp, "misbehaves", True)
    loop.add_signal_handler(signal.SIGUSR2, setattr, erp, "misbehaves", False)
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    app = web.Application()
    app.add_routes(erp.routes())
    # Whoever left gets its effect all the same: handlers are not cancelled when the caller is gone.
    runner = web.AppRunner(app, access_log=None, handler_cancellation=False, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await stop.wait()
    await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(description="The fake ERP of the chaos runs.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--journal", type=Path, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True)
    told = parser.parse_args()
    asyncio.run(serve(told.port, FakeErp(Writer(told.journal), seed=told.seed, rate=told.rate)))


if __name__ == "__main__":
    main()
