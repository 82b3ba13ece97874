"""Connectors to the fake ERP, one an idempotency class: the same order, four ways in which a target treats it.

Every call carries `X-Delivery`, the delivery's idempotency key, so that the ERP's journal can be laid beside our
ledger call by call. Only class 1 lets the ERP act on it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import msgspec

from connectors.sdk.connector import Call, Connector, Delivered, Operation
from connectors.sdk.errors import Unavailable
from governance.catalogue.manifest import Capability, Field, Idempotency, Manifest, OperationSpec, RateLimit
from tests.support.answers import document_in, insist_on_an_answer, judge

SUCCESS = "a document id, and our reference echoed"


async def post_with_key(call: Call, order: Any) -> Delivered:
    """Class 1: each version is a posting; the ERP knows the key again."""
    return await _change(call, "post", "POST", "postings", order, key=str(call.idempotency_key))


async def put_by_id(call: Call, order: Any) -> Delivered:
    """Class 2: our own id names the document."""
    return await _change(call, "put", "PUT", f"orders/{order.id}", order)


async def search_then_write(call: Call, order: Any) -> Delivered:
    """Class 3: ask by our reference, then create or amend."""
    known = await _search(call)
    if known is None:
        return await _change(call, "create", "POST", "orders", order)
    if known["version"] >= order.source_version:
        return Delivered(known["document"], "order", effect="already")
    return await _change(call, "amend", "PUT", f"orders/{known['document']}", order)


async def post(call: Call, order: Any) -> Delivered:
    """Class 4: whatever is sent is done, as often as it is sent."""
    return await _change(call, "post", "POST", "postings", order)


async def _change(call: Call, step: str, method: str, path: str, order: Any, *, key: str = "") -> Delivered:
    headers = _headers(call) | ({"Idempotency-Key": key} if key else {})
    url = f"{call.config['url']}/{path}"
    answer = await call.request(step, method, url, headers=headers, body=_body(call, order), changes=True, version="1")
    return judge(call, answer)


async def _search(call: Call) -> dict[str, Any] | None:
    """The document with our reference. An answer that cannot be read is no answer: "not there" must be said."""
    url = f"{call.config['url']}/orders?reference={quote(call.reference, safe='')}"
    answer = await call.request("search", "GET", url, headers=_headers(call), version="1")
    insist_on_an_answer(answer)
    told = document_in(answer)
    if told is None or told.get("reference") != call.reference or "found" not in told:
        raise Unavailable("The ERP's answer to our search cannot be read.")
    return told["found"]


def _headers(call: Call) -> dict[str, str]:
    return {"Content-Type": "application/json", "X-Delivery": str(call.idempotency_key)}


def _body(call: Call, order: Any) -> bytes:
    lines = [{"sku": line.sku, "title": line.title, "quantity": str(line.quantity)} for line in order.lines]
    told = {"reference": call.reference, "version": order.source_version, "total": str(order.total), "lines": lines}
    return msgspec.json.encode(told)


def _connector(key: str, idempotency: Idempotency, operation: Callable[[Call, Any], Any]) -> Connector:
    manifest = Manifest(
        key=key,
        label=f"Fake ERP, class {idempotency.value}",
        owner="tests",
        capabilities=frozenset({Capability.WRITES}),
        fields=(Field("url", "Address"),),
        api_versions=(),
        rate_limit=RateLimit(burst=200, per_second=2000, concurrency=32),
        operations=(OperationSpec("order.upsert", "order", idempotency, money=True, success=SUCCESS),),
    )
    operations: dict[str, Operation] = {"order.upsert": operation}
    return Connector(manifest=manifest, operations=operations)


native_key = _connector("chaos_key", Idempotency.NATIVE_KEY, post_with_key)
upsert_by_id = _connector("chaos_upsert", Idempotency.UPSERT_BY_ID, put_by_id)
search_first = _connector("chaos_search", Idempotency.SEARCH_FIRST, search_then_write)
none = _connector("chaos_none", Idempotency.NONE, post)
