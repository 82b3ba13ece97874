"""What healthy means here is seen by the engine, which looks at the drop all the time."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.sdk.connector import Call
from connectors.sdk.probes import Check


async def probe(call: Call) -> Sequence[Check]:
    """The engine's last look is on the connection's page of files; a drop is not asked by HTTP."""
    return (Check("drop", None, "The page of its files says when the drop was last looked at, and what was found."),)
