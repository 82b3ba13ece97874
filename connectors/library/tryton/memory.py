"""What a process remembers of one Tryton between calls: the ids of what sales refer to. Bounded, never needed.

Forgetting costs a look-up; a wrong memory is found when Tryton shows the sale it made (`sales.create`).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Generic, TypeVar

from connectors.library.tryton.client import Client
from connectors.library.tryton.records import Party, Product, Tax

KEY = "tryton"
PRODUCTS = 20_000
PARTIES = 5_000
TAXES_SECONDS = 300.0
NEVER = float("-inf")

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """The most recently used, up to `size`."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._items: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        if key in self._items:
            self._items.move_to_end(key)
        return self._items.get(key)

    def put(self, key: K, value: V) -> None:
        self._items[key] = value
        self._items.move_to_end(key)
        while len(self._items) > self._size:
            self._items.popitem(last=False)

    def __len__(self) -> int:
        return len(self._items)


@dataclass(frozen=True, slots=True)
class Company:
    """Whose books the sales go to, and how they count."""

    id: int
    name: str
    tax_by_line: bool
    price_digits: int


@dataclass(frozen=True, slots=True)
class Currency:
    id: int
    quantum: Decimal


@dataclass(slots=True)
class Memory:
    place: tuple[str, str, str]
    company: Company | None = None
    taxes: tuple[Tax, ...] = ()
    taxes_at: float = NEVER
    currencies: dict[str, Currency] = field(default_factory=dict)
    products: Recent[str, Product] = field(default_factory=lambda: Recent(PRODUCTS))
    parties: Recent[str, Party] = field(default_factory=lambda: Recent(PARTIES))


def recall(client: Client) -> Memory:
    """That of this connection; an empty one when its settings point elsewhere by now."""
    place = (client.base, client.database, client.call.config.get("company", ""))
    kept = client.call.session.get(KEY)
    if isinstance(kept, Memory) and kept.place == place:
        return kept
    return forget(client)


def forget(client: Client) -> Memory:
    place = (client.base, client.database, client.call.config.get("company", ""))
    memory = client.call.session[KEY] = Memory(place)
    return memory
