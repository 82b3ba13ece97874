"""How a stand-in shop is run, and what an app installed in it is given."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
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
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _write_once(file, App(shop=shop, token=f"shpat_{secrets.token_hex(16)}", secret=secrets.token_hex(32)))
    return msgspec.json.decode(file.read_bytes(), type=App)


def _write_once(file: Path, app: App) -> None:
    """Whole or not at all; of two processes that try at once the first one's stays."""
    descriptor, draft = tempfile.mkstemp(dir=file.parent, prefix=".app-")
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(msgspec.json.encode(app))
    with contextlib.suppress(FileExistsError):
        os.link(draft, file)
    Path(draft).unlink()
