"""What the load was answered: lines of JSON, written when the answer is there and before anything is made of it."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import msgspec

from tests.chaos.trade import Event

FIRST, AGAIN, TWISTED = "first", "again", "twisted"
YES = (200, 202)


class Answer(msgspec.Struct):
    """`status` 0: none came. `purpose`: FIRST until it is acknowledged, AGAIN, or TWISTED: same id, other body."""

    n: int
    at: float
    seconds: float
    purpose: str
    partner: str
    retailer: str
    connection: str
    event_id: str
    order: int
    version: str
    sha256: str
    card: bool
    web: int
    status: int
    id: str


class Log:
    def __init__(self, path: Path) -> None:
        self._file = open(path, "ab", buffering=0)  # noqa: SIM115 - lives as long as the process

    def write(self, answer: Answer) -> None:
        self._file.write(msgspec.json.encode(answer) + b"\n")


def answer_to(event: Event, purpose: str, *, web: int, at: float, seconds: float, status: int, id: str) -> Answer:  # noqa: A002
    shop, body = event.sender.shop, event.twisted if purpose == TWISTED else event.body
    return Answer(
        n=event.n,
        at=at,
        seconds=round(seconds, 4),
        purpose=purpose,
        partner=shop.partner,
        retailer=shop.retailer,
        connection=shop.key,
        event_id=event.event_id,
        order=event.order,
        version=event.version,
        sha256=sha256(body).hexdigest(),
        card=event.card,
        web=web,
        status=status,
        id=id,
    )


def read(path: Path) -> list[Answer]:
    decoder = msgspec.json.Decoder(Answer)
    return [decoder.decode(line) for line in path.read_bytes().splitlines()]
