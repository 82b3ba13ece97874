"""As little HTTP as the driver and the sink need, so that they cost a fraction of what they measure."""

from __future__ import annotations

import asyncio
import re

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_END = b"\r\n\r\n"


class Framed(asyncio.Protocol):
    """Calls `message(head, body)` for each request or answer that came whole. Bodies state their length."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(_END)) >= 0:
            head = self._buffer[:end]
            stated = _LENGTH.search(head)
            stop = end + len(_END) + (int(stated[1]) if stated else 0)
            if len(self._buffer) < stop:
                return
            body, self._buffer = self._buffer[end + len(_END) : stop], self._buffer[stop:]
            self.message(head, body)

    def message(self, head: bytes, body: bytes) -> None:
        raise NotImplementedError
