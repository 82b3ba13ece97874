"""Play the retail day against the sandbox shop."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError, CommandParser

from connectors.sandbox.driver import Driver, Pace, ShopAway
from connectors.sandbox.scenario import SHORTEST_GAP
from connectors.sandbox.shopify.client import ShopControl
from console.embedded.paths import data_folder
from console.embedded.runtime import load_runtime


class Command(BaseCommand):
    help = "Drive the demo: sixty stores and a storefront sell, change, return, and meet what a NOC meets."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seed", type=int, default=7, help="the same seed plays the same day (default: 7)")
        parser.add_argument("--once", type=int, metavar="ORDERS", help="place that many orders, then stop")
        parser.add_argument("--speed", type=float, default=1.0, help="run the day's shape that much faster")
        parser.add_argument("--gap", type=float, default=SHORTEST_GAP, help="least seconds between two orders")
        parser.add_argument("--calm", action="store_true", help="orders only: no failures, no changes")
        parser.add_argument("--shop", help="the sandbox shop's address (default: the running system's)")
        parser.add_argument("--outage", help="the outage proxy's control address (default: the running system's)")
        parser.add_argument("--data", help="the data folder (default: $SIGNALBOX_DATA, else data/)")

    def handle(self, *args: object, **options: object) -> None:
        sandbox = load_runtime(data_folder(options["data"])).sandbox
        shop = options["shop"] or sandbox.get("shopify")
        if not shop:
            raise CommandError("No sandbox shop is running here. Start one with `manage.py up --demo`, or give --shop.")
        if options["speed"] <= 0 or options["gap"] < 0:
            raise CommandError("--speed must be above 0 and --gap not below it.", returncode=2)
        pace = Pace(
            speed=options["speed"],
            shortest=options["gap"],
            calm=options["calm"],
            patience=60.0 if options["once"] is not None else None,
        )
        outage = options["outage"] or sandbox.get("erp_outage", "")
        driver = Driver(ShopControl(shop), seed=options["seed"], pace=pace, outage=outage, say=self._say)
        try:
            driver.run(options["once"])
        except ShopAway as error:
            raise CommandError(f"{error}.") from error
        except KeyboardInterrupt:
            return

    def _say(self, sentence: str) -> None:
        self.stdout.write(sentence)
        self.stdout.flush()
