"""Events as the intake hands them to the store, without a request."""

from __future__ import annotations

from typing import Any

from connectors.engine.intake.address import Address
from connectors.engine.intake.arrival import Arrival, Source
from connectors.engine.intake.read import arrival_of
from connectors.library import connector
from tests.support.orders import body_of, signed


def arrival(source: Source, document: dict[str, Any], topic: str = "orders/create") -> Arrival:
    address = Address(source=source, connector=connector(source.connector), secrets=(), accepts=True)
    body = body_of(document)
    return arrival_of(address, signed(body, "", topic), body)
