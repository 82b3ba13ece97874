"""The bench's partner: a shop that nothing takes from (W1), one whose orders go to the sink (W2), and its neighbours.

python -m tests.bench.serve prepare       # on an empty database; prints nothing
python -m tests.bench.serve neighbours    # 19 retailers more, each with a shop and a target of its own
"""

from __future__ import annotations

from datetime import UTC, datetime
from unittest.mock import patch

from connectors.library import connector
from governance.access import partners
from governance.access.partners import create_partner, create_retailer
from governance.access.principal import command
from governance.access.tokens import digest
from governance.egress.services import allow_host
from governance.registry.models import RetailConnection
from governance.registry.services import connect, create_flow
from tenants.context import ALL, partner_scope
from tenants.retailers.models import Retailer
from tests.bench.addresses import ADDRESSES, HOST, NEIGHBOURS, SCHEMA, SIGNING

BY = command("bench")


def prepare(sink_url: str) -> None:
    with patch.object(partners, "new_schema_name", lambda: SCHEMA):
        create_partner(
            key="bench",
            name="Bench",
            host=HOST,
            owner_email="owner@bench.example",
            owner_name="",
            by=BY,
            at=datetime.now(UTC),
        )
    with partner_scope(SCHEMA, ALL):
        retailer = create_retailer(key="harbour-pine", name="Harbour & Pine", by=BY)
        allow_host(url=sink_url, note="the bench's sink", by=BY, reason="bench")
        _shop(retailer, "shop-a")
        _deliver(retailer, "shop-b", sink_url)


def prepare_neighbours(sink_url: str) -> None:
    with partner_scope(SCHEMA, ALL):
        for name in NEIGHBOURS:
            _deliver(create_retailer(key=name, name=name, by=BY), name, sink_url)


def _deliver(retailer: Retailer, shop: str, sink_url: str) -> None:
    """What comes from the shop goes to the sink."""
    sink = _connect(retailer, f"{shop}-sink", "bench_sink", {"url": sink_url}, {})
    _flow(retailer, _shop(retailer, shop), sink)


def _shop(retailer: Retailer, key: str) -> RetailConnection:
    secrets = {"webhook_secret": SIGNING, "access_token": "shpat_bench"}
    made = _connect(retailer, key, "shopify", {"shop_domain": f"{key}.myshopify.com"}, secrets)
    RetailConnection.objects.filter(pk=made.pk).update(intake_hash=digest(ADDRESSES[key]))
    return made


def _connect(
    retailer: Retailer, key: str, kind: str, config: dict[str, str], secrets: dict[str, str]
) -> RetailConnection:
    made = connect(
        retailer=retailer,
        manifest=connector(kind).manifest,
        key=key,
        label=key,
        config=config,
        secrets=secrets,
        by=BY,
        reason="bench",
    )
    return made.connection


def _flow(retailer: Retailer, shop: RetailConnection, sink: RetailConnection) -> None:
    create_flow(
        retailer=retailer,
        key=f"{shop.key}-orders",
        label="Orders to the sink",
        source=shop,
        target=sink,
        operations={"order": "order.upsert"},
        target_manifest=connector("bench_sink").manifest,
        by=BY,
        reason="bench",
    )
