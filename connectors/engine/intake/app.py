"""The intake as a raw ASGI application: it costs a fraction of Django's handler (docs/architecture.md)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any

import psycopg
from django.db import DatabaseError
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from connectors.engine.batch import Full
from connectors.engine.intake.address import PREFIX, Address, AddressBook
from connectors.engine.intake.arrival import IntakeDown, Receipt, Verdict
from connectors.engine.intake.group import GroupCommit
from connectors.engine.intake.held import Held, Weight
from connectors.engine.intake.read import MAX_BODY, Refusal, arrival_of
from connectors.library import UnknownConnector
from governance.credentials.envelope import CannotOpen
from governance.credentials.keyring import KeyExposed, KeyNotHere
from tenants.asyncdb import make_pool
from tenants.context import scope_of

log = logging.getLogger(__name__)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

BODY_SECONDS = 20.0
POOL_SIZE = 4
STATUS = {Verdict.ACCEPTED: 202, Verdict.REPEAT: 200, Verdict.CONFLICT: 409}
# The connector or the key that would verify is not in this process.
OUR_FAULT = (UnknownConnector, CannotOpen, KeyExposed, KeyNotHere)
COME_AGAIN = ((b"retry-after", b"2"),)


class Intake:
    """One a process. `start` and `stop` belong to the ASGI lifespan."""

    def __init__(self) -> None:
        self._book = AddressBook()
        self._groups: dict[str, GroupCommit] = {}
        self._pool: AsyncConnectionPool | None = None
        self._held = Held()

    async def start(self) -> None:
        self._pool = make_pool(size=POOL_SIZE, name="intake", deferred=True)
        await self._pool.open()

    async def stop(self) -> None:
        """Finish what was accepted, then let go of the database."""
        await asyncio.gather(*(group.finish() for group in self._groups.values()))
        if self._pool is not None:
            await self._pool.close()

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        try:
            headers = _headers(scope["headers"])
            address = await self._address(scope, headers)
            group = self._group(address)
            group.refuse_if_stalled()
            with self._held.request((address.source.schema, address.source.retailer_id)) as weight:
                body = await _body(headers, receive, weight)
                if not address.connector.webhooks.verify(headers=headers, body=body, secrets=address.secrets):
                    raise Refusal(401, "the signature does not verify")
                receipt = await group.submit(arrival_of(address, headers, body))
        except Refusal as refusal:
            await _answer(send, refusal.status, refusal.reason)
        except Full:
            await _answer(send, 429, "too many events are waiting; come again", COME_AGAIN)
        except (IntakeDown, DatabaseError, psycopg.Error, PoolTimeout):
            await _answer(send, 503, "the database did not answer; come again", COME_AGAIN)
        except OUR_FAULT as error:
            log.error("an event cannot be verified here: %s", type(error).__name__)
            await _answer(send, 503, "this address cannot be served now; come again", COME_AGAIN)
        else:
            await _receipt(send, receipt)

    async def _address(self, scope: Mapping[str, Any], headers: Mapping[str, str]) -> Address:
        address = await self._book.find(headers.get("host", ""), scope["path"])
        if address is None or address.connector.webhooks is None or not address.accepts:
            raise Refusal(404, "")
        if scope["method"] != "POST":
            raise Refusal(405, "events are posted")
        return address

    def _group(self, address: Address) -> GroupCommit:
        schema = address.source.schema
        group = self._groups.get(schema)
        if group is None:
            group = self._groups[schema] = GroupCommit(self._pool, scope_of(schema))
        return group


def is_intake(scope: Mapping[str, Any]) -> bool:
    return scope["type"] == "http" and scope["path"].startswith(PREFIX)


def _headers(sent: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """A repeated one is joined, so that a second Host or signature never stands in for the first."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in sent:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


async def _body(headers: Mapping[str, str], receive: Receive, weight: Weight) -> bytes:
    stated = headers.get("content-length", "0")
    if not _is_number(stated) or int(stated) > MAX_BODY:
        raise Refusal(413, f"at most {MAX_BODY} bytes")
    weight.grow(int(stated))
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read(receive, int(stated), weight)
    except TimeoutError:
        raise Refusal(408, "the body took too long") from None


def _is_number(text: str) -> bool:
    """Digits as HTTP knows them, and not so many that reading them is work."""
    return text.isascii() and text.isdigit() and len(text) < 20


async def _read(receive: Receive, stated: int, weight: Weight) -> bytes:
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refusal(400, "the sender left before the body ended")
        part = message.get("body", b"")
        size += len(part)
        if size > MAX_BODY:
            raise Refusal(413, f"at most {MAX_BODY} bytes")
        if size > stated:
            weight.grow(min(len(part), size - stated))
        parts.append(part)
        if not message.get("more_body"):
            return parts[0] if len(parts) == 1 else b"".join(parts)


async def _receipt(send: Send, receipt: Receipt) -> None:
    body = b'{"id":"%b","result":"%b"}' % (str(receipt.message_id).encode(), receipt.verdict.value.encode())
    await _send(send, STATUS[receipt.verdict], body)


async def _answer(send: Send, status: int, reason: str, extra: tuple[tuple[bytes, bytes], ...] = ()) -> None:
    body = b"" if status == 404 else b'{"error":"%b"}' % reason.encode()
    await _send(send, status, body, extra)


async def _send(send: Send, status: int, body: bytes, extra: tuple[tuple[bytes, bytes], ...] = ()) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        *extra,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
