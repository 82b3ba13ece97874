"""Plays the scenario against a running stand-in shop. It keeps nothing: how far the day is, the shop knows."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.sandbox import scenario
from connectors.sandbox.local_http import CallRefused, Document, call
from connectors.sandbox.scenario import Act
from connectors.sandbox.shopify.client import ShopControl
from connectors.sandbox.shopify.places import BY_ID

AWAY_PAUSE = 2.0  # seconds between looks for a shop that does not answer
OPENING = 5  # orders after the start that come at the shortest gap, so that whoever watches sees life at once
_LOOK_BACK = 12
_TO_EARLIER = ("edit", "refund", "cancel")


class ShopAway(RuntimeError):
    """The shop did not answer for longer than the driver was told to wait."""


@dataclass(frozen=True, slots=True)
class Pace:
    """`speed` runs the day's shape faster; `shortest` seconds always lie between two orders."""

    speed: float = 1.0
    shortest: float = scenario.SHORTEST_GAP
    calm: bool = False  # orders only: nothing goes wrong, nothing is changed
    patience: float | None = None  # seconds to wait for a shop that is away; None: as long as it takes


class Driver:
    """`say` gets one sentence an act. `outage` is the address of an outage proxy's control, "" without one."""

    def __init__(
        self,
        shop: ShopControl,
        *,
        seed: int,
        pace: Pace,
        outage: str = "",
        say: Callable[[str], None] = lambda _sentence: None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.shop, self.seed, self.pace, self.outage = shop, seed, pace, outage
        self._say, self._sleep, self._clock = say, sleep, clock
        self._acts: dict[str, Callable[[Act], str]] = {
            "create": self._create,
            "edit": self._edit,
            "refund": self._refund,
            "cancel": self._cancel,
            "outage": self._take_erp_away,
        }
        self._started, self._shift = clock(), timedelta(0)

    def run(self, orders: int | None = None) -> int:
        """Place that many orders with all that befalls them, or go on for ever. Returns how many were placed.

        Raises ShopAway.
        """
        self._find_the_day()
        placed = 0
        while orders is None or placed < orders:
            number = self._patiently(lambda: int(self.shop.stats()["orders"])) + 1
            pause = self._gap(number, opening=orders is not None or placed < OPENING)
            order, *after = scenario.acts(self.seed, number, self._scenario_time(), calm=self.pace.calm)
            self._do(order)
            placed_at = self._clock()
            placed += 1
            self._rest_until(placed_at + timedelta(seconds=pause / 2))
            for act in after:
                self._do(act)
            if placed != orders:
                self._rest_until(placed_at + timedelta(seconds=pause))
        return placed

    def _rest_until(self, at: datetime) -> None:
        self._sleep(max(0.0, (at - self._clock()).total_seconds()))

    def _gap(self, number: int, *, opening: bool) -> float:
        if opening:
            return self.pace.shortest
        wanted = scenario.gap(self.seed, number, self._scenario_time())
        return max(self.pace.shortest, wanted / self.pace.speed)

    def _find_the_day(self) -> None:
        """Take up the shop's day where it is; also after a restart no two orders come closer than the gap."""
        stats = self._patiently(self.shop.stats)
        first, last = (
            datetime.fromisoformat(at) if at else None for at in (stats["first_order_at"], stats["last_order_at"])
        )
        self._shift = scenario.shift(first or self._clock())
        if last is not None:
            wait = timedelta(seconds=self.pace.shortest + 1)  # the shop tells whole seconds
            self._rest_until(min(last, self._clock()) + wait)

    def _scenario_time(self) -> datetime:
        passed = (self._clock() - self._started).total_seconds()
        return self._started + self._shift + timedelta(seconds=passed * self.pace.speed)

    def _patiently(self, act: Callable[[], Any]) -> Any:
        """Wait for a shop that is being restarted; the act is then done anew."""
        waited = 0.0
        while True:
            try:
                return act()
            except OSError as error:
                if not waited:
                    self._say(f"the shop at {self.shop.url} does not answer ({error}); waiting for it")
                if self.pace.patience is not None and waited >= self.pace.patience:
                    raise ShopAway(f"the shop at {self.shop.url} did not answer for {waited:.0f} s") from error
            self._sleep(AWAY_PAUSE)
            waited += AWAY_PAUSE

    def _do(self, act: Act) -> None:
        done = self._patiently(lambda: self._first_willing(act))
        if done:
            self._say(f"{done}: {act.why}" if act.why else done)

    def _first_willing(self, act: Act) -> str:
        """To that order, or to one shortly before it where it was cancelled, given back or not paid yet."""
        refusal: CallRefused | None = None
        for order in range(act.order, max(0, act.order - _LOOK_BACK), -1):
            try:
                return self._acts[act.kind](replace(act, order=order))
            except CallRefused as error:
                if act.kind not in _TO_EARLIER or error.status != 409:
                    raise
                refusal = error
        return f"no {act.kind} of #{1000 + act.order}: {refusal}"

    def _create(self, act: Act) -> str:
        order = self.shop.create(**act.options)
        return f"{order['name']} {order['total']} {_where(order)}"

    def _edit(self, act: Act) -> str:
        options = dict(act.options)
        more = options.pop("more", 0)
        if more:
            line = self.shop.order(1000 + act.order)["line_items"][0]
            options |= {"line": 0, "quantity": line["current_quantity"] + more}
        order = self.shop.edit(1000 + act.order, **options)
        return f"{order['name']} edited, now {order['current_total']}"

    def _refund(self, act: Act) -> str:
        order = self.shop.refund(1000 + act.order, **act.options)
        return f"{order['name']} refunded, {order['current_total']} of {order['total']} left"

    def _cancel(self, act: Act) -> str:
        return f"{self.shop.cancel(1000 + act.order, **act.options)['name']} cancelled"

    def _take_erp_away(self, act: Act) -> str:
        if not self.outage:
            return ""
        try:
            call(self.outage, "POST", "/outage", act.options)
        except OSError as error:
            return f"no outage: the switch at {self.outage} does not answer ({error})"
        return f"nobody reaches the ERP for {act.options['seconds']:.0f} s"


def _where(order: Document) -> str:
    return "from the storefront" if order["source"] == "web" else f"in {BY_ID[order['location_id']].name}"
