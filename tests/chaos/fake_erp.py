"""The ERP of the chaos runs: four ways of treating a document sent twice, every way of answering badly, and a journal.

    python -m tests.chaos.fake_erp --port 9000 --journal erp.jsonl --seed 7 --rate 0.2

Addresses are /<class>/<account>/…, an account being one connection of one retailer. It behaves until SIGUSR1 comes,
misbehaves until SIGUSR2.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import re
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.chaos import modes
from tests.chaos.journal import Call, Effect, Writer

CANARY = re.compile(r"canary[0-9a-f]{16}")
SILENT_SECONDS = 30.0
DRIP_SECONDS = 0.5
BIG = 10 * 1024 * 1024
BOMB = gzip.compress(bytes(4 * BIG))
FAR_SECONDS = 10**9
METADATA = "http://169.254.169.254/latest/meta-data/"
NATIVE_KEY, UPSERT, SEARCH, NONE = 1, 2, 3, 4
Answer = dict[str, Any]


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
        if mode == modes.SLOW:
            await asyncio.sleep(modes.slowness(self._seed, _what(asked), self._asked[_what(asked)]))
        answer = self._do(asked) if modes.changes_first(mode) else {}
        return await ANSWERS.get(mode.removesuffix("-before").removesuffix("-after"), _plainly)(request, mode, answer)

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


# -- how it answers --------------------------------------------------------------------------------------------------


async def _plainly(request: web.Request, mode: str, answer: Answer) -> web.StreamResponse:
    return web.json_response(answer)


async def _busy(request: web.Request, mode: str, answer: Answer) -> web.StreamResponse:
    stated = {
        "429-seconds": "1",
        "429-date": format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True),
        "429-absurd": str(FAR_SECONDS),
        "429-negative": "-5",
    }
    return web.Response(status=429, headers={"Retry-After": stated[mode]})


async def _failed(request: web.Request, mode: str, answer: Answer) -> web.StreamResponse:
    return web.Response(status=int(mode[:3]))


async def _reset(request: web.Request, mode: str, answer: Answer) -> web.StreamResponse:
    request.transport.abort()
    return web.Response()


async def _silent(request: web.Request, mode: str, answer: Answer) -> web.StreamResponse:
    await asyncio.sleep(SILENT_SECONDS)
    return web.Response()


async def _error(request: web.Request, mode: str, answer: Answer) -> web.StreamResponse:
    return web.json_response({"error": "the period is closed"})


async def _html(request: web.Request, mode: str, answer: Answer) -> web.StreamResponse:
    return web.Response(text="<!doctype html><title>Sign in</title>", content_type="text/html")


async def _truncated(request: web.Request, mode: str, answer: Answer) -> web.StreamResponse:
    return web.Response(body=json.dumps(answer).encode()[:-9], content_type="application/json")


async def _charset(request: web.Request, mode: str, answer: Answer) -> web.StreamResponse:
    body = json.dumps(answer | {"note": "é"}, ensure_ascii=False).encode("utf-16")
    return web.Response(body=body, content_type="application/json", charset="utf-8")


async def _nothing(request: web.Request, mode: str, answer: Answer) -> web.StreamResponse:
    return web.Response(status=204 if mode.startswith("204") else 200)


async def _other_order(request: web.Request, mode: str, answer: Answer) -> web.StreamResponse:
    return web.json_response({"reference": "shop/4711", "document": "DOC-0", "found": None})


async def _drip(request: web.Request, mode: str, answer: Answer) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    for byte in json.dumps(answer).encode():
        await response.write(bytes((byte,)))
        await asyncio.sleep(DRIP_SECONDS)
    return response


async def _big(request: web.Request, mode: str, answer: Answer) -> web.StreamResponse:
    return web.Response(body=json.dumps(answer).encode() + b" " * BIG, content_type="application/json")


async def _bomb(request: web.Request, mode: str, answer: Answer) -> web.StreamResponse:
    return web.Response(body=BOMB, content_type="application/json", headers={"Content-Encoding": "gzip"})


async def _elsewhere(request: web.Request, mode: str, answer: Answer) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": METADATA})


ANSWERS: dict[str, Callable[[web.Request, str, Answer], Awaitable[web.StreamResponse]]] = {
    "429-seconds": _busy,
    "429-date": _busy,
    "429-absurd": _busy,
    "429-negative": _busy,
    "500": _failed,
    "503": _failed,
    "reset": _reset,
    "silent": _silent,
    "error-in-200": _error,
    "html": _html,
    "truncated": _truncated,
    "charset": _charset,
    "204": _nothing,
    "empty": _nothing,
    "other-order": _other_order,
    "drip": _drip,
    "big": _big,
    "gzip-bomb": _bomb,
    "redirect": _elsewhere,
}


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
