"""Waiting for something that happens in another process, without guessing how long it takes."""

from __future__ import annotations

import time
from collections.abc import Callable

LIMIT_SECONDS = 20.0
POLL_SECONDS = 0.02


def eventually(
    condition: Callable[[], object], *, within_seconds: float = LIMIT_SECONDS, every_seconds: float = POLL_SECONDS
) -> None:
    """Return as soon as the condition holds; fail when it never does."""
    deadline = time.monotonic() + within_seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {within_seconds} s"
        time.sleep(every_seconds)
