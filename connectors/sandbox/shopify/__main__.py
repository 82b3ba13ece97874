"""Run a stand-in shop: `python -m connectors.sandbox.shopify --port 8101 --data data/sandbox/shopify`."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from aiohttp import web

from connectors.sandbox.shopify.server import application, open_shop
from connectors.sandbox.shopify.settings import DOMAIN, VENDOR_RETRY, Config, Retry
from connectors.sandbox.shopify.shop import Shop
from connectors.sandbox.shopify.store import FolderInUse
from connectors.sandbox.shopify.throttle import PLANS


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m connectors.sandbox.shopify", description=__doc__)
    parser.add_argument("--port", type=int, default=8101, help="0 takes a free one and prints it")
    parser.add_argument(
        "--data", type=Path, required=True, help="folder of this shop: orders, queue, journal, app.json"
    )
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--shop", default=DOMAIN, help="the shop's domain, when the folder is new")
    parser.add_argument("--plan", choices=sorted(PLANS), default="plus", help="size of the throttling buckets")
    parser.add_argument(
        "--retries", choices=("quick", "vendor"), default="quick", help="vendor: eight in four hours, then it gives up"
    )
    parser.add_argument("--retry-first", type=float, default=1.0, help="seconds before the first quick retry")
    return parser.parse_args(argv)


async def serve(shop: Shop, port: int) -> None:
    """Until SIGTERM or SIGINT."""
    runner = web.AppRunner(application(shop), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        await site.start()
        sys.stdout.write(f"sandbox shop {shop.app.shop} ready at http://127.0.0.1:{runner.addresses[0][1]}\n")
        sys.stdout.flush()
        await stop.wait()
    finally:
        await runner.cleanup()


def main() -> int:
    options = arguments()
    retry = VENDOR_RETRY if options.retries == "vendor" else Retry(first=options.retry_first)
    config = Config(seed=options.seed, plan=options.plan, retry=retry)
    try:
        asyncio.run(serve(open_shop(options.data, config, options.shop), options.port))
    except (FolderInUse, OSError) as error:
        sys.stderr.write(f"the sandbox shop cannot start: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
