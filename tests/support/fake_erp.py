"""A target that misbehaves on demand and keeps a journal of calls and effects; and the connector that speaks to it."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec
from aiohttp import web

from connectors.sdk.connector import Call, Connector, Delivered
from connectors.sdk.errors import Needs, UnmappedValue
from governance.catalogue.manifest import Capability, Field, Idempotency, Manifest, OperationSpec, RateLimit
from tests.support.answers import judge


@dataclass
class Journal:
    """`calls`: every request seen, by reference. `effects`: what it did, by (reference, version)."""

    calls: list[str] = field(default_factory=list)
    effects: Counter[tuple[str, str]] = field(default_factory=Counter)
    order: list[tuple[str, str]] = field(default_factory=list)
    created: Counter[str] = field(default_factory=Counter)
    documents: dict[str, str] = field(default_factory=dict)


class FakeErp:
    """Modes are used up one a POST, then everything is ok: ok, 429 (or "429 <Retry-After>"), 500, refuse, nul, reset,
    hold (or "hold 429", …), after-effect, wrong-answer."""

    def __init__(self) -> None:
        self.journal = Journal()
        self.modes: deque[str] = deque()
        self.needs: dict[str, str] = {}  # reference → the document that has to be there before it
        self.port = 0
        self.most_at_once = 0
        self._under_way = 0
        self.holding = threading.Event()
        self.release = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def find(self, request: web.Request) -> web.Response:
        reference = request.query["reference"]
        self.journal.calls.append(reference)
        document = self.journal.documents.get(reference)
        return web.json_response({"document": document, "reference": reference if document else None})

    async def post(self, request: web.Request) -> web.Response:
        self._under_way += 1
        self.most_at_once = max(self.most_at_once, self._under_way)
        try:
            return await self._answer(request)
        finally:
            self._under_way -= 1

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.json()
        reference, version = body["reference"], body["version"]
        self.journal.calls.append(reference)
        mode = self.modes.popleft() if self.modes else "ok"
        if mode.startswith("hold"):
            self.holding.set()
            await asyncio.get_running_loop().run_in_executor(None, self.release.wait, 20)
            mode = mode.removeprefix("hold").lstrip(" ")
        if mode.startswith("429"):
            return web.Response(status=429, headers={"Retry-After": mode.removeprefix("429").strip() or "0"})
        if mode == "500":
            return web.Response(status=500)
        if mode == "refuse":
            return web.json_response({"error": "no such SKU"}, status=422)
        if mode == "nul":
            return web.json_response({"error": "\0 no \ud800"}, status=422)
        if mode == "reset":
            request.transport.abort()
            return web.Response()
        if self.needs.get(reference, reference) not in {reference, *self.journal.documents}:
            return web.Response(status=424)
        document = self._apply(reference, version)
        if mode == "after-effect":
            request.transport.abort()
        answer = {"document": document, "reference": "somebody else's" if mode == "wrong-answer" else reference}
        return web.json_response(answer)

    def _apply(self, reference: str, version: str) -> str:
        if reference not in self.journal.documents:
            self.journal.created[reference] += 1
            self.journal.documents[reference] = f"DOC-{len(self.journal.documents) + 1}"
        self.journal.effects[reference, version] += 1
        self.journal.order.append((reference, version))
        return self.journal.documents[reference]


@contextmanager
def running_erp() -> Iterator[FakeErp]:
    """The server in a thread of its own, so that tests may block."""
    erp = FakeErp()
    started = threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        app = web.Application()
        app.add_routes([web.get("/find", erp.find), web.post("/orders", erp.post)])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        erp.port = site._server.sockets[0].getsockname()[1]
        started.set()
        await stop.wait()
        await runner.cleanup()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    started.wait(10)
    try:
        yield erp
    finally:
        erp.release.set()
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)


async def _send(call: Call, document: Any) -> Delivered:
    version = getattr(document, "source_version", "")
    body = msgspec.json.encode({"reference": call.reference, "version": version, "id": document.id})
    answer = await call.request(
        "send", "POST", f"{call.config['url']}/orders", body=body, changes=True, version="1", headers=JSON
    )
    return judge(call, answer)


async def _search_then_send(call: Call, document: Any) -> Delivered:
    url = f"{call.config['url']}/find?reference={call.reference}"
    found = (await call.request("search", "GET", url, version="1")).json()
    if found["document"]:
        return Delivered(found["document"], "order", effect="already")
    return await _send(call, document)


async def _needs_then_send(call: Call, document: Any) -> Delivered:
    """An order's note names the order it needs; an SKU that begins with "?" needs an entry in the table "sku"."""
    needed = getattr(document, "note", None)
    if needed and await call.known("order", needed) is None:
        within = timedelta(seconds=float(call.config.get("within", "600")))
        answer = await call.request("look", "GET", f"{call.config['url']}/find?reference=order/{needed}", version="1")
        if answer.json()["document"] is None:
            raise Needs("order", needed, within=within, may_be_behind=document.__struct_config__.tag == "refund")
    for number, line in enumerate(document.lines):
        if line.sku and line.sku.startswith("?") and call.translated("sku", line.sku) is None:
            raise UnmappedValue("sku", line.sku, f"The ERP has no product {line.sku}.", place=f"lines[{number}].sku")
    if document.lines:
        call.learned("product", document.lines[0].sku, f"P-{document.lines[0].sku}")
    return await _send(call, document)


JSON = {"Content-Type": "application/json"}


def _connector(key: str, idempotency: Idempotency, operation: Any) -> Connector:
    manifest = Manifest(
        key=key,
        label="Fake ERP",
        owner="tests",
        capabilities=frozenset({Capability.WRITES}),
        fields=(Field("url", "Address"),),
        api_versions=(),
        rate_limit=RateLimit(burst=100, per_second=1000, concurrency=32),
        operations=(
            OperationSpec("order.upsert", "order", idempotency, money=True, success="document id and our reference"),
            OperationSpec("refund.create", "refund", idempotency, money=True, success="document id and our reference"),
        ),
    )
    return Connector(manifest=manifest, operations={"order.upsert": operation, "refund.create": operation})


CONNECTORS = {
    "fake_search": _connector("fake_search", Idempotency.SEARCH_FIRST, _search_then_send),
    "fake_needy": _connector("fake_needy", Idempotency.SEARCH_FIRST, _needs_then_send),
    "fake_none": _connector("fake_none", Idempotency.NONE, _send),
    "fake_key": _connector("fake_key", Idempotency.NATIVE_KEY, _send),
}
