"""The one outside client. Every call that leaves this system goes through `Egress.request`.

It knows whether anything was sent, follows no redirect, repeats nothing, reads no proxy from the environment, and
holds a total deadline over the whole call, so that a dripping server cannot hold it.
"""

from __future__ import annotations

import asyncio
import ssl
import zlib
from collections.abc import Mapping
from contextvars import ContextVar
from time import perf_counter
from typing import Any, Final
from weakref import WeakKeyDictionary

import aiohttp
import msgspec
from aiohttp.http_exceptions import HttpProcessingError

from governance.egress.addresses import NOTHING_LISTED, AllowList, Target, literal_address, refusal, target_of
from governance.egress.errors import Blocked, ConnectRefused, EgressError, Interrupted, NotConnected, TooLarge
from governance.egress.resolver import CheckedResolver, Lookup, system_lookup

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# The client frames the request itself: a caller's own framing could smuggle a second one.
OWN_HEADERS: Final = frozenset(
    [
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ]
)
MAX_BODY: Final = 5 * 1024 * 1024
CONNECT_SECONDS: Final = 3.0
READ_SECONDS: Final = 20.0
POOL_SIZE: Final = 1000


class Timings(msgspec.Struct, frozen=True):
    """Milliseconds since the call began; `connect_ms` is near 0 on a kept connection."""

    connect_ms: float
    ttfb_ms: float
    total_ms: float


class EgressResponse(msgspec.Struct, frozen=True):
    """Header names in lower case; repeated ones joined by ", ". The body is without its gzip."""

    status: int
    headers: dict[str, str]
    body: bytes
    timings: Timings
    peer: str


class _Trip:
    """What is known of one call while it runs."""

    __slots__ = ("started", "connected", "peer")

    def __init__(self) -> None:
        self.started = perf_counter()
        self.connected = 0.0
        self.peer = ""

    def ms(self) -> float:
        return (perf_counter() - self.started) * 1000

    def failure(self, reason: str, *, timed_out: bool = False) -> EgressError:
        """Once a connection is ours anything may have been sent, even where the kernel then says no."""
        kind = Interrupted if self.connected else NotConnected
        return kind(reason, timed_out=timed_out, total_ms=self.ms(), peer=self.peer)


_trip: ContextVar[_Trip] = ContextVar("egress_trip")


class _Connector(aiohttp.TCPConnector):
    """Marks the moment from which bytes may leave, and checks the peer once more."""

    def __init__(self, *, listed: bool, lookup: Lookup, ssl_context: ssl.SSLContext | None) -> None:
        super().__init__(
            resolver=CheckedResolver(lookup, listed=listed),
            limit=POOL_SIZE,
            ssl=True if ssl_context is None else ssl_context,
        )
        self._listed = listed
        self._peers: WeakKeyDictionary[Any, str] = WeakKeyDictionary()

    def _peer_of(self, connection: Any) -> str:
        """The address spoken to, "" when the socket knows none any more. Asked of the system once a connection."""
        protocol = connection.protocol
        peer = self._peers.get(protocol)
        if peer is None and connection.transport is not None:
            peername = connection.transport.get_extra_info("peername")
            peer = self._peers[protocol] = peername[0] if peername else ""
        return peer or ""

    async def connect(self, *args: Any, **kwargs: Any) -> Any:
        connection = await super().connect(*args, **kwargs)
        trip = _trip.get()
        peer = self._peer_of(connection)
        if not peer:
            # Reset right after the handshake: the socket no longer knows whom it spoke to, and nothing was sent.
            connection.close()
            raise trip.failure("the connection was gone at once")
        trip.peer = peer
        if reason := refusal(trip.peer, listed=self._listed):
            connection.close()
            raise Blocked(f"connected to {trip.peer}: {reason}")
        trip.connected = perf_counter()
        return connection


