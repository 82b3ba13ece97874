"""A cast for a loaded past where a partner has none: the demo's retailer with its stores, a shop, an ERP and a flow.

The systems do not exist; their connections are marked as test ones and hold secrets that nobody knows.
"""

from __future__ import annotations

import secrets
from typing import Final

from connectors.library import connector
from connectors.sandbox.shopify.places import LOCATIONS
from console.demo.cast import NORTHGATE, Shopkeeper
from console.demo.people import ensure_stores
from console.demo.systems import ensure_flow
from governance.access.partners import StoreFacts, create_retailer
from governance.access.principal import Principal
from governance.registry.models import Flow, RetailConnection
from governance.registry.services import connect
from tenants.retailers.models import Retailer

REASON: Final = "manage.py load_history"


def ensure_cast(*, by: Principal) -> bool:
    """Something to tell of in the partner in scope; false if its own flows are there already."""
    if Flow.objects.exists():
        return False
    retailer = Retailer.objects.order_by("id").first() or _retailer(NORTHGATE.retailers[0], by=by)
    stores = [StoreFacts(str(place.id), place.name, place.timezone.key) for place in LOCATIONS]
    ensure_stores(retailer, stores, by=by)
    config = {"shop_domain": f"{retailer.key}.myshopify.com", "poll_every": "off"}
    shop = _system(retailer, "shopify", "Shopify", config, by=by)
    erp = _system(retailer, "tryton", "Tryton", {"url": "https://erp.example", "database": "erp"}, by=by)
    ensure_flow(retailer, shop, erp, by=by)
    return True


def _retailer(facts: Shopkeeper, *, by: Principal) -> Retailer:
    return create_retailer(key=facts.key, name=facts.name, timezone=facts.timezone, currency=facts.currency, by=by)


def _system(retailer: Retailer, key: str, label: str, config: dict[str, str], *, by: Principal) -> RetailConnection:
    known = RetailConnection.objects.filter(key=key).first()
    if known is not None:
        return known
    manifest = connector(key).manifest
    made_up = {field.name: secrets.token_urlsafe(24) for field in manifest.secret_fields()}
    return connect(
        retailer=retailer,
        manifest=manifest,
        key=key,
        label=label,
        config=config,
        secrets=made_up,
        by=by,
        reason=REASON,
        live=False,
    ).connection
