"""The scenario played against a real stand-in shop, with a clock that costs nothing."""

from __future__ import annotations

import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.sandbox.driver import Driver, Pace, ShopAway
from connectors.sandbox.shopify import journal
from connectors.sandbox.shopify.client import ShopControl
from tests.connectors.sandbox.conftest import ShopProcess


class Clock:
    """Sleeping moves it; `begun` is not now, so that the shop's own stamps do not matter."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
        self.slept: list[float] = []

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


def driver(shop: ShopControl, clock: Clock, said: list[str], **pace: object) -> Driver:
    settings = Pace(patience=3.0, **pace)  # type: ignore[arg-type]
    return Driver(shop, seed=7, pace=settings, say=said.append, sleep=clock.sleep, clock=clock)


def flags(folder: Path) -> set[str]:
    return {flag for event in journal.events(folder) for flag in event.flags}


def test_sixty_orders_bring_everything_that_can_befall_them(shop_process: ShopProcess) -> None:
    shop, clock, said = shop_process.start(), Clock(), []
    assert driver(shop, clock, said).run(60) == 60
    topics = {event.topic for event in journal.events(shop_process.folder)}
    assert topics == {"orders/create", "orders/updated", "orders/cancelled", "refunds/create"}
    assert {"unknown_sku", "out_of_order"} <= flags(shop_process.folder)
    assert [sentence for sentence in said if sentence.startswith("no ")] == []


def test_two_orders_are_three_seconds_apart_also_over_a_restart_of_the_driver(shop_process: ShopProcess) -> None:
    shop, clock, at = shop_process.start(), Clock(), []

    class Noting(ShopControl):
        def create(self, **options: object) -> dict:
            at.append(clock.now)
            return super().create(**options)

        def stats(self) -> dict:
            last = at[-1].replace(microsecond=0).isoformat() if at else None
            return {**super().stats(), "last_order_at": last}

    driver(Noting(shop.url), clock, []).run(4)
    driver(Noting(shop.url), clock, []).run(4)
    gaps = [(later - earlier).total_seconds() for earlier, later in zip(at, at[1:], strict=False)]
    assert len(gaps) == 7
    assert min(gaps) >= 3


def test_a_restarted_driver_goes_on_with_the_shops_next_order(shop_process: ShopProcess) -> None:
    shop, clock = shop_process.start(), Clock()
    driver(shop, clock, [], calm=True).run(3)
    driver(shop, clock, [], calm=True).run(2)
    numbers = [event.raw["number"] for event in journal.events(shop_process.folder)]
    assert numbers == [1, 2, 3, 4, 5]


def test_the_same_seed_places_the_same_orders(shop_process: ShopProcess, tmp_path: Path) -> None:
    other = ShopProcess(tmp_path / "other")
    told = []
    for process in (shop_process, other):
        driver(process.start(), Clock(), []).run(25)
        process.end(signal.SIGTERM)
        told.append([(o.name, o.total, o.lines) for o in journal.expected_orders(process.folder).values()])
    assert told[0] == told[1]


def test_a_shop_that_stays_away_is_reported(shop_process: ShopProcess) -> None:
    shop, said = shop_process.start(), []
    shop_process.end(signal.SIGKILL)
    with pytest.raises(ShopAway, match="did not answer for"):
        driver(shop, Clock(), said).run(1)
    assert "does not answer" in said[0]


def test_a_missing_outage_switch_does_not_stop_the_day(shop_process: ShopProcess) -> None:
    shop, clock, said = shop_process.start(), Clock(), []
    player = Driver(
        shop, seed=7, pace=Pace(), outage="http://127.0.0.1:9", say=said.append, sleep=clock.sleep, clock=clock
    )
    assert player.run(21) == 21
    assert any(sentence.startswith("no outage") for sentence in said)
