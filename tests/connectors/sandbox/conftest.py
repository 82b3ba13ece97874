"""A receiver of webhooks, a shop in this process, and a shop as a process of its own."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from connectors.sandbox.shopify.client import ShopControl
from connectors.sandbox.shopify.server import application, open_shop
from connectors.sandbox.shopify.settings import Config, Retry
from connectors.sandbox.shopify.shop import Shop
from tests.paths import ROOT

QUICK = Config(retry=Retry(first=0.01, cap=0.05))


@dataclass(frozen=True)
class Received:
    headers: dict[str, str]
    body: bytes

    @property
    def topic(self) -> str:
        return self.headers["X-Shopify-Topic"]

    @property
    def webhook_id(self) -> str:
        return self.headers["X-Shopify-Webhook-Id"]

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass
class Receiver:
    """Answers with the scripted statuses first, then 202."""

    script: list[int] = field(default_factory=list)
    arrived: asyncio.Queue[Received] = field(default_factory=asyncio.Queue)
    server: TestServer | None = None

    async def handle(self, request: web.Request) -> web.Response:
        await self.arrived.put(Received(dict(request.headers), await request.read()))
        return web.Response(status=self.script.pop(0) if self.script else 202)

    async def start(self, port: int = 0) -> None:
        app = web.Application()
        app.router.add_post("/{tail:.*}", self.handle)
        self.server = TestServer(app, port=port)
        await self.server.start_server()

    @property
    def address(self) -> str:
        assert self.server is not None
        return f"http://northgate.localhost:{self.server.port}/in/token"

    async def next(self, count: int = 1) -> list[Received]:
        return [await asyncio.wait_for(self.arrived.get(), 10) for _ in range(count)]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    found = Receiver()
    await found.start()
    yield found
    assert found.server is not None
    await found.server.close()


@dataclass
class ShopServer:
    """A shop on this test's own loop: act on `shop`, ask over `client`."""

    shop: Shop
    client: TestClient
    folder: Path

    async def api(self, path: str, *, version: str = "2026-10", token: str = "", **query: str) -> tuple[Any, Any]:
        headers = {"X-Shopify-Access-Token": token or self.shop.app.token}
        async with self.client.get(f"/admin/api/{version}/{path}", headers=headers, params=query) as response:
            return response, await response.json()

    async def graphql(self, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        headers = {"X-Shopify-Access-Token": self.shop.app.token}
        body = {"query": query, "variables": variables or {}}
        async with self.client.post("/admin/api/2026-10/graphql.json", headers=headers, json=body) as response:
            assert response.status == 200
            return await response.json()


@pytest.fixture
async def start_shop(tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    clients: list[TestClient] = []

    async def start(config: Config = QUICK, name: str = "shop") -> ShopServer:
        shop = open_shop(tmp_path / name, config)
        client = TestClient(TestServer(application(shop)))
        await client.start_server()
        clients.append(client)
        return ShopServer(shop, client, tmp_path / name)

    yield start
    for client in clients:
        await client.close()


@pytest.fixture
async def shop_server(start_shop: Callable[..., Any]) -> ShopServer:
    return await start_shop()


class ShopProcess:
    """`python -m connectors.sandbox.shopify` on a folder; may be killed and started again on the same one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> ShopControl:
        command = [sys.executable, "-m", "connectors.sandbox.shopify", "--port", "0", "--retry-first", "0.05"]
        self.process = subprocess.Popen(
            [*command, "--data", str(self.folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        ready = self.process.stdout.readline()
        assert " ready at " in ready, ready
        return ShopControl(ready.split()[-1])

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(10)


@pytest.fixture
def shop_process(tmp_path: Path) -> Iterator[ShopProcess]:
    found = ShopProcess(tmp_path / "process")
    yield found
    if found.process is not None and found.process.poll() is None:
        found.end(signal.SIGKILL)
