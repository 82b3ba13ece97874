"""Tryton's REST interface, in Tryton's words: search, create, write, delete a model's records, press its buttons.

Each answer to a change shows the record as that same transaction left it, so a step proves itself without another
call. An answer of Tryton's `/rpc/` would be an id or nothing.

Source: trytond 8.2.1, protocols/rest.py and protocols/wrappers.py, read 2026-11-23.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from connectors.library.tryton import wire
from connectors.sdk.connector import Call, Response
from connectors.sdk.errors import (
    CredentialRejected,
    Misconfigured,
    PayloadChanged,
    RequestRefused,
    Throttled,
    Unavailable,
    Uncertain,
)
from connectors.sdk.http import retry_after

VERSION = "8.2"
OK = 200
NOT_DONE = frozenset({409, 423, 425})  # Tryton rolled back: somebody else held the record
DETAIL_CHARACTERS = 300

Record = dict[str, Any]


class Client:
    """One attempt's view of one Tryton database. `company` is Tryton's context once it is known."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.base = call.config.get("url", "").rstrip("/")
        self.database = call.config.get("database", "")
        self.own_words: dict[str, str] = {}  # codes that a value table gave: the shop's own, by Tryton's
        self.remembers: bool | None = None  # whether ids of an earlier attempt are in use, once that is known
        key = call.secrets.get("application_key", "")
        if not (self.base and self.database and key):
            raise Misconfigured("The connection to Tryton needs its address, its database and an application key.")
        self._headers = {
            "Authorization": f"Bearer {key}",
            "Accept": "application/json",
            "Content-Type": "application/json",
        }

    def use_company(self, company: int) -> None:
        context = msgspec.json.encode({"company": company})
        self._headers["X-Tryton-Context"] = base64.urlsafe_b64encode(context).decode()

    async def search(
        self, step: str, model: str, domain: list[Any], fields: Sequence[str], *, limit: int = 1000
    ) -> list[Record]:
        path = self._path(model, fields=fields, domain=domain, limit=limit)
        found = await self._request(step, "GET", path)
        if not isinstance(found, list) or not all(_is_record(row) for row in found):
            raise PayloadChanged(f"Tryton's answer to “{step}” is no list of records.", detail=_shown(found))
        return found

    async def read(self, step: str, model: str, record: int, fields: Sequence[str]) -> Record:
        answer = await self._request(step, "GET", self._path(model, record, fields=fields))
        if not _is_record(answer, record):
            raise PayloadChanged(
                f"Tryton answered “{step}” with something else than the record.", detail=_shown(answer)
            )
        return answer

    async def create(self, step: str, model: str, values: Record, fields: Sequence[str]) -> Record:
        return await self._change(step, "POST", self._path(model, fields=fields), values)

    async def write(self, step: str, model: str, record: int, values: Record, fields: Sequence[str]) -> Record:
        return await self._change(step, "PUT", self._path(model, record, fields=fields), values, record)

    async def press(self, step: str, model: str, record: int, button: str, fields: Sequence[str]) -> Record:
        """A button of the record's form, e.g. `quote`. One that does not fit the record's state is refused."""
        return await self._change(step, "POST", self._path(model, record, button, fields=fields), {}, record)

    async def delete(self, step: str, model: str, record: int) -> None:
        path = self._path(model, record)
        response = await self._send(step, "DELETE", path, None, changes=True)
        if response.status not in (OK, 204):
            raise _error(step, response, changes=True, path=path)

    async def may_press(self, step: str, model: str, button: str) -> bool:
        """Whether our user may, found by pressing it on no record at all: nothing changes."""
        path = self._path(model, button)
        response = await self._send(step, "POST", path, wire.encode({"records": []}), changes=False)
        if response.status in (400, 403):
            return False
        if response.status not in (OK, 204):
            raise _error(step, response, changes=False, path=path)
        return True

    async def server_version(self) -> str:
        """What the server says of itself, e.g. "8.2". The only place where Tryton states a version."""
        body = wire.encode({"id": 1, "method": "common.server.version", "params": []})
        response = await self._send("server version", "POST", "/rpc/", body, changes=False)
        answer = _decoded("server version", response, changes=False, path="/rpc/")
        if not isinstance(answer, dict) or not isinstance(answer.get("result"), str):
            raise PayloadChanged("Tryton does not say which version it is.", detail=_shown(answer))
        self.call.served(answer["result"])
        return answer["result"]

    async def _change(self, step: str, method: str, path: str, values: Record, record: int | None = None) -> Record:
        answer = await self._request(step, method, path, wire.encode(values))
        if not _is_record(answer, record):
            raise Uncertain(f"Tryton answered “{step}” with something else than the record.", detail=_shown(answer))
        return answer

    async def _request(self, step: str, method: str, path: str, body: bytes | None = None) -> Any:
        changes = method != "GET"
        return _decoded(step, await self._send(step, method, path, body, changes), changes=changes, path=path)

    async def _send(self, step: str, method: str, path: str, body: bytes | None, changes: bool) -> Response:
        url = self.base + path
        return await self.call.request(
            step, method, url, headers=self._headers, body=body, changes=changes, version=VERSION
        )

    def _path(
        self,
        model: str,
        *parts: str | int,
        fields: Sequence[str] = (),
        domain: list[Any] | None = None,
        limit: int | None = None,
    ) -> str:
        query = [("f", name) for name in fields]
        if domain is not None:
            query.append(("d", base64.urlsafe_b64encode(wire.encode(domain)).decode()))
        if limit is not None:
            query.append(("s", str(limit)))
        path = "/".join([quote(self.database, safe=""), "rest/model", model, *map(str, parts)])
        return f"/{path}?{urlencode(query)}" if query else f"/{path}"


