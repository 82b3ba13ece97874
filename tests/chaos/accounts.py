"""The three witnesses of a run, side by side: the shops' answers, our ledger, the ERP's journal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import msgspec

from tests.chaos import acks, journal
from tests.chaos.acks import Answer
from tests.chaos.journal import Call, Effect, Told
from tests.chaos.ledger import Attempt, Delivery, Exc, Message, Partner
from tests.chaos.people import Act
from tests.chaos.people import read as read_people
from tests.chaos.plan import Shop
from tests.chaos.world import World

OPEN = ("open", "retrying")
T = TypeVar("T")


@dataclass(frozen=True)
class Accounts:
    answers: Sequence[Answer]
    partners: Sequence[Partner]
    erp: Told
    world: World
    people: Sequence[Act] = ()

    @cached_property
    def shops(self) -> list[Shop]:
        return [sender.shop for sender in self.world.senders]

    @cached_property
    def owners(self) -> dict[str, Shop]:
        """Key of a connection to the ERP → whose it is."""
        return {books.key: shop for shop in self.shops for books in shop.books}

    @cached_property
    def classes(self) -> dict[str, int]:
        return {books.key: books.idempotency for shop in self.shops for books in shop.books}

    @cached_property
    def answers_of(self) -> dict[str, list[Answer]]:
        return grouped(self.answers, lambda one: one.event_id)

    @cached_property
    def messages(self) -> list[Message]:
        return [message for partner in self.partners for message in partner.messages]

    @cached_property
    def deliveries(self) -> list[Delivery]:
        return [delivery for partner in self.partners for delivery in partner.deliveries]

    @cached_property
    def attempts_of(self) -> dict[str, list[Attempt]]:
        return grouped((one for p in self.partners for one in p.attempts), lambda one: one.delivery_id)

    @cached_property
    def open_exceptions_of(self) -> dict[str, list[Exc]]:
        """By delivery, or by message for what is about none."""
        found = (one for partner in self.partners for one in partner.exceptions if one.state in OPEN)
        return grouped(found, lambda one: one.delivery_id or one.message_id)

    @cached_property
    def calls_of(self) -> dict[str, list[Call]]:
        """By the delivery's key that they carried."""
        return grouped(self.erp.calls, lambda one: one.delivery)

    @cached_property
    def effects_of(self) -> dict[tuple[str, str], list[Effect]]:
        """By account and reference, in the order in which they happened."""
        return grouped(sorted(self.erp.effects, key=lambda one: one.n), lambda one: (one.account, one.reference))


def grouped(found: Iterable[T], key: Callable[[T], object]) -> dict:
    groups: dict[object, list[T]] = defaultdict(list)
    for one in found:
        groups[key(one)].append(one)
    return groups


def read(*, acks_file: Path, ledger_file: Path, journal_file: Path, people_file: Path, world: World) -> Accounts:
    return Accounts(
        answers=acks.read(acks_file),
        partners=msgspec.json.decode(ledger_file.read_bytes(), type=list[Partner]),
        erp=journal.read(journal_file),
        world=world,
        people=read_people(people_file),
    )
