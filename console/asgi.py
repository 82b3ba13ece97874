"""Everything that answers: Django's pages, the intake beside it, websockets, and the process's own start and stop."""

from __future__ import annotations

import asyncio
import os
from importlib import import_module
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings.embedded")

from django.core.asgi import get_asgi_application  # noqa: E402

pages = get_asgi_application()

from channels.routing import ProtocolTypeRouter  # noqa: E402
from django.conf import settings  # noqa: E402

from connectors.engine.intake.app import Intake, is_intake  # noqa: E402
from console.checks import insist_on_safe_database  # noqa: E402
from console.live.app import live, sockets  # noqa: E402
from console.memory import settle  # noqa: E402

intake = Intake()


async def _http(scope: dict[str, Any], receive: Any, send: Any) -> None:
    door = intake if is_intake(scope) else pages
    await door(scope, receive, send)


async def _lifespan(scope: dict[str, Any], receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await _start(send)
        elif message["type"] == "lifespan.shutdown":
            await live.stop()
            await intake.stop()
            await send({"type": "lifespan.shutdown.complete"})
            return


async def _start(send: Any) -> None:
    import_module(settings.ROOT_URLCONF)  # a broken page is known now, not at the first request
    await asyncio.to_thread(insist_on_safe_database)
    await intake.start()
    await live.start()
    settle()
    await send({"type": "lifespan.startup.complete"})


application = ProtocolTypeRouter({"http": _http, "websocket": sockets, "lifespan": _lifespan})
