"""Who may open a socket, judged by host, origin and session, before anything is accepted."""

from __future__ import annotations

import asyncio

import pytest
import websockets

ADA = "ada@northgate.example"


async def status_of(dialled: websockets.connect) -> int:
    """101 when the socket opens, else the status of the refusal."""
    try:
        async with asyncio.timeout(10), dialled:
            return 101
    except websockets.InvalidStatus as refused:
        return refused.response.status_code


async def test_a_page_of_someone_signed_in_opens_its_socket(server):
    assert await status_of(server.dial(await server.session_of("northgate", ADA))) == 101


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "http://evil.example",
        "http://northgate.localhost.evil.example",
        "http://evilnorthgate.localhost",
        "http://northgate.localhost",  # the right name on another port
        "http://tidewater.localhost",
        "file://northgate.localhost",
    ],
)
async def test_a_foreign_or_missing_origin_is_refused(server, origin):
    session = await server.session_of("northgate", ADA)
    assert await status_of(server.dial(session, origin=origin)) == 403


async def test_a_host_that_is_nobodys_domain_is_refused_even_with_its_own_origin(server):
    session = await server.session_of("northgate", ADA)
    assert await status_of(server.dial(session, host="unknown.localhost")) == 403
    assert await status_of(server.dial(session, host="127.0.0.1")) == 403


async def test_without_a_session_nothing_opens(server):
    assert await status_of(server.dial()) == 403
    assert await status_of(server.dial("q" * 32)) == 403
    assert await status_of(server.dial('"\\000"')) == 403


async def test_a_session_of_one_partner_is_worth_nothing_at_another(server):
    session = await server.session_of("northgate", ADA)
    assert await status_of(server.dial(session, host="tidewater.localhost")) == 403


async def test_only_the_one_path_is_a_socket(server):
    session = await server.session_of("northgate", ADA)
    assert await status_of(server.dial(session, path="/live/else")) == 403


async def test_a_person_has_at_most_ten_sockets(server):
    session = await server.session_of("northgate", ADA)
    open_pages = [await server.dial(session) for _ in range(10)]
    assert await status_of(server.dial(session)) == 403
    assert await status_of(server.dial(await server.session_of("northgate", "eve@northgate.example"))) == 101
    await open_pages.pop().close()
    while len(server.live.hub) > 9:
        await asyncio.sleep(0.01)
    assert await status_of(server.dial(session)) == 101
    await asyncio.gather(*(page.close() for page in open_pages))
