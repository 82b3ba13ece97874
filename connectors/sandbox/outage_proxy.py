"""A plain TCP proxy that can be told to be away: `python -m connectors.sandbox.outage_proxy --port … --target …`.

It stands before an ERP so that a demo or a test can take that ERP away for a minute without touching it. While it is
away connections are refused, as when the server's machine is down, and those that were open are cut in the middle.
While nobody listens at the target itself, as when it is still being prepared, they are refused just so.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import socket
import struct
import sys
from typing import Literal
from urllib.parse import urlsplit

import msgspec
from aiohttp import web

HOST = "127.0.0.1"
FOLLOW_SECONDS = 0.25
Mode = Literal["up", "refuse", "hang"]


class Outage(msgspec.Struct, forbid_unknown_fields=True):
    """`refuse`: nobody listens. `hang`: connections are taken and never answered. Without seconds: until restored."""

    mode: Literal["refuse", "hang"] = "refuse"
    seconds: float | None = 60.0


class OutageProxy:
    """Forwards `port` to the target while it is up. The port stays ours while connections to it are refused."""

    def __init__(self, target_host: str, target_port: int, *, port: int = 0) -> None:
        self._target = (target_host, target_port)
        self._place = _reserve(port)
        self.port: int = self._place.getsockname()[1]
        self.mode: Mode = "up"
        self.connections = self.outages = 0
        self._server: asyncio.Server | None = None
        self._following: asyncio.Task[None] | None = None
        self._end: asyncio.TimerHandle | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        if await self._target_listens():
            await self._listen()
        self._following = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        self._cancel_end()
        if self._following:
            self._following.cancel()
        await self._stop_listening()
        self._cut()
        self._place.close()

    async def go_away(self, outage: Outage) -> None:
        """From now on; a second outage replaces the first."""
        self._cancel_end()
        self.mode, self.outages = outage.mode, self.outages + 1
        if outage.mode == "refuse":
            await self._stop_listening()
        else:
            await self._listen()
        self._cut()
        if outage.seconds is not None:
            loop = asyncio.get_running_loop()
            self._end = loop.call_later(outage.seconds, lambda: loop.create_task(self.come_back()))

    async def come_back(self) -> None:
        self._cancel_end()
        if self.mode == "up":
            return
        self._cut()  # what hung is told so now
        if await self._target_listens():
            await self._listen()
        self.mode = "up"

    def status(self) -> dict[str, object]:
        left = self._end.when() - asyncio.get_running_loop().time() if self._end else None
        return {
            "mode": self.mode,
            "seconds_left": None if left is None else round(max(0.0, left), 1),
            "port": self.port,
            "target": f"{self._target[0]}:{self._target[1]}",
            "connections": self.connections,
            "outages": self.outages,
        }

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        try:
            if self.mode == "hang":
                await reader.read()
            else:
                await self._forward(reader, writer)
        except OSError:
            reset(writer.transport)
        finally:
            self._open.discard(writer)
            writer.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            to_reader, to_writer = await asyncio.open_connection(*self._target)
        except OSError:
            reset(writer.transport)
            await self._stop_listening()
            return
        self._open.add(to_writer)
        try:
            await asyncio.gather(_pump(reader, to_writer), _pump(to_reader, writer))
        finally:
            self._open.discard(to_writer)
            to_writer.close()

    async def _follow(self) -> None:
        """Listen again when the target does. It is asked only while nobody listens here."""
        while True:
            await asyncio.sleep(FOLLOW_SECONDS)
            if self._is_out_of_step and await self._target_listens() and self._is_out_of_step:
                await self._listen()

    @property
    def _is_out_of_step(self) -> bool:
        return self.mode == "up" and self._server is None

    async def _target_listens(self) -> bool:
        try:
            _, writer = await asyncio.open_connection(*self._target)
        except OSError:
            return False
        writer.close()
        return True

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, HOST, self.port, reuse_port=True)

    async def _stop_listening(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()

    def _cut(self) -> None:
        for writer in tuple(self._open):
            reset(writer.transport)

    def _cancel_end(self) -> None:
        if self._end is not None:
            self._end.cancel()
            self._end = None


def _reserve(port: int) -> socket.socket:
    """Bound and never listening: the port stays ours, and connections to it are refused while nobody else listens."""
    place = socket.socket()
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    place.bind((HOST, port))
    return place


def reset(transport: asyncio.WriteTransport) -> None:
    """Cut with RST, so that the other side sees a broken connection and not an orderly end."""
    connection = transport.get_extra_info("socket")
    if connection is not None and not transport.is_closing():
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One direction, until its end; the end is passed on."""
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


def control(proxy: OutageProxy) -> web.Application:
    """GET /status, POST /outage {"seconds": 60}, DELETE /outage, GET /healthz."""

    async def status(_request: web.Request) -> web.Response:
        return web.json_response(proxy.status())

    async def go(request: web.Request) -> web.Response:
        try:
            outage = msgspec.json.decode(await request.read() or b"{}", type=Outage)
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            return web.json_response({"error": str(error)}, status=400)
        await proxy.go_away(outage)
        return web.json_response(proxy.status(), status=202)

    async def back(_request: web.Request) -> web.Response:
        await proxy.come_back()
        return web.json_response(proxy.status())

    async def health(_request: web.Request) -> web.Response:
        return web.Response(text="ok")

    app = web.Application()
    app.router.add_get("/status", status)
    app.router.add_post("/outage", go)
    app.router.add_delete("/outage", back)
    app.router.add_get("/healthz", health)
    return app


async def run(proxy: OutageProxy, control_port: int) -> None:
    """Until SIGTERM or SIGINT."""
    await proxy.start()
    runner = web.AppRunner(control(proxy), access_log=None)
    await runner.setup()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        await web.TCPSite(runner, HOST, control_port).start()
        addresses = {"port": proxy.port, "control": f"http://{HOST}:{runner.addresses[0][1]}"}
        sys.stdout.write(f"outage proxy ready {json.dumps(addresses)}\n")
        sys.stdout.flush()
        await stop.wait()
    finally:
        await runner.cleanup()
        await proxy.stop()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m connectors.sandbox.outage_proxy", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="where clients connect; 0 takes a free one and prints it")
    parser.add_argument("--control", type=int, default=0, help="port of the control API; 0 takes a free one")
    parser.add_argument("--target", required=True, help="http://127.0.0.1:8000, the server behind")
    options = parser.parse_args()
    target = urlsplit(options.target if "//" in options.target else f"//{options.target}")
    try:
        proxy = OutageProxy(target.hostname or HOST, target.port or 80, port=options.port)
        asyncio.run(run(proxy, options.control))
    except OSError as error:
        sys.stderr.write(f"the outage proxy cannot start: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
