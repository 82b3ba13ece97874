"""What a caller is told when a call goes wrong, against a real server on a real socket."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from governance.egress.client import MAX_BODY, Egress
from governance.egress.errors import Blocked, ConnectRefused, EgressError, Interrupted, NotConnected, TooLarge
from tests.governance.egress.raw_server import Peer, Wire, polite, serving

BODY = b'{"order": 1001}'
PACKED = gzip.compress(b"x" * 100, mtime=0)


@pytest.fixture
async def egress() -> AsyncIterator[Egress]:
    client = Egress()
    yield client
    await client.close()


async def post(egress: Egress, wire: Wire, *, deadline: float = 5.0) -> object:
    return await egress.request("POST", wire.url("/orders"), body=BODY, deadline=deadline, allow=wire.allow)


async def failure(egress: Egress, wire: Wire, *, deadline: float = 5.0) -> EgressError:
    with pytest.raises(EgressError) as caught:
        await post(egress, wire, deadline=deadline)
    return caught.value


@pytest.fixture
def dead_port() -> Iterator[int]:
    """A port that is bound, so nobody else takes it, but on which nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


async def test_an_answer_comes_with_status_headers_body_timings_and_peer(egress: Egress) -> None:
    async def handler(peer: Peer) -> None:
        await peer.request()
        await peer.answer(b'{"id": 7}', status=b"201 Created", headers=b"X-API-Version: 7\r\nVia: a\r\nvia: b\r\n")

    async with serving(handler) as wire:
        response = await post(egress, wire)
    assert (response.status, response.body, response.peer) == (201, b'{"id": 7}', "127.0.0.1")
    assert response.headers["x-api-version"] == "7" and response.headers["via"] == "a, b"
    assert 0 < response.timings.connect_ms <= response.timings.ttfb_ms <= response.timings.total_ms


async def test_the_bytes_given_are_the_bytes_sent(egress: Egress) -> None:
    async with serving(polite) as wire:
        await egress.request(
            "PUT", wire.url("/a%2Fb?q=%7E&r=a+b"), body=b"\x00\xff", headers={"X-A": "1"}, deadline=5, allow=wire.allow
        )
    head, _, body = wire.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"PUT /a%2Fb?q=%7E&r=a+b HTTP/1.1\r\n") and b"X-A: 1" in head
    assert body == b"\x00\xff"


async def test_a_kept_connection_is_used_again(egress: Egress) -> None:
    async with serving(polite) as wire:
        await post(egress, wire)
        second = await post(egress, wire)
    assert wire.connections == 1 and len(wire.requests) == 2
    assert second.timings.connect_ms < 5


async def test_a_refused_connection_says_nothing_was_sent(egress: Egress, dead_port: int) -> None:
    error = await failure(egress, Wire(port=dead_port))
    assert type(error) is ConnectRefused
    assert not error.sent