class Egress:
    """One per process and event loop: whoever runs the loop makes it and closes it.

    It holds two pools, for public hosts and for hosts a partner listed. They are apart because a kept connection or a
    cached name that one partner's list allowed must not serve a call of another that did not list it.
    """

    def __init__(self, *, lookup: Lookup = system_lookup, ssl_context: ssl.SSLContext | None = None) -> None:
        self._lookup = lookup
        self._ssl_context = ssl_context
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        deadline: float,
        allow: AllowList = NOTHING_LISTED,
    ) -> EgressResponse:
        """Send once and read the whole answer within `deadline` seconds. The status is the caller's to judge.

        Raises: Blocked, NotConnected, ConnectRefused (nothing was sent); Interrupted, TooLarge (it may have been).
        """
        target = target_of(url)
        _check_request(method, headers)
        session = self._session(_is_listed(target, allow))
        trip = _Trip()
        token = _trip.set(trip)
        try:
            async with asyncio.timeout(deadline):
                return await _exchange(session, method, target, headers, body, trip)
        except (aiohttp.ClientError, HttpProcessingError, OSError) as exc:
            raise _named(exc, trip) from exc
        finally:
            _trip.reset(token)

    async def close(self) -> None:
        sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            await session.close()

    def _session(self, listed: bool) -> aiohttp.ClientSession:
        session = self._sessions.get(listed)
        if session is None:
            session = self._sessions[listed] = self._new_session(listed)
        return session

    def _new_session(self, listed: bool) -> aiohttp.ClientSession:
        session = aiohttp.ClientSession(
            connector=_Connector(listed=listed, lookup=self._lookup, ssl_context=self._ssl_context),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "Signalbox", "Accept-Encoding": "gzip"},
            timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS, sock_read=READ_SECONDS),
            auto_decompress=False,
            trust_env=False,
        )
        # aiohttp repeats a GET, PUT or DELETE by itself when a kept connection drops. Its only switch is this
        # attribute (its own test client uses it); test_nothing_is_repeated_by_the_client holds it to that.
        session._retry_connection = False
        return session


async def _exchange(
    session: aiohttp.ClientSession,
    method: str,
    target: Target,
    headers: Mapping[str, str] | None,
    body: bytes | None,
    trip: _Trip,
) -> EgressResponse:
    response = await session.request(method, target.url, headers=headers, data=body or None, allow_redirects=False)
    try:
        ttfb = trip.ms()
        raw = await _read(response, trip)
    except BaseException:
        response.close()
        raise
    found = _lower(response.headers)
    if found.get("content-encoding", "").lower() in {"gzip", "x-gzip"} and raw:
        raw = _gunzip(raw, response.status, trip)
    timings = Timings((trip.connected - trip.started) * 1000, ttfb, trip.ms())
    return EgressResponse(response.status, found, raw, timings, trip.peer)


async def _read(response: aiohttp.ClientResponse, trip: _Trip) -> bytes:
    """The whole body, or TooLarge as soon as it is known to be: by its stated length before reading."""
    if (response.content_length or 0) > MAX_BODY and response.method != "HEAD":
        raise _too_large(response.status, trip)
    content = response.content
    first = await content.readany()
    if content.at_eof():
        return first
    parts, size = [first], len(first)
    while part := await content.readany():
        size += len(part)
        if size > MAX_BODY:
            raise _too_large(response.status, trip)
        parts.append(part)
    return b"".join(parts)


def _gunzip(raw: bytes, status: int, trip: _Trip) -> bytes:
    parts: list[bytes] = []
    room = MAX_BODY
    try:
        while raw:
            member = zlib.decompressobj(31)
            parts.append(member.decompress(raw, room + 1))
            room -= len(parts[-1])
            if room < 0:
                raise _too_large(status, trip)
            if not member.eof:
                raise trip.failure("the answer's gzip ends early")
            raw = member.unused_data
    except zlib.error as exc:
        raise trip.failure("the answer's gzip cannot be read") from exc
    return b"".join(parts)


def _too_large(status: int, trip: _Trip) -> TooLarge:
    return TooLarge(f"more than {MAX_BODY} bytes", status=status, total_ms=trip.ms(), peer=trip.peer)


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers.items():
        key = name.lower()
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found


def _is_listed(target: Target, allow: AllowList) -> bool:
    """True for a listed host, False for a public one. Raises Blocked where it can be neither."""
    if target.scheme in ("sftp", "postgresql"):
        raise Blocked(f"a {target.scheme} address is not called over http")
    listed = allow.permits(target)
    if target.scheme != "https" and not listed:
        raise Blocked("http is for hosts on the allow-list only")
    address = literal_address(target.host)
    if address is not None and (reason := refusal(address, listed=listed)):
        raise Blocked(f"{address}: {reason}")
    return listed


def _check_request(method: str, headers: Mapping[str, str] | None) -> None:
    if method not in METHODS:
        raise Blocked(f"method {method!r} is not sent")
    for name, value in (headers or {}).items():
        if name.lower() in OWN_HEADERS:
            raise Blocked(f"header {name!r} is the client's own")
        if "\r" in value or "\n" in value or "\0" in value or not name.isascii():
            raise Blocked(f"header {name!r} holds a line break")


def _named(exc: Exception, trip: _Trip) -> EgressError:
    """Our error for aiohttp's. Only classes and operating system numbers get into the text, never content."""
    if isinstance(exc, TimeoutError):
        return trip.failure("no complete answer in time", timed_out=True)
    if isinstance(exc, aiohttp.ClientConnectorError) and not trip.connected:
        if isinstance(exc.os_error, ConnectionRefusedError):
            return ConnectRefused("connection refused", total_ms=trip.ms())
        return trip.failure(f"no connection: {type(exc.os_error).__name__}")
    return trip.failure(f"the connection broke: {type(exc).__name__}")
