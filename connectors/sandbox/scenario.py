"""The retail day as pure arithmetic: when the next order comes, from where, and what goes wrong around it.

Everything follows from the seed, the number of the order and the clock, so a restarted demo goes on where the shop is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Any, Literal

from connectors.sandbox.shopify.places import LOCATIONS, SHOP_TIMEZONE

SHORTEST_GAP = 3.1  # seconds: never more than one order in three, measured where they arrive; Tryton books one in 0.8
LONGEST_GAP = 15.0  # at night the storefront still sells now and then
OUTAGE_SECONDS = 60.0
OPENS, CLOSES = 10.0, 21.0
QUIET = 0.4  # of the day's height: below it most stores are closed

Kind = Literal["create", "edit", "refund", "cancel", "outage"]


@dataclass(frozen=True, slots=True)
class Act:
    """One thing to do. `order` is the shop's own number (1, 2, …) of the order it is done to."""

    kind: Kind
    order: int
    options: dict[str, Any] = field(default_factory=dict)
    why: str = ""


def acts(seed: int, number: int, at: datetime, *, calm: bool = False) -> tuple[Act, ...]:
    """What the shop does around its order of that number: first the order, then what befalls earlier ones."""
    place = origin(seed, number, at)
    if calm:
        return (Act("create", number, place),)
    trouble, why = _trouble(number)
    return (Act("create", number, {**place, **trouble}, why), *_aftermath(seed, number))


def _trouble(number: int) -> tuple[dict[str, Any], str]:
    if number % 40 == 9:
        return {"unknown_sku": True}, "an SKU the ERP lacks"
    if number % 30 == 13:
        return {"update_first": True}, "its update arrives before it"
    if number % 25 == 5:
        return {"duplicate": True}, "its webhook is sent twice"
    return {}, ""


def _aftermath(seed: int, number: int) -> tuple[Act, ...]:
    rng = Random(f"{seed}:aftermath:{number}")
    found: list[Act] = []
    if number % 8 == 3:
        found.append(Act("edit", number - 1, _edit(rng), "the customer changes it"))
    if number % 12 == 7:
        found.append(Act("refund", number - 4, {"restock": rng.random() < 0.6}, "goods come back"))
    if number % 36 == 23:
        found.append(Act("refund", number - 6, {"lines": [], "shipping": True}, "the parcel came late"))
    if number % 20 == 11:
        found.append(Act("cancel", number - 3, {"reason": rng.choice(("customer", "inventory"))}, "it is cancelled"))
    if number % 150 == 20:
        found.append(Act("outage", number, {"seconds": OUTAGE_SECONDS}, "ERP away"))
    return tuple(act for act in found if act.order >= 1)


def _edit(rng: Random) -> dict[str, Any]:
    """Two in three change an address or a note; one wants more of the first thing."""
    return {"more": 1} if rng.random() < 0.33 else {}


def origin(seed: int, number: int, at: datetime) -> dict[str, Any]:
    """A store that is open at that hour, or the storefront; busier places more often."""
    rng = Random(f"{seed}:origin:{number}")
    weights = [_store_pull(location.hour(at)) * _size(location.id) for location in LOCATIONS]
    web = _web_pull(_hour(at)) * _WEB_WEIGHT
    if rng.random() * (sum(weights) + web) < web:
        return {"channel": "web"}
    return {"location_id": rng.choices(LOCATIONS, weights)[0].id}


def gap(seed: int, number: int, at: datetime) -> float:
    """Seconds from this order to the next; never under SHORTEST_GAP."""
    rng = Random(f"{seed}:gap:{number}")
    calm_pause = SHORTEST_GAP / max(pace(at), SHORTEST_GAP / LONGEST_GAP)
    return max(SHORTEST_GAP, min(LONGEST_GAP, calm_pause * rng.uniform(0.7, 1.4)))


def pace(at: datetime) -> float:
    """How busy the whole chain is at that moment: 1 at the day's height, 0 when nobody buys."""
    return min(1.0, _pull(at) / _height())


def shift(first: datetime) -> timedelta:
    """What to add to the clock so that a demo begun at night opens at the shop's next noon; else nothing.

    It follows from the time of the first order, so it stays the same however often the driver is restarted.
    """
    if pace(first) >= QUIET:
        return timedelta(0)
    local = first.astimezone(SHOP_TIMEZONE)
    noon = local.replace(hour=12, minute=0, second=0, microsecond=0)
    return (noon if noon > local else noon + timedelta(days=1)) - local


def _pull(at: datetime) -> float:
    stores = sum(_store_pull(location.hour(at)) * _size(location.id) for location in LOCATIONS)
    return stores + _web_pull(_hour(at)) * _WEB_WEIGHT


@lru_cache(maxsize=1)
def _height() -> float:
    day = datetime(2026, 11, 23, tzinfo=SHOP_TIMEZONE)
    return max(_pull(day.replace(hour=hour, minute=minute)) for hour in range(24) for minute in (0, 30))


_WEB_WEIGHT = 26.0


def _size(location_id: int) -> float:
    """Some stores sell three times as much as others."""
    return 0.5 + (location_id * 7919 % 100) / 100


def _store_pull(hour: float) -> float:
    """Nobody before ten or after nine; lunch, and more after work."""
    if not OPENS <= hour < CLOSES:
        return 0.0
    return 0.35 + 0.5 * _hump(hour, 12.75, 1.2) + 0.65 * _hump(hour, 17.5, 1.8)


def _web_pull(hour: float) -> float:
    """Never quite silent; a lunch break, and the sofa."""
    return 0.15 + 0.35 * _hump(hour, 12.5, 2.0) + 0.85 * _hump(hour, 20.5, 2.2)


def _hump(hour: float, middle: float, width: float) -> float:
    away = min(abs(hour - middle), 24 - abs(hour - middle))
    return math.exp(-((away / width) ** 2))


def _hour(at: datetime) -> float:
    local = at.astimezone(SHOP_TIMEZONE)
    return local.hour + local.minute / 60
