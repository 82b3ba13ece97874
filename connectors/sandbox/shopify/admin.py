"""The Admin API's front: faults, token, version, throttle; then GraphQL or REST."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections import Counter
from typing import Any
from uuid import uuid4

import orjson
from aiohttp import web

from connectors.sandbox.outage_proxy import reset
from connectors.sandbox.shopify import rest
from connectors.sandbox.shopify.faults import API_KINDS, Fault
from connectors.sandbox.shopify.graphql.execute import execute
from connectors.sandbox.shopify.graphql.fields import Context
from connectors.sandbox.shopify.reads import Reads
from connectors.sandbox.shopify.settings import SCOPES
from connectors.sandbox.shopify.shop import Shop
from connectors.sandbox.shopify.throttle import PLANS, LeakyBucket
from connectors.sandbox.shopify.versions import SUPPORTED, Served, UnknownVersion, served

_UNAUTHORISED = {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}
_THROTTLED = {
    "errors": "Exceeded 2 calls per second for api client. Reduce request rates to resume uninterrupted service."
}


class Admin:
    """`scopes` and `supported` may be changed while it runs: a scope withdrawn, a quarter gone by."""

    def __init__(self, shop: Shop) -> None:
        plan = PLANS[shop.config.plan]
        self.shop, self.reads = shop, Reads(shop)
        self.scopes: frozenset[str] = frozenset(SCOPES)
        self.supported: tuple[str, ...] = SUPPORTED
        self.calls: Counter[str] = Counter()
        self._rest = LeakyBucket(plan.rest_size, plan.rest_per_second)
        self._points = LeakyBucket(plan.points, plan.points_per_second)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.route("*", "/admin/api/{version}/{path:.+}", self.handle),
            web.get("/admin/oauth/access_scopes.json", self.handle_scopes),
        ]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        fault = self.shop.faults.take(*API_KINDS, path=request.path)
        if fault and fault.kind == "slow":
            await asyncio.sleep(fault.delay)
        elif fault and fault.kind == "reset":
            return _cut(request)
        try:
            version = served(request.match_info["version"], self.supported)
        except UnknownVersion:
            return _json(404, {"errors": "Not Found"})
        response = await self._answer(request, version, fault)
        self.calls[f"{request.method} {version.version} {request.match_info['path']} {response.status}"] += 1
        return self._stamped(response, version, request.match_info["path"])

    async def handle_scopes(self, request: web.Request) -> web.Response:
        if not self._known(request):
            return _json(401, _UNAUTHORISED)
        return _json(200, {"access_scopes": [{"handle": scope} for scope in sorted(self.scopes)]})

    async def _answer(self, request: web.Request, version: Served, fault: Fault | None) -> web.Response:
        if fault and fault.kind == "error":
            return _json(fault.status, {"errors": "Internal Server Error"})
        if not self._known(request) or (fault and fault.kind == "revoked"):
            return _json(401, _UNAUTHORISED)
        throttled = fault is not None and fault.kind == "throttled"
        answer = self._graphql if request.match_info["path"] == "graphql.json" else self._rest_call
        response = await answer(request, version, throttled)
        return _garbled(response) if fault and fault.kind == "garbage" else response

    def _known(self, request: web.Request) -> bool:
        given = request.headers.get("X-Shopify-Access-Token", "")
        return hmac.compare_digest(given.encode(), self.shop.app.token.encode())

    async def _graphql(self, request: web.Request, version: Served, throttled: bool) -> web.Response:
        body = await _document(request)
        if body is None:
            return _json(400, {"errors": "Bad Request"})
        bucket = self._points
        if throttled:
            bucket = LeakyBucket(self._points.size, self._points.per_second)
            bucket.take(bucket.size)
        return _json(200, execute(body, Context(self.reads, self.scopes, version.version, self.supported, bucket, [])))

    async def _rest_call(self, request: web.Request, version: Served, throttled: bool) -> web.Response:
        if throttled or not self._rest.take():
            wait = max(1.0, self._rest.seconds_until())
            return _json(429, _THROTTLED, {"Retry-After": f"{wait:.1f}"})
        address = f"{request.scheme}://{request.host}{request.path}"
        body = await _document(request) if request.can_read_body else {}
        call = rest.Call(
            request.method, request.match_info["path"], request.query, body or {}, address, version.version
        )
        try:
            reply = rest.answer(call, self.reads, self.scopes)
        except ValueError as error:
            reply = rest.Reply(400, {"errors": str(error)})
        limit = f"{max(1, int(self._rest.level))}/{int(self._rest.size)}"
        return _json(reply.status, reply.document, {**reply.headers, "X-Shopify-Shop-Api-Call-Limit": limit})

    def _stamped(self, response: web.Response, version: Served, path: str) -> web.Response:
        response.headers["X-Shopify-API-Version"] = version.version
        response.headers["X-Request-Id"] = str(uuid4())
        reason = rest.DEPRECATED.get(path)
        if version.fell_forward:
            reason = "https://shopify.dev/docs/api/usage/versioning"
        if reason:
            response.headers["X-Shopify-API-Deprecated-Reason"] = reason
        return response


def _json(status: int, document: Any, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(document), content_type="application/json", headers=headers)


async def _document(request: web.Request) -> dict[str, Any] | None:
    try:
        read = json.loads(await request.read())
    except ValueError:
        return None
    return read if isinstance(read, dict) else None


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        reset(request.transport)
    return web.Response(status=500)


def _garbled(response: web.Response) -> web.Response:
    body = response.body if isinstance(response.body, bytes) else b""
    return web.Response(status=200, body=body[: len(body) // 2], content_type="application/json")
