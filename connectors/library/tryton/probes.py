"""What healthy means here: the key works, the series is the one we speak, and what every sale needs is there."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.library.tryton import codes, lookups
from connectors.library.tryton.client import VERSION, Client
from connectors.library.tryton.memory import Company
from connectors.library.tryton.records import SALE
from connectors.sdk.connector import Call
from connectors.sdk.errors import Misconfigured
from connectors.sdk.probes import Check


async def probe(call: Call) -> Sequence[Check]:
    """Raises ConnectorError when Tryton cannot be asked at all; "not reachable" is not "not healthy"."""
    client = Client(call)
    series = await client.server_version()
    books = await lookups.company(client)
    return (
        _credential(books),
        _version(series),
        await _rights(client),
        await _party(client),
        await _products(client),
    )


def _credential(books: Company) -> Check:
    return Check("credential", True, f"The application key works for {books.name}.")


def _version(series: str) -> Check:
    if series == VERSION:
        return Check("version", True, f"Tryton {series} answers.")
    return Check("version", False, f"Tryton {series} answers; this connector speaks {VERSION}.", (VERSION,))


async def _rights(client: Client) -> Check:
    """The two groups of Tryton's that the steps of a sale need, each by a button only its members may press."""
    missing = []
    for button, group in (("quote", "Sales"), ("process", "Sales Administrator")):
        if not await client.may_press(f"may {button}", SALE, button):
            missing.append(group)
    if missing:
        return Check("rights", False, f"The key's user lacks the group {' and '.join(missing)}.", tuple(missing))
    return Check("rights", True, "The key's user may sell and process sales.")


async def _party(client: Client) -> Check:
    code = client.call.config.get("default_party") or lookups.DEFAULT_PARTY
    try:
        await lookups.default_party(client)
    except Misconfigured as error:
        return Check("default party", False, error.operator_message, (code,))
    return Check("default party", True, f"Sales of tills go to the party {code}.")


async def _products(client: Client) -> Check:
    domain = [["code", "in", sorted(codes.SERVICES)]]
    found = {row["code"] for row in await client.search("find services", "product.product", domain, ["code"])}
    missing = tuple(code for code in codes.SERVICES if code not in found)
    if missing:
        meaning = "; ".join(f"{code} for {codes.SERVICES[code]}" for code in missing)
        return Check("service products", False, f"Tryton lacks the products {meaning}.", missing)
    return Check("service products", True, "Every service product a sale may need is there.")
