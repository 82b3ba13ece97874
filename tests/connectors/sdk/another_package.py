"""Stands for a connector that somebody else's package offers by entry point."""

from datetime import date

from connectors.sdk.connector import Connector
from governance.catalogue.manifest import ApiVersion, Manifest, RateLimit, VendorPage

connector = Connector(
    manifest=Manifest(
        key="woollens",
        label="Woollens",
        owner="Somebody",
        capabilities=frozenset(),
        fields=(),
        api_versions=(ApiVersion("1"),),
        rate_limit=RateLimit(1, 1.0, 1),
        vendor_pages=(VendorPage("Home", "woollens.example", date(2026, 11, 23)),),
    )
)
