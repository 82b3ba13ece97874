"""What the fake ERP saw and did: lines of JSON, each in the file before the answer leaves. And how it is read again."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import msgspec


class Call(msgspec.Struct, tag="call"):
    """A request as it came in, before anything was done about it. `delivery` is our idempotency key."""

    n: int
    at: float
    account: str
    verb: str
    delivery: str
    reference: str
    version: str
    mode: str
    canaries: tuple[str, ...] = ()


class Effect(msgspec.Struct, tag="effect"):
    """What changed in the ERP. `document` is its own number; `created` says that it was not there before."""

    n: int
    at: float
    account: str
    idempotency: int
    delivery: str
    reference: str
    version: str
    document: str
    created: bool


class Told(msgspec.Struct):
    calls: list[Call]
    effects: list[Effect]


class Writer:
    """Append only. A line is with the operating system when `write` returns: killing the ERP loses none."""

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = open(path, "ab", buffering=0)  # noqa: SIM115 - lives as long as the process
        self._encoder = msgspec.json.Encoder()
        self.n = 0

    def write(self, line: Call | Effect) -> None:
        self._file.write(self._encoder.encode(line) + b"\n")

    def next(self) -> int:
        self.n += 1
        return self.n


def read(path: Path) -> Told:
    decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Call | Effect)
    told = Told([], [])
    for raw in path.read_bytes().splitlines():
        line = decoder.decode(raw)
        (told.calls if isinstance(line, Call) else told.effects).append(line)
    return told
