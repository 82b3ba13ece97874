"""Many people at once, through the application as a server runs it: threads, pool and streams keep them apart."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from django.conf import settings

from console.asgi import application
from tenants.context import current_scope, outside_scope
from tests.isolation.layers import Walls, standing
from tests.isolation.walk import Walker

PATHS = ("/", "/messages/", "/messages/export.csv", "/exceptions/", "/api/v1/messages", "/messages/export.jsonl")
WORDS = {"theo": b"cnrymarl", "cleo": b"cnrybell", "clara": b"cnrybell", "iris": b"cnrypine"}
ROUNDS = 60
MORE_THAN_THE_POOL = 25


@pytest.mark.parametrize("walls", [Walls.BOTH, Walls.SCOPE, Walls.POLICIES], ids=str)
async def test_interleaved_requests_never_see_each_others_rows(world, monkeypatch, walls):
    rng = random.Random(7)
    asked = [(world.walkers[rng.choice(sorted(WORDS))], rng.choice(PATHS)) for _ in range(ROUNDS)]
    with standing(walls, world.url, monkeypatch):
        answers = await asyncio.gather(*(get(walker, path) for walker, path in asked))
    for (walker, path), (status, told) in zip(asked, answers, strict=True):
        assert status == 200, path
        assert not [word for word in walker.foreign if word in told], (walker.name, path)
        assert WORDS[walker.name] in told, (walker.name, path)
    assert current_scope() is None


async def test_a_request_that_is_cut_off_leaves_its_scope_to_nobody(world):
    """The browser goes away in the middle of a download; the next one on that connection is somebody else."""
    ada, theo = world.walkers["ada"], world.walkers["theo"]
    for number in range(MORE_THAN_THE_POOL):
        await get(ada, "/messages/export.csv", hangs_up_after=0.002 * number)
        _, told = await get(theo, "/messages/export.csv")
        assert not [word for word in theo.foreign if word in told]
    assert await outside_scope(current_scope) is None


async def get(walker: Walker, path: str, *, hangs_up_after: float | None = None) -> tuple[int, bytes]:
    """(status, headers and body) of one request, in lower case; (0, b"") where the browser left before the answer."""
    cookie = f"{settings.SESSION_COOKIE_NAME}={walker.session}"
    headers = {"host": f"{walker.partner.key}.localhost", "cookie": cookie}
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "query_string": b"",
    }
    scope |= {"client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80)}
    scope |= {"headers": [(name.encode(), value.encode()) for name, value in headers.items()]}
    events = [{"type": "http.request", "body": b"", "more_body": False}]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if events:
            return events.pop(0)
        if hangs_up_after is None:
            return await asyncio.get_running_loop().create_future()
        await asyncio.sleep(hangs_up_after)
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await application(scope, receive, send)
    if not sent:
        return 0, b""
    told = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], (told + repr(sent[0]["headers"]).encode()).lower()
