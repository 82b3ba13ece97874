"""Pure: how what is limited is shared while it is in use.

Nobody has a fixed part: each may hold `factor` times what is still free. One alone comes to half of it at factor 1, to
three quarters at factor 3; the more there are, the less each; and something is always left for who comes next.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Final, TypeVar

K = TypeVar("K")

RETAILER: Final = 1
PARTNER: Final = 3


def may_take(free: int, held: int, factor: int = RETAILER) -> int:
    """How much more one may take at once who holds so much, of what is free. Who holds nothing may take one."""
    most = (factor * free - held) // (factor + 1)  # with it held is `factor` times what is then free
    return max(most, int(free > 0 and held == 0))


def equal_parts(waiting: Mapping[K, int], places: int, rng: random.Random) -> dict[K, int]:
    """`places` among those with so many waiting: equal parts, and what one leaves is the others'.

    Where there are more of them than places, lots decide who has one this time.
    """
    drawn = list(waiting)
    rng.shuffle(drawn)
    order = sorted(drawn[:places], key=waiting.__getitem__)
    given: dict[K, int] = {}
    left = places
    for done, key in enumerate(order):
        given[key] = min(waiting[key], left // (len(order) - done))
        left -= given[key]
    return given
