"""The hidden hand: what a demo or a test does to the shop, under /_control/, from this machine only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TypeVar

import msgspec
import orjson
from aiohttp import web

from connectors.sandbox.shopify.admin import Admin
from connectors.sandbox.shopify.changes import Refused
from connectors.sandbox.shopify.faults import Fault
from connectors.sandbox.shopify.generator import UnknownSku
from connectors.sandbox.shopify.options import (
    CancelOptions,
    CreateOptions,
    EditOptions,
    RawOptions,
    RefundOptions,
    SubscriptionOptions,
)
from connectors.sandbox.shopify.render.order import order as order_document
from connectors.sandbox.shopify.shop import NoSuchOrder, Shop

_LOOPBACK = ("127.0.0.1", "::1")
_HOSTS = (*_LOOPBACK, "localhost", "[::1]")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
T = TypeVar("T")


class Scopes(msgspec.Struct, forbid_unknown_fields=True):
    scopes: tuple[str, ...]


class Versions(msgspec.Struct, forbid_unknown_fields=True):
    supported: tuple[str, ...]


@web.middleware
async def local_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The Host is checked too, so that no page in somebody's browser can reach it through a name of its own."""
    host = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
    if request.path.startswith("/_control/") and (request.remote not in _LOOPBACK or host not in _HOSTS):
        return web.Response(status=404)
    return await handler(request)


@web.middleware
async def refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What the shop would not do, as 404, 409 or 400 with its sentence."""
    try:
        return await handler(request)
    except NoSuchOrder as error:
        return _json({"error": str(error)}, 404)
    except Refused as error:
        return _json({"error": str(error)}, 409)
    except (msgspec.ValidationError, msgspec.DecodeError, UnknownSku) as error:
        return _json({"error": str(error)}, 400)


class Control:
    def __init__(self, shop: Shop, admin: Admin) -> None:
        self.shop, self.admin = shop, admin

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/_control/orders", self.create),
            web.get("/_control/orders/{id:\\d+}", self.read),
            web.post("/_control/orders/{id:\\d+}/edit", self.edit),
            web.post("/_control/orders/{id:\\d+}/refund", self.refund),
            web.post("/_control/orders/{id:\\d+}/cancel", self.cancel),
            web.post("/_control/send", self.send),
            web.post("/_control/webhooks/{id}/again", self.again),
            web.post("/_control/hurry", self.hurry),
            web.get("/_control/faults", self.faults),
            web.post("/_control/faults", self.add_fault),
            web.delete("/_control/faults", self.clear_faults),
            web.get("/_control/subscriptions", self.subscriptions),
            web.post("/_control/subscriptions", self.subscribe),
            web.delete("/_control/subscriptions/{id:\\d+}", self.unsubscribe),
            web.post("/_control/scopes", self.scopes),
            web.post("/_control/versions", self.versions),
            web.get("/_control/stats", self.stats),
        ]

    async def create(self, request: web.Request) -> web.Response:
        return _json(self.shop.create(await _read(request, CreateOptions)), 201)

    async def read(self, request: web.Request) -> web.Response:
        return _json(order_document(self.shop.sale(_id(request)), self.shop.app.shop))

    async def edit(self, request: web.Request) -> web.Response:
        return _json(self.shop.edit(self._order(request), await _read(request, EditOptions)))

    async def refund(self, request: web.Request) -> web.Response:
        return _json(self.shop.refund(self._order(request), await _read(request, RefundOptions)))

    async def cancel(self, request: web.Request) -> web.Response:
        return _json(self.shop.cancel(self._order(request), await _read(request, CancelOptions)))

    async def send(self, request: web.Request) -> web.Response:
        return _json(self.shop.send_raw(await _read(request, RawOptions)), 202)

    async def again(self, request: web.Request) -> web.Response:
        copies = self.shop.send_again(request.match_info["id"])
        return _json({"copies": copies}, 202 if copies else 404)

    async def hurry(self, _request: web.Request) -> web.Response:
        with self.shop.store.change():
            self.shop.outbox.hurry()
        self.shop.wake()
        return _json({"outbox": self.shop.outbox.count()})

    async def faults(self, _request: web.Request) -> web.Response:
        return _json({"faults": msgspec.to_builtins(self.shop.faults.active())})

    async def add_fault(self, request: web.Request) -> web.Response:
        return _json(msgspec.to_builtins(self.shop.set_fault(await _read(request, Fault))), 201)

    async def clear_faults(self, request: web.Request) -> web.Response:
        self.shop.clear_faults(request.query.get("kind"))
        return await self.faults(request)

    async def subscriptions(self, _request: web.Request) -> web.Response:
        return _json({"subscriptions": [asdict(each) for each in self.shop.outbox.subscriptions()]})

    async def subscribe(self, request: web.Request) -> web.Response:
        made = self.shop.subscribe(await _read(request, SubscriptionOptions))
        return _json({"subscriptions": [asdict(each) for each in made]}, 201)

    async def unsubscribe(self, request: web.Request) -> web.Response:
        gone = self.shop.unsubscribe(_id(request))
        return _json({"gone": gone}, 200 if gone else 404)

    async def scopes(self, request: web.Request) -> web.Response:
        self.admin.scopes = frozenset((await _read(request, Scopes)).scopes)
        return _json({"scopes": sorted(self.admin.scopes)})

    async def versions(self, request: web.Request) -> web.Response:
        self.admin.supported = tuple(sorted((await _read(request, Versions)).supported))
        return _json({"supported": self.admin.supported})

    async def stats(self, _request: web.Request) -> web.Response:
        first, last = self.shop.store.first_and_last_order_at()
        return _json(
            {
                "shop": self.shop.app.shop,
                "seed": self.shop.config.seed,
                "orders": self.shop.store.next_number() - 1,
                "first_order_at": first,
                "last_order_at": last,
                "outbox": self.shop.outbox.count(),
                "subscriptions": len(self.shop.outbox.subscriptions()),
                "faults": msgspec.to_builtins(self.shop.faults.active()),
                "calls": dict(self.admin.calls),
            }
        )

    def _order(self, request: web.Request) -> int:
        return self.shop.sale(_id(request)).id


def _id(request: web.Request) -> int:
    return int(request.match_info["id"])


async def _read(request: web.Request, kind: type[T]) -> T:
    return msgspec.json.decode(await request.read() or b"{}", type=kind)


def _json(document: object, status: int = 200) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(document), content_type="application/json")
