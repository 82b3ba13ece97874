"""The bench's target: takes canonical orders as JSON and is told our key, so that it may tell a repeat."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from connectors.sdk.connector import Call, Connector, Delivered
from connectors.sdk.errors import PayloadChanged, RequestRefused, Unavailable
from governance.catalogue.manifest import Capability, Field, Idempotency, Manifest, OperationSpec, RateLimit


def _document(call: Call, order: Any) -> bytes:
    """What the sink joins on, and the whole order beside it."""
    head = {"external_id": order.id, "reference": call.reference, "grand_total": str(order.total)}
    return msgspec.json.encode(head | {"order": order}, enc_hook=str)


async def upsert(call: Call, order: Any) -> Delivered:
    headers = {"Content-Type": "application/json", "Idempotency-Key": str(call.idempotency_key)}
    answer = await call.request(
        "send", "POST", call.config["url"], headers=headers, body=_document(call, order), changes=True, version="1"
    )
    if answer.status >= 500:
        raise Unavailable(f"The sink answered {answer.status}.")
    if answer.status != 200:
        raise RequestRefused(f"The sink answered {answer.status}.")
    return Delivered(_accepted(answer.body), "order")


def _accepted(body: bytes) -> str:
    try:
        return str(json.loads(body)["erp_id"])
    except (ValueError, KeyError, TypeError):
        raise PayloadChanged("The sink names no document.") from None


# What a credential may do is not what this measures: the limits are out of reach.
LIMITS = RateLimit(burst=100_000, per_second=100_000.0, concurrency=1000)
connector = Connector(
    manifest=Manifest(
        key="bench_sink",
        label="Bench sink",
        owner="tests",
        capabilities=frozenset({Capability.WRITES}),
        fields=(Field("url", "Address"),),
        api_versions=(),
        rate_limit=LIMITS,
        operations=(
            OperationSpec("order.upsert", "order", Idempotency.NATIVE_KEY, money=True, success="the sink's number"),
        ),
    ),
    operations={"order.upsert": upsert},
)
