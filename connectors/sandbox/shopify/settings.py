"""How a stand-in shop is run, and what an app installed in it is given."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import msgspec

DOMAIN = "harbour-pine.myshopify.com"
APP_FILE = "app.json"
SCOPES = ("read_orders", "read_all_orders", "read_products", "read_customers", "read_locations", "read_inventory")


class App(msgspec.Struct, frozen=True, kw_only=True):
    """The credentials of the one installed app: what a retailer would paste into a connection's form."""

    shop: str = DOMAIN
    token: str  # X-Shopify-Access-Token
    secret: str  # signs webhooks


@dataclass(frozen=True, slots=True)
class Retry:
    """Pauses between tries, doubling from `first` to `cap` seconds; `tries` after the first, None for ever."""

    first: float = 1.0
    cap: float = 30.0
    tries: int | None = None

    def pause(self, failures: int) -> float | None:
        """Seconds to wait after that many failures; None when it is given up."""
        if self.tries is not None and failures > self.tries:
            return None
        return min(self.cap, self.first * 2 ** min(failures - 1, 30))


# "8 times over 4 hours using an exponential backoff schedule", after which an API subscription is removed.
# Source: shopify.dev/changelog/updates-to-webhook-retry-mechanism (2024-09-10, read 2026-11-23).
VENDOR_RETRY = Retry(first=4 * 3600 / 255, cap=4 * 3600, tries=8)


@dataclass(frozen=True, slots=True)
class Config:
    seed: int = 7
    plan: str = "plus"  # standard or plus: the size of the buckets
    retry: Retry = Retry()
    concurrency: int = 8
    companions: bool = True  # a refund or cancellation also sends orders/updated, as the vendor does


def app_of(folder: Path, shop: str = DOMAIN) -> App:
    """The folder's app; made once, with random secrets, readable by its owner only."""
    file = folder / APP_FILE
    if file.exists():
        return msgspec.json.decode(file.read_bytes(), type=App)
    app = App(shop=shop, token=f"shpat_{secrets.token_hex(16)}", secret=secrets.token_hex(32))
    folder.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(msgspec.json.encode(app))
    return app
