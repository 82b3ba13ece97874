"""A `Call` that stands on its own: for a connector's tests and for trying one by hand.

It sends what it is told over real HTTP, keeps every step it took, and can be told to fail before or after one,
as a killed worker or a cut line would.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter
from types import TracebackType
from typing import Any, Literal, Self
from uuid import UUID, uuid4

import aiohttp

from connectors.sdk.connector import Response
from connectors.sdk.errors import Unavailable, Uncertain

DEADLINE_SECONDS = 45.0


class Killed(Exception):
    """What a test raises in the place of kill -9. No connector may catch it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Raise `error` at the n-th request of an attempt (from 1), before it leaves or after its answer came."""

    at: int
    when: Literal["before", "after"]
    error: Exception


@dataclass(slots=True)
class Step:
    """One request as it went. `served` stays empty where the vendor states no version."""

    name: str
    method: str
    url: str
    changes: bool
    requested: str
    status: int | None = None
    served: str = ""
    seconds: float = 0.0


@dataclass
class DirectCall:
    """One attempt. `session` may be handed from attempt to attempt, as the engine does.

    async with DirectCall(config=…, secrets=…, reference="our-1") as call:
        delivered = await connector.operations["order.upsert"](call, order)
        assert [step.name for step in call.steps] == […]
    """

    config: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)
    reference: str = "test-reference"
    session: dict[str, Any] = field(default_factory=dict, repr=False)
    idempotency_key: UUID = field(default_factory=uuid4)
    fault: Fault | None = None
    deadline: float = DEADLINE_SECONDS
    steps: list[Step] = field(default_factory=list)
    things: dict[tuple[str, str], str] = field(default_factory=dict)  # the cross-reference: (type, id) -> id here
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # value tables
    _client: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._client = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._client:
            await self._client.close()

    async def request(
        self,
        step: str,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        changes: bool = False,
        version: str = "",
    ) -> Response:
        taken = Step(step, method, url, changes, version)
        self.steps.append(taken)
        self._fail("before")
        started = perf_counter()
        try:
            response = await self._send(method, url, headers, body)
        except aiohttp.ClientConnectorError as error:
            raise Unavailable("Nobody answers at this address.", detail=str(error)) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            kind = Uncertain if changes else Unavailable
            raise kind("No complete answer came.", detail=f"{type(error).__name__}: {error}") from error
        finally:
            taken.seconds = perf_counter() - started
        taken.status = response.status
        self._fail("after")
        return response

    def served(self, version: str) -> None:
        self.steps[-1].served = version

    async def known(self, object_type: str, object_id: str) -> str | None:
        return self.things.get((object_type, object_id))

    def learned(self, object_type: str, object_id: str, here: str, *, made: bool = False) -> None:
        self.things[object_type, object_id] = here

    def translated(self, table: str, value: str) -> str | None:
        entries = self.values.get(table, {})
        return entries.get(value, entries.get("*"))

    @property
    def names(self) -> list[str]:
        return [step.name for step in self.steps]

    def _fail(self, when: str) -> None:
        if self.fault and self.fault.when == when and self.fault.at == len(self.steps):
            raise self.fault.error

    async def _send(self, method: str, url: str, headers: Mapping[str, str] | None, body: bytes | None) -> Response:
        if self._client is None:
            raise RuntimeError("use DirectCall as `async with DirectCall(…) as call`")
        async with (
            asyncio.timeout(self.deadline),
            self._client.request(method, url, headers=headers, data=body, allow_redirects=False) as answer,
        ):
            lower = {name.lower(): value for name, value in answer.headers.items()}
            return Response(answer.status, lower, await answer.read())
