"""What a connector that reads files is to the engine: the name of a file, and the documents within it.

The engine fetches the bytes, knows when a file is whole, and stores each document as one event. A connector only
says what a name and some bytes mean. Nothing here knows where a file lies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from connectors.sdk.connector import Subject
from connectors.sdk.errors import PayloadChanged


@dataclass(frozen=True, slots=True)
class FileName:
    """What a name says: whose day it holds."""

    store: str
    day: date


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One document of a file. `key` is its own within the file and the same whenever the file is read."""

    key: str
    topic: str
    document: Mapping[str, Any]
    subject: Subject


@dataclass(frozen=True, slots=True)
class Control:
    """What a trailer or sidecar states. None where it states nothing."""

    rows: int | None = None
    total: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file as it was understood; `control` is what it states of itself, `rows` and `total` what it holds."""

    records: Sequence[FileRecord]
    rows: int
    total: Decimal
    encoding: str
    control: Control | None


class UnreadableFile(PayloadChanged):
    """The bytes are no file we know. One sentence says where and why."""


class Files(Protocol):
    def named(self, name: str, config: Mapping[str, str]) -> FileName | None:
        """None for a file that is none of ours."""

    def sidecar(self, name: str, config: Mapping[str, str]) -> str:
        """The name of the file that states the control figures and says that `name` is whole; "" where none does."""

    def control(self, data: bytes) -> Control:
        """Of a sidecar. Raises UnreadableFile."""

    def finished(self, data: bytes, config: Mapping[str, str]) -> bool:
        """False while the end that such a file must have is not there: it may still be written."""

    def read(self, named: FileName, data: bytes, config: Mapping[str, str]) -> ReadFile:
        """Every document of a whole file. Raises UnreadableFile."""
