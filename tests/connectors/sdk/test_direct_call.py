"""The call that connectors' tests make: real HTTP, every step kept, a fault where it is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from connectors.sdk.errors import Unavailable, Uncertain
from connectors.sdk.testing import DirectCall, Fault, Killed
from console.embedded.ports import free_port


@dataclass
class Server:
    url: str = ""
    seen: list[str] = field(default_factory=list)
    silent: bool = False

    async def answer(self, request: web.Request) -> web.Response:
        self.seen.append(request.path)
        if self.silent:
            await asyncio.Event().wait()
        return web.Response(status=201, text="made", headers={"X-Version": "3"})


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    await runner.cleanup()


def call(**more: object) -> DirectCall:
    return DirectCall(config={}, secrets={}, **more)


async def test_every_request_is_kept_with_what_was_asked_and_answered(server: Server) -> None:
    async with call() as direct:
        response = await direct.request("make", "POST", f"{server.url}/a", body=b"{}", changes=True, version="2")
        direct.served("3")
    assert (response.status, response.headers["x-version"], response.body) == (201, "3", b"made")
    (step,) = direct.steps
    assert (step.name, step.changes, step.requested, step.served, step.status) == ("make", True, "2", "3", 201)


@pytest.mark.parametrize(("when", "reached"), [("before", ["/1"]), ("after", ["/1", "/2"])])
async def test_a_fault_comes_before_or_after_the_request_it_names(
    server: Server, when: str, reached: list[str]
) -> None:
    async with call(fault=Fault(2, when, Killed())) as direct:
        await direct.request("first", "GET", f"{server.url}/1")
        with pytest.raises(Killed):
            await direct.request("second", "GET", f"{server.url}/2")
    assert server.seen == reached
    assert direct.names == ["first", "second"]


async def test_an_answer_that_does_not_come_in_time_is_uncertain_for_a_change_only(server: Server) -> None:
    server.silent = True
    async with call(deadline=0.05) as direct:
        with pytest.raises(Unavailable):
            await direct.request("read", "GET", server.url)
        with pytest.raises(Uncertain):
            await direct.request("write", "POST", server.url, changes=True)


async def test_where_nobody_listens_nothing_can_have_happened() -> None:
    async with call() as direct:
        with pytest.raises(Unavailable):
            await direct.request("write", "POST", f"http://127.0.0.1:{free_port()}", changes=True)