def _decoded(step: str, response: Response, *, changes: bool, path: str) -> Any:
    if response.status != OK:
        raise _error(step, response, changes=changes, path=path)
    try:
        return wire.decode(response.body)
    except (msgspec.DecodeError, ValueError, TypeError, KeyError) as error:
        # A page of something in between, perhaps. Whether Tryton worked before it, nobody knows.
        kind = Uncertain if changes else PayloadChanged
        raise kind(f"The answer to “{step}” is not Tryton's.", detail=_shown(response.body)) from error


def _error(step: str, response: Response, *, changes: bool, path: str) -> Exception:
    """The status as one of the family. What can still have taken effect is Uncertain."""
    status, words = response.status, _words(response)
    if status == 401:
        return CredentialRejected("Tryton refuses our application key: it is unknown, not validated or cancelled.")
    if status == 403:
        return Misconfigured(f"The user of our application key may not “{step}” in Tryton.", detail=words)
    if status == 404 and "/rest/model/" in path and path.split("?")[0].count("/") == 4:
        return Misconfigured("There is no such database at this address, or it is no Tryton 8.2.", detail=words)
    if 300 <= status < 400:
        return Misconfigured("Tryton's address redirects elsewhere: enter the address it redirects to.")
    if status == 429:
        return Throttled(
            "Tryton asks us to slow down.", retry_after=retry_after(response.headers, at=datetime.now(UTC))
        )
    if status in NOT_DONE:
        return Unavailable("Somebody else is changing the same record in Tryton.", detail=words)
    if status == 408 or status >= 500 or status < 400:
        if changes:
            return Uncertain(f"Tryton failed at “{step}” with HTTP {status}; it may have done it.", detail=words)
        return Unavailable(f"Tryton failed at “{step}” with HTTP {status}.", detail=words)
    return RequestRefused(f"Tryton refuses “{step}”: {words}", detail=words)


def _words(response: Response) -> str:
    """Tryton's own sentence where it states one: {"status": 400, "message": …, "description": …}."""
    try:
        answer = msgspec.json.decode(response.body)
    except (msgspec.DecodeError, ValueError):
        return f"HTTP {response.status}"
    if not isinstance(answer, dict) or not answer.get("message"):
        return f"HTTP {response.status}"
    sentences = [str(answer["message"]), str(answer.get("description") or "")]
    return " ".join(sentence for sentence in sentences if sentence)[:DETAIL_CHARACTERS]


def _is_record(value: Any, record: int | None = None) -> bool:
    """Any record, or exactly the one that was asked for."""
    return isinstance(value, dict) and isinstance(value.get("id"), int) and record in (None, value["id"])


def _shown(value: Any) -> str:
    return f"{type(value).__name__} of {len(value)}" if isinstance(value, list | dict | bytes) else type(value).__name__
