"""What healthy means here: the token works, its scopes suffice, the shop sends us what we declare."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.library.shopify import client
from connectors.library.shopify.manifest import manifest
from connectors.sdk.connector import Call
from connectors.sdk.probes import Check


async def probe(call: Call) -> Sequence[Check]:
    """Raises ConnectorError when the shop cannot be asked at all; "not reachable" is not "not healthy"."""
    found = await client.health(call)
    return (_credential(found), _scopes(found), _subscriptions(found))


def _credential(found: client.Health) -> Check:
    return Check("credential", True, f"{found.shop} ({found.domain}, {found.currency}) answers.")


def _scopes(found: client.Health) -> Check:
    missing = tuple(scope for scope in manifest.scopes if scope not in found.scopes)
    if missing:
        return Check("scopes", False, f"The app lacks the scopes {', '.join(missing)}.", missing)
    return Check("scopes", True, "The app has every scope it needs.")


def _subscriptions(found: client.Health) -> Check:
    """GraphQL lists what the app subscribed itself; what its configuration file subscribes is not shown there."""
    missing = tuple(topic for topic in manifest.topics if topic not in found.topics)
    if not missing:
        return Check("webhooks", True, "The shop sends every event we read.")
    sentence = f"No subscription by API for {', '.join(missing)}; the app's own configuration may hold them."
    return Check("webhooks", None, sentence, missing)