async def test_a_name_that_never_resolves_says_nothing_was_sent(egress: Egress) -> None:
    async def silence(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    egress._lookup = silence
    with pytest.raises(NotConnected) as caught:
        await egress.request("POST", "https://shop.example/", body=BODY, deadline=0.05)
    assert caught.value.timed_out and not caught.value.sent


async def test_a_reset_before_the_request_is_read_counts_as_maybe_sent(egress: Egress) -> None:
    async def handler(peer: Peer) -> None:
        peer.reset()

    async with serving(handler) as wire:
        error = await failure(egress, wire)
    assert type(error) is Interrupted and error.sent
    assert wire.requests == []


async def test_a_reset_after_the_request_was_read_is_interrupted(egress: Egress) -> None:
    async def handler(peer: Peer) -> None:
        await peer.request()
        peer.reset()

    async with serving(handler) as wire:
        error = await failure(egress, wire)
    assert type(error) is Interrupted and error.peer == "127.0.0.1"
    assert len(wire.requests) == 1


@pytest.mark.parametrize(
    "half",
    [
        b"",
        b"HTTP/1.1 20",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n",
        b"<html>not http</html>\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 20\r\n\r\n" + PACKED[:20],
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
    ],
)
async def test_an_incomplete_or_garbled_answer_is_interrupted(egress: Egress, half: bytes) -> None:
    async def handler(peer: Peer) -> None:
        await peer.request()
        await peer.send(half)

    async with serving(handler) as wire:
        error = await failure(egress, wire)
    assert type(error) is Interrupted
    assert len(wire.requests) == 1


async def test_a_server_that_never_answers_is_held_to_the_deadline(egress: Egress) -> None:
    async def handler(peer: Peer) -> None:
        await peer.request()
        await peer.request()

    async with serving(handler) as wire:
        error = await failure(egress, wire, deadline=0.15)
    assert type(error) is Interrupted and error.timed_out
    assert 100 < error.total_ms < 1000


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"])
async def test_a_dripping_server_is_held_to_the_deadline(egress: Egress, first: bytes) -> None:
    """Every drip resets a read timeout; only a total deadline ends it."""

    async def handler(peer: Peer) -> None:
        await peer.request()
        await peer.send(first)
        while True:
            await peer.send(b"H")
            await asyncio.sleep(0.01)

    async with serving(handler) as wire:
        error = await failure(egress, wire, deadline=0.3)
    assert type(error) is Interrupted
    assert error.total_ms < 1500


@pytest.mark.parametrize("stated", [True, False])
async def test_a_large_answer_is_not_read_to_its_end(egress: Egress, stated: bool) -> None:
    sent = 0

    async def handler(peer: Peer) -> None:
        nonlocal sent
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\n%s\r\n" % (b"Content-Length: 10485760\r\n" if stated else b""))
        for _ in range(160):
            await peer.send(b"x" * 65536)
            sent += 65536

    async with serving(handler) as wire:
        error = await failure(egress, wire)
    assert type(error) is TooLarge and error.sent and error.status == 200
    assert sent < 10 * 1024 * 1024


async def test_a_gzip_bomb_is_not_inflated(egress: Egress) -> None:
    bomb = gzip.compress(b"\0" * (MAX_BODY * 40))

    async def handler(peer: Peer) -> None:
        await peer.request()
        await peer.answer(bomb, headers=b"Content-Encoding: gzip\r\n")

    async with serving(handler) as wire:
        error = await failure(egress, wire)
    assert type(error) is TooLarge and len(bomb) < MAX_BODY


async def test_gzip_within_the_limit_is_read(egress: Egress) -> None:
    packed = gzip.compress(b'{"a":') + gzip.compress(b"1}")

    async def handler(peer: Peer) -> None:
        await peer.request()
        await peer.answer(packed, headers=b"Content-Encoding: gzip\r\n")

    async with serving(handler) as wire:
        response = await post(egress, wire)
    assert response.body == b'{"a":1}'
    assert b"Accept-Encoding: gzip\r\n" in wire.requests[0]


async def test_a_redirect_is_an_answer_and_not_followed(egress: Egress) -> None:
    async def handler(peer: Peer) -> None:
        await peer.request()
        await peer.answer(b"", status=b"302 Found", headers=b"Location: http://169.254.169.254/latest/\r\n")

    async with serving(handler) as wire:
        response = await post(egress, wire)
    assert response.status == 302 and response.headers["location"] == "http://169.254.169.254/latest/"
    assert wire.connections == 1


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST"])
async def test_nothing_is_repeated_by_the_client(egress: Egress, method: str) -> None:
    """A kept connection that drops under the second request: aiohttp itself would send GET, PUT, DELETE again."""

    async def handler(peer: Peer) -> None:
        await peer.request()
        await peer.answer()
        await peer.request()
        peer.reset()

    async with serving(handler) as wire:
        await egress.request(method, wire.url(), deadline=5, allow=wire.allow)
        with pytest.raises(Interrupted):
            await egress.request(method, wire.url(), deadline=5, allow=wire.allow)
    assert len(wire.requests) == 2 and wire.connections == 1


async def test_a_connection_that_was_cut_short_is_not_used_again(egress: Egress) -> None:
    """The late answer of a timed out call must never become the answer of the next one."""

    async def handler(peer: Peer) -> None:
        await peer.request()
        await asyncio.sleep(0.1)
        await peer.answer(b"late")
        while await peer.request() is not None:
            await peer.answer(b"mine")

    async with serving(handler) as wire:
        await failure(egress, wire, deadline=0.05)
        with pytest.raises(Interrupted):
            await post(egress, wire, deadline=0.05)
    assert wire.connections == 2


async def test_the_environment_names_no_proxy(egress: Egress, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(polite) as wire, serving(polite) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url())
        await post(egress, wire)
    assert (wire.connections, proxy.connections) == (1, 0)


async def test_cookies_do_not_travel_between_calls(egress: Egress) -> None:
    async def handler(peer: Peer) -> None:
        while await peer.request() is not None:
            await peer.answer(headers=b"Set-Cookie: session=abc\r\n")

    async with serving(handler) as wire:
        await post(egress, wire)
        await post(egress, wire)
    assert b"cookie" not in wire.requests[1].lower()


@pytest.mark.parametrize(
    "headers",
    [{"Host": "other"}, {"content-length": "1"}, {"Transfer-Encoding": "chunked"}, {"X": "a\r\nY: b"}, {"Expect": "x"}],
)
async def test_headers_that_frame_a_request_are_refused(egress: Egress, headers: dict[str, str]) -> None:
    async with serving(polite) as wire:
        with pytest.raises(Blocked):
            await egress.request("GET", wire.url(), headers=headers, deadline=5, allow=wire.allow)
    assert wire.connections == 0


async def test_sent_is_false_only_where_the_server_saw_nothing(egress: Egress) -> None:
    """The promise the engine's uncertain outcomes rest on, over every moment a peer can vanish in."""

    def vanishing(after: int) -> object:
        async def handler(peer: Peer) -> None:
            for _ in range(after):
                peer.wire.received += await peer.reader.read(1)
            peer.reset()

        return handler

    for after in (0, 1, 10, 60, 10_000):
        async with serving(vanishing(after)) as wire:
            error = await failure(egress, wire, deadline=0.2)
        assert error.sent or not wire.received


class Gone:
    """A pooled connection as aiohttp hands it over when the peer reset it right after the handshake."""

    transport = None

    @property
    def protocol(self) -> Gone:
        return self

    def close(self) -> None:
        return None


async def test_a_peer_that_is_gone_at_once_is_out_of_reach_and_not_forbidden(
    egress: Egress, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def connect(*args: object, **kwargs: object) -> Gone:
        return Gone()

    monkeypatch.setattr(aiohttp.TCPConnector, "connect", connect)
    error = await failure(egress, Wire(port=1))
    assert type(error) is NotConnected and not error.sent
