"""A small JSON-RPC client for whoever keeps the sandbox's catalogue. The connector has its own, over REST."""

from __future__ import annotations

import base64
import gzip
import http.client
import json
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 60.0


class NoAnswer(ConnectionError):
    """Nobody answers, or not in Tryton's words."""


class Refused(RuntimeError):
    """Tryton said no; the message is its own."""


def server_version(url: str) -> str:
    """The series, e.g. "8.2". Raises: NoAnswer."""
    return str(_post(url, "/rpc/", "common.server.version", [], {}))


class Session:
    """A signed-in user of one database."""

    def __init__(self, url: str, database: str, login: str, password: str) -> None:
        self._url, self._path, self._headers = url, f"/{database}/rpc/", {}
        answer = self._call("common.db.login", login, {"password": password}, "en")
        token = f"{login}:{answer[0]}:{answer[1]}".encode()
        self._headers = {"Authorization": f"Session {base64.b64encode(token).decode()}"}
        preferences = self._call("model.res.user.get_preferences", True, {})
        self.context = {"company": preferences["company"], "language": "en"}
        self.company: int = preferences["company"]

    def __call__(self, method: str, *parameters: Any) -> Any:
        """`method` without its prefix: "party.party.create". The context is added."""
        return self._call(f"model.{method}", *parameters, self.context)

    def ids(self, model: str, domain: list[Any]) -> list[int]:
        return self(f"{model}.search", domain, 0, None, None)

    def read(self, model: str, domain: list[Any], fields: list[str]) -> list[dict[str, Any]]:
        return self(f"{model}.search_read", domain, 0, None, None, fields)

    def _call(self, method: str, *parameters: Any) -> Any:
        return _post(self._url, self._path, method, list(parameters), self._headers)


def _post(url: str, path: str, method: str, parameters: list[Any], headers: dict[str, str]) -> Any:
    body = json.dumps({"id": 1, "method": method, "params": parameters}, default=_encode)
    # Without gzip accepted, Tryton 8.2 labels an answer of more than 1,400 bytes as gzip and sends it plain.
    own = {"Content-Type": "application/json", "Accept-Encoding": "gzip"}
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("POST", path, body, own | headers)
        response = connection.getresponse()
        data = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswer(str(error)) from error
    finally:
        connection.close()
    if response.getheader("Content-Encoding") == "gzip":
        data = gzip.decompress(data)
    return _result(response.status, data, method)


def _result(status: int, data: bytes, method: str) -> Any:
    if status != http.client.OK:
        raise NoAnswer(f"{method}: HTTP {status}")
    answer = json.loads(data, object_hook=_decode)
    if "error" in answer:
        raise Refused(f"{method}: {answer['error']}")
    return answer["result"]


def _encode(value: Any) -> Any:
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    raise TypeError(f"no JSON for {type(value).__name__}")


def _decode(value: dict[str, Any]) -> Any:
    return Decimal(value["decimal"]) if value.get("__class__") == "Decimal" else value
