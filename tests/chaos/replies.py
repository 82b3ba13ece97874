"""How the fake ERP says what it did, or does not: one function a mode."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from aiohttp import web

from tests.chaos import modes

SILENT_SECONDS = 30.0
DRIP_SECONDS = 0.5
BIG = 10 * 1024 * 1024
BOMB = gzip.compress(bytes(4 * BIG))
FAR_SECONDS = 10**9
METADATA = "http://169.254.169.254/latest/meta-data/"
Answer = dict[str, Any]


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


REPLIES: dict[str, Callable[[web.Request, str, Answer], Awaitable[web.StreamResponse]]] = {
    "429-seconds": _busy,
    "429-date": _busy,
    "429-absurd": _busy,
    "429-negative": _busy,
    "500": _failed,
    "503": _failed,
    "reset": _reset,
    "silent": _silent,
    "late": _reset,
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


async def reply(request: web.Request, mode: str, answer: Answer) -> web.StreamResponse:
    """`answer` is what a well-behaved ERP would say; empty where nothing was done."""
    return await REPLIES.get(modes.kind(mode), _plainly)(request, mode, answer)
