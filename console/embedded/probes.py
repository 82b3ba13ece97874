"""How the supervisor learns that a process does its work. A probe answers None when all is well, else why not."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Callable
from pathlib import Path

Probe = Callable[[], str | None]

HTTP_SECONDS = 3.0
NO_HEARTBEAT = "no heartbeat yet"


def truth(check: Callable[[], bool], otherwise: str) -> Probe:
    return lambda: None if check() else otherwise


def http_ok(port: int, *paths: str, host: str = "localhost") -> Probe:
    """Each path answers 2xx on 127.0.0.1. The Host header is ours, since *.localhost need not resolve."""

    def probe() -> str | None:
        for path in paths:
            try:
                status, body = _get(port, path, host)
            except (OSError, http.client.HTTPException) as error:
                return f"no answer on {path} ({type(error).__name__})"
            if not 200 <= status < 300:
                return f"{path} answers {status} {body}".strip()
        return None

    return probe


def accepts(port: int) -> Probe:
    """Something takes connections on 127.0.0.1."""

    def probe() -> str | None:
        try:
            socket.create_connection(("127.0.0.1", port), HTTP_SECONDS).close()
        except OSError as error:
            return f"takes no connection ({type(error).__name__})"
        return None

    return probe


def heartbeat(path: Path, *, every_seconds: float) -> Probe:
    """The process touches this file; three missed beats are one too many."""
    limit = 3 * every_seconds

    def probe() -> str | None:
        try:
            age = time.time() - path.stat().st_mtime
        except FileNotFoundError:
            return NO_HEARTBEAT
        return None if age < limit else f"no heartbeat for {age:.0f} s"

    return probe


def _get(port: int, path: str, host: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=HTTP_SECONDS)
    try:
        connection.request("GET", path, headers={"Host": host, "Connection": "close"})
        answer = connection.getresponse()
        return answer.status, answer.read(200).decode(errors="replace").strip()
    finally:
        connection.close()
