"""Where the bench's webhooks go. Known beforehand, so that a file can name the addresses: its own, on loopback."""

from __future__ import annotations

SCHEMA = "p_benchmark"
SIGNING = "bench-signing-secret"
NEIGHBOURS = tuple(f"neighbour-{number:02d}" for number in range(1, 20))
ADDRESSES = {"shop-a": "a" * 32, "shop-b": "b" * 32} | {name: f"{name[-2:]:n>32}" for name in NEIGHBOURS}
HOST = "localhost"


def path_of(shop: str) -> str:
    return f"/in/{SCHEMA.removeprefix('p_')}-{ADDRESSES[shop]}"
