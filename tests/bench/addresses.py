"""Where the bench's webhooks go. Known beforehand, so that a file can name the addresses: its own, on loopback."""

from __future__ import annotations

SCHEMA = "p_benchmark"
SIGNING = "bench-signing-secret"
ADDRESSES = {"shop-a": "a" * 32, "shop-b": "b" * 32}
HOST = "localhost"


def path_of(shop: str) -> str:
    return f"/in/{SCHEMA.removeprefix('p_')}-{ADDRESSES[shop]}"
