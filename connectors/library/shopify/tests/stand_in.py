"""A server that gives the answers it was told to, over real HTTP, and keeps what it was asked."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

SERVED = {"X-Shopify-API-Version": "2026-07"}


@dataclass(frozen=True, slots=True)
class Answer:
    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: dict(SERVED))


@dataclass(slots=True)
class Asked:
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass(slots=True)
class StandIn:
    answers: list[Answer]
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    async def answer(self, request: web.Request) -> web.Response:
        body = json.loads(await request.text())
        self.asked.append(Asked(request.path, {k.lower(): v for k, v in request.headers.items()}, body))
        given = self.answers.pop(0)
        text = given.body if isinstance(given.body, str) else json.dumps(given.body)
        return web.Response(text=text, status=given.status, headers=given.headers, content_type="application/json")


@asynccontextmanager
async def stand_in(*answers: Answer) -> AsyncIterator[StandIn]:
    server = StandIn(list(answers))
    application = web.Application()
    application.router.add_post("/{rest:.*}", server.answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()
