"""What a connector that is asked for news is to the engine: pages of documents, and a state to go on from.

The engine keeps the state and decides when to ask. A connector only asks: nothing here knows a database. It may give
a document more than once, never skip one: the engine drops what it has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from connectors.sdk.connector import Call, Subject

OFF = timedelta(0)


@dataclass(frozen=True, slots=True)
class Stream:
    """One list that is read on. `backs_webhooks`: what it finds should have come by itself before."""

    key: str
    label: str
    every: timedelta  # OFF: not asked
    backs_webhooks: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """One document as the source has it now, under the topic whose event would have brought it.

    `unreadable` says why it could not be understood; it is kept all the same.
    """

    topic: str
    document: Mapping[str, Any]
    subject: Subject
    unreadable: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """`state` is what to go on from once these documents are stored; `more`: ask again at once."""

    found: Sequence[Found]
    state: Mapping[str, str]
    more: bool = False
    api_version: str = ""


class TableCall(Call, Protocol):
    """The call of a poll, which may read a database too."""

    async def rows(self, url: str, statement: Any, values: Sequence[Any]) -> tuple[list[tuple[Any, ...]], bool]:
        """The rows of one reading statement (`psycopg.sql`), and False where they were cut by the bound on a reading.

        Raises: Misconfigured, CredentialRejected, Unavailable.
        """
        ...


class Polls(Protocol):
    def streams(self, config: Mapping[str, str]) -> Sequence[Stream]:
        """What is asked of a connection with these settings."""
        ...

    async def page(self, call: TableCall, stream: str, state: Mapping[str, str], *, start: datetime) -> Page:
        """The next page after `state`; `start` is where a stream without a state begins.

        Raises: ConnectorError. "Nothing new" is an empty page.
        """
        ...


def every(
    config: Mapping[str, str], name: str, *, usual: timedelta, least: timedelta = timedelta(seconds=5)
) -> timedelta:
    """How often, from a setting in seconds: empty is `usual`, "off" is OFF, what is no number too is `usual`."""
    stated = config.get(name, "").strip().lower()
    if stated == "off":
        return OFF
    if not stated.isascii() or not stated.isdigit() or len(stated) > 6:
        return usual
    return max(least, timedelta(seconds=int(stated)))
