"""The one object the engine sees."""

from __future__ import annotations

from connectors.library.shopify.manifest import manifest
from connectors.library.shopify.polls import ShopifyPolls
from connectors.library.shopify.probes import probe
from connectors.library.shopify.reader import ShopifyReader
from connectors.library.shopify.webhooks import ShopifyWebhooks
from connectors.sdk.connector import Connector

connector = Connector(
    manifest=manifest, webhooks=ShopifyWebhooks(), reader=ShopifyReader(), probe=probe, polls=ShopifyPolls()
)
