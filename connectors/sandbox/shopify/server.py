"""The stand-in as one process: Admin API, control API and the webhook sender on one port."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web

from connectors.sandbox.shopify.admin import Admin
from connectors.sandbox.shopify.control import Control, local_only, refusals
from connectors.sandbox.shopify.sender import Sender
from connectors.sandbox.shopify.settings import DOMAIN, Config, app_of
from connectors.sandbox.shopify.shop import Shop
from connectors.sandbox.shopify.store import Store

log = logging.getLogger(__name__)


def open_shop(folder: Path, config: Config, domain: str = DOMAIN) -> Shop:
    """The shop of that folder, as it was left. Raises FolderInUse."""
    app = app_of(folder, domain)
    return Shop(Store(folder), app, config)


def application(shop: Shop) -> web.Application:
    """To be run on a loop; sends what waits as long as it runs, closes the shop at the end."""
    admin = Admin(shop)
    app = web.Application(middlewares=[local_only, refusals], client_max_size=32 * 1024 * 1024)
    app.add_routes([*admin.routes(), *Control(shop, admin).routes(), web.get("/healthz", _alive)])

    async def sending(_app: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(Sender(shop).run())
        task.add_done_callback(_stop_if_failed)
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        shop.store.close()

    app.cleanup_ctx.append(sending)
    return app


async def _alive(_request: web.Request) -> web.Response:
    return web.Response(text="ok")


def _stop_if_failed(task: asyncio.Task[None]) -> None:
    """A shop that no longer sends must not look alive."""
    if not task.cancelled() and task.exception() is not None:
        log.critical("the webhook sender died", exc_info=task.exception())
        signal.raise_signal(signal.SIGTERM)
