"""What healthy means here: the login is taken, the table is there with its columns, and we may only read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from connectors.library.sqltable import client
from connectors.sdk.connector import Call
from connectors.sdk.polling import TableCall
from connectors.sdk.probes import Check


async def probe(call: Call) -> Sequence[Check]:
    """Raises ConnectorError when the database cannot be asked, or has no such table or column."""
    found = await client.layout(cast("TableCall", call))
    return (
        Check("table", True, f"The table is there, with {len(found.columns)} of the columns we know."),
        Check("read_only", not found.writable, _rights(writable=found.writable)),
    )


def _rights(*, writable: bool) -> str:
    if writable:
        return "The login may change the table. We never do; give it SELECT only."
    return "The login may only read the table."
