"""What a connector is to the engine: a manifest and up to five abilities.

    SIGNED WEBHOOKS   `webhooks`: verify raw bytes, name the event
    SOURCE            `reader`: payload -> canonical objects
    TARGET            `operations`: canonical object -> effects in the target, in named steps
    FILES             `files`: the name and bytes of a file -> documents (connectors.sdk.files)
    POLLED            `polls`: what is new since, page by page (connectors.sdk.polling)

A connector package exposes one module-level `connector: Connector`, registered by entry point or by
`connectors.library`. It holds no state; what must live longer than a call is in `Call.session`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

import msgspec

from governance.catalogue.manifest import Manifest

if TYPE_CHECKING:
    from connectors.sdk.files import Files
    from connectors.sdk.polling import Polls


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a webhook says about itself, read from its headers only."""

    topic: str
    event_id: str  # the source's own id of this event; "" when it sends none
    api_version: str  # "" where none is stated
    triggered_at: datetime | None = None
    account: str = ""  # the shop or tenant it speaks for, "" if not stated


@dataclass(frozen=True, slots=True)
class Subject:
    """What a payload is about, read from the few fields the connector declares."""

    object_type: str  # "order", "refund"; "" when it is none of ours
    object_id: str
    source_version: str  # "" when the source has none
    order_key: str = ""  # what must stay in order with it (a refund follows its order); default object_id
    occurred_at: datetime | None = None
    business_keys: tuple[tuple[str, str], ...] = ()  # (type, value), e.g. ("order", "#1001")


class Webhooks(Protocol):
    def verify(self, *, headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> bool:
        """True when one of the (up to two, in rotation) secrets signed exactly these bytes. Constant time."""

    def envelope(self, headers: Mapping[str, str]) -> Envelope: ...

    def subject(self, topic: str, document: Mapping[str, Any]) -> Subject: ...


class Reader(Protocol):
    def canonical(self, topic: str, document: Any, *, received_at: datetime | None = None) -> Sequence[Any]:
        """Canonical objects of one payload, usually one.

        Raises PayloadChanged, or RequestRefused ("a cart is not a sale").
        """
        ...

    def events(self) -> Sequence[str]:
        """The topics it has a map for, those of webhooks and those of its own reads."""


def takes_bytes(reader: Reader, topic: str) -> bool:
    """Whether documents of this topic are no JSON (XML, CSV, EDI, MT940): the reader gets the bytes as they came.

    A reader says so by naming the topic in its attribute `binary`; one without it reads JSON only.
    """
    return topic in getattr(reader, "binary", ())


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: Mapping[str, str]  # keys in lower case
    body: bytes

    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class Call(Protocol):
    """One attempt of one operation, as the connector sees it. The engine records every request made through it.

    `request` raises Unavailable when the connection was never made, Uncertain when the request left and no
    complete answer came (only when `changes`; for a read that is Unavailable too). It does not judge the status.
    """

    config: Mapping[str, str]
    secrets: Mapping[str, str]
    session: dict[str, Any]  # per connection and process: tokens, looked-up ids
    reference: str  # our reference, stable for the document, stored in the target and searched for
    idempotency_key: UUID

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
        """Send one call. `changes` commits an intent first; `version` is the API version we asked for."""

    def served(self, version: str) -> None:
        """State which API version the last response was served by; not called where the vendor states none."""

    async def known(self, object_type: str, object_id: str) -> str | None:
        """What this system calls a thing that the source calls `object_id`, from the cross-reference; else None."""

    def learned(self, object_type: str, object_id: str, here: str, *, made: bool = False) -> None:
        """Tell the cross-reference: the source's `object_id` is `here` in this system, made or found.

        Kept also when the attempt fails later on. The document of the operation itself is told by `Delivered`.
        """

    def translated(self, table: str, value: str) -> str | None:
        """What the retailer's value table says instead of the source's value; None: nothing."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The positive predicate held: this document exists in the target and carries our reference."""

    document_id: str  # the target's own number, e.g. "SO-991"
    document_type: str = ""
    effect: str = "created"  # created, amended, cancelled, returned, already
    url: str = ""
    detail: Mapping[str, str] = field(default_factory=dict)


Operation = Callable[[Call, Any], Awaitable[Delivered]]


@dataclass(frozen=True, slots=True)
class Connector:
    manifest: Manifest
    webhooks: Webhooks | None = None
    reader: Reader | None = None
    operations: Mapping[str, Operation] = field(default_factory=dict)
    probe: Callable[[Call], Awaitable[Sequence[Any]]] | None = None
    files: Files | None = None
    polls: Polls | None = None
