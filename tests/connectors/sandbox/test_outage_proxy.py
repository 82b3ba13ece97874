"""The proxy that can be away: it forwards, refuses, hangs, and comes back by itself."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest
from aiohttp.test_utils import TestClient, TestServer

from connectors.sandbox.outage_proxy import Outage, OutageProxy, control


@pytest.fixture
async def echo_server() -> AsyncIterator[asyncio.Server]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1024):
            writer.write(data.upper())
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield server
    server.close()


@pytest.fixture
def echo(echo_server: asyncio.Server) -> int:
    return echo_server.sockets[0].getsockname()[1]


@pytest.fixture
async def proxy(echo: int) -> AsyncIterator[OutageProxy]:
    found = OutageProxy("127.0.0.1", echo)
    await found.start()
    yield found
    await found.stop()


async def ask(port: int, text: bytes = b"hello") -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(text)
    writer.write_eof()
    try:
        return await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()


async def test_it_forwards_both_ways_to_the_end(proxy: OutageProxy) -> None:
    assert await ask(proxy.port, b"a" * 300_000) == b"A" * 300_000


async def test_it_refuses_while_away_and_answers_when_back(proxy: OutageProxy) -> None:
    await proxy.go_away(Outage(seconds=None))
    with pytest.raises(ConnectionRefusedError):
        await ask(proxy.port)
    await proxy.come_back()
    assert await ask(proxy.port) == b"HELLO"


async def test_it_comes_back_by_itself_after_the_seconds(proxy: OutageProxy) -> None:
    await proxy.go_away(Outage(seconds=0.05))
    assert proxy.status()["mode"] == "refuse"
    while proxy.mode != "up":
        await asyncio.sleep(0.01)
    assert await ask(proxy.port) == b"HELLO"


async def test_open_connections_are_cut_in_the_middle(proxy: OutageProxy) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(b"hel")
    assert await reader.read(3) == b"HEL"
    await proxy.go_away(Outage(seconds=None))
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(reader.read(), 5)
    writer.close()


async def test_hanging_takes_connections_and_never_answers(proxy: OutageProxy) -> None:
    await proxy.go_away(Outage(mode="hang", seconds=None))
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(b"hello")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), 0.1)
    await proxy.come_back()
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(reader.read(), 5)
    writer.close()


async def test_nobody_else_gets_the_port_while_it_is_away(proxy: OutageProxy) -> None:
    await proxy.go_away(Outage(seconds=None))
    with socket.socket() as rival, pytest.raises(OSError, match="in use"):
        rival.bind(("127.0.0.1", proxy.port))


async def test_a_target_that_is_not_there_yet_is_refused_and_followed_when_it_comes() -> None:
    with socket.socket() as place:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        place.bind(("127.0.0.1", 0))
        found = OutageProxy("127.0.0.1", place.getsockname()[1])
        await found.start()
        with pytest.raises(ConnectionRefusedError):
            await ask(found.port)
        place.listen()
        async with asyncio.timeout(5):
            while found.status()["connections"] == 0:
                with contextlib.suppress(ConnectionRefusedError):
                    (await asyncio.open_connection("127.0.0.1", found.port))[1].close()
                await asyncio.sleep(0.01)
        await found.stop()


async def test_a_target_that_went_down_cuts_once_and_then_refuses(echo_server: asyncio.Server) -> None:
    found = OutageProxy(*echo_server.sockets[0].getsockname())
    await found.start()
    echo_server.close()
    with pytest.raises(ConnectionResetError):
        await ask(found.port)
    with pytest.raises(ConnectionRefusedError):
        await ask(found.port)
    await found.stop()


async def test_its_control_switches_it(proxy: OutageProxy) -> None:
    async with TestClient(TestServer(control(proxy))) as client:
        gone = await client.post("/outage", json={"seconds": 60})
        assert (gone.status, (await gone.json())["mode"]) == (202, "refuse")
        with pytest.raises(ConnectionRefusedError):
            await ask(proxy.port)
        assert (await (await client.delete("/outage")).json())["mode"] == "up"
        assert await ask(proxy.port) == b"HELLO"
        wrong = await client.post("/outage", json={"mode": "melt"})
        assert wrong.status == 400
