"""A tiny server that answers as told: for what a real Tryton cannot be made to say."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from connectors.sdk.testing import DirectCall


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def record(**fields: Any) -> Answer:
    return Answer(body=json.dumps({"id": 7} | fields).encode())


def refusal(message: str, description: str = "") -> Answer:
    body = {"status": 400, "message": message, "description": description}
    return Answer(400, json.dumps(body).encode())


@dataclass
class StandIn:
    """Gives its answers in turn; the last one again and again. Keeps what it was asked."""

    answers: list[Answer]
    asked: list[web.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append(request)
        self.bodies.append(await request.read())
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)


@asynccontextmanager
async def standing_in(*answers: Answer) -> AsyncIterator[tuple[StandIn, DirectCall]]:
    """The server, and a call that is configured for it."""
    server = StandIn(list(answers))
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    config = {"url": f"http://127.0.0.1:{port}", "database": "erp"}
    try:
        async with DirectCall(config=config, secrets={"application_key": "k-1"}, deadline=2.0) as call:
            yield server, call
    finally:
        await runner.cleanup()
