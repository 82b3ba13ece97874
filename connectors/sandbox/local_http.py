"""One JSON call to a stand-in on this machine. For the stand-ins' own controls; all other calls go through egress."""

from __future__ import annotations

import http.client
import json
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

Document = dict[str, Any]


class CallRefused(RuntimeError):
    """The stand-in understood and said no; the message says why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def call(url: str, method: str, path: str, body: Document | None = None, *, timeout: float = 10.0) -> Document:
    """One connection a call. Raises OSError when nobody answers there, CallRefused on a 4xx or 5xx."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port or 80, timeout=timeout)
    payload = None if body is None else json.dumps(body, default=_plain)
    try:
        connection.request(method, path, payload, {"Content-Type": "application/json"})
        response = connection.getresponse()
        document: Document = json.loads(response.read() or b"{}")
    except (http.client.HTTPException, ValueError) as error:
        raise ConnectionError(f"{url} did not answer in full: {error!r}") from error
    finally:
        connection.close()
    if response.status >= 400:
        raise CallRefused(response.status, str(document.get("error", response.reason)))
    return document


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a request")
