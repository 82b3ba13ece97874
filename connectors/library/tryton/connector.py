"""The one object the engine sees."""

from __future__ import annotations

from connectors.library.tryton import orders, reads, refunds
from connectors.library.tryton.manifest import manifest
from connectors.library.tryton.probes import probe
from connectors.sdk.connector import Connector

connector = Connector(
    manifest=manifest,
    operations={"order.upsert": orders.upsert, "refund.create": refunds.create, "sale.read": reads.sale},
    probe=probe,
)
