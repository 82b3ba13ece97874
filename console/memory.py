"""Python's cycle collector, told what a server knows: what is loaded at start stays, and messages make few cycles.

Left alone it walked all of Django and the connectors again and again: an eighth of a worker's CPU (decision 0008).
"""

from __future__ import annotations

import gc

# New objects before a look at the youngest; 50 of those before the middle, 100 of these before all of them.
THRESHOLDS = (20_000, 50, 100)


def settle() -> None:
    """Once, when everything is loaded and before the first message."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
