"""`manage.py send` against a real intake over HTTP, with a drain behind it."""

from __future__ import annotations

import asyncio
import io
import json
import re
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from connectors.engine.drain.worker import Drain
from governance.credentials.services import store_secret
from governance.registry.address import INTAKE_SECRET
from monitoring.ledger import payloads
from monitoring.ledger.models import Message
from tests.console.commands.conftest import Shell, Web
from tests.support.engine import ADDRESS, BY, World, erp, fake_connectors, world  # noqa: F401
from tests.support.orders import order

SEND = ("--connection", "shop", "--event", "orders/create")
UNREADABLE = (b"no json at all", b'{"id": NaN}', b'{"a": "\\u0000"}', b'{"id": 1, "id": 2}', b"[]")


@pytest.fixture
async def host(world: World, shell: Shell, web: Web) -> Shell:  # noqa: F811
    """A host where Northgate's shop is connected and the console runs."""
    await world.ask(_keep_intake_secret, world)
    return shell


def _keep_intake_secret(world: World) -> None:  # noqa: F811
    store_secret(
        connection_id=world.shop.pk,
        retailer_id=world.shop.retailer_id,
        field=INTAKE_SECRET,
        value=ADDRESS,
        purpose="call",
        by=BY,
    )


def _message(message_id: str) -> Message:
    return Message.objects.get(pk=message_id)


def written(folder: Path, document: object) -> Path:
    file = folder / "sample.json"
    file.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
    return file


async def send(*arguments: object) -> str:
    """What it prints. Raises CommandError, whose `returncode` is the exit code."""

    def run() -> str:
        out = io.StringIO()
        try:
            call_command("send", *map(str, arguments), stdout=out)
        except CommandError as error:
            error.out = out.getvalue()
            raise
        finally:
            connection.close()
        return out.getvalue()

    return await asyncio.to_thread(run)


async def refused(*arguments: object) -> CommandError:
    with pytest.raises(CommandError) as caught:
        await send(*arguments)
    return caught.value


def message_in(line: str) -> str:
    return re.search(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", line)[0]


async def test_send_posts_what_the_file_holds_and_prints_the_answer(host, world, tmp_path):  # noqa: F811
    body = b'{"id": 5000001041, "name": "#1041",  "total_price": 21.60, "updated_at": "2026-11-20T10:00:00Z"}'
    line = await send(written(tmp_path, body), *SEND)
    message = await world.ask(Message.objects.get)
    assert line == f"202 accepted {message.id}\n"
    assert (await world.ask(payloads.read, [message.id]))[message.id] == body

    headers = {"x-shopify-api-version": "2024-10", "x-shopify-hmac-sha256": "cannot verify"}
    recorded = {"headers": headers, "body": order(1044), "topic": "orders/create"}
    line = await send(written(tmp_path, recorded), *SEND)
    message = await world.ask(_message, message_in(line))
    assert (message.api_version, message.object_type, message.object_id) == ("2024-10", "order", "5000001044")


async def test_send_makes_a_new_event_unless_one_is_named(host, world, tmp_path):  # noqa: F811
    file = written(tmp_path, order(1045))
    first = await send(file, *SEND, "--event-id", "once")
    again = await send(file, *SEND, "--event-id", "once")
    assert again == f"200 repeat {message_in(first)}\n"
    assert message_in(await send(file, *SEND)) != message_in(first)
    error = await refused(written(tmp_path, order(1046)), *SEND, "--event-id", "once")
    assert "409" in str(error)
    assert error.returncode == 1


async def test_wait_tells_the_document_or_what_must_be_decided(host, world, tmp_path):  # noqa: F811
    drain = Drain()
    task = asyncio.create_task(drain.run())
    try:
        assert "DOC-1" in await send(written(tmp_path, order(1042)), *SEND, "--wait", 20)
        world.erp.modes.append("refuse")
        error = await refused(written(tmp_path, order(1043)), *SEND, "--wait", 20)
        assert "needs a decision" in str(error)
        for broken in UNREADABLE:
            error = await refused(written(tmp_path, broken), *SEND, "--wait", 20)
            assert error.out.startswith("202 accepted"), broken
            assert str(error).startswith("needs a decision: "), broken
    finally:
        drain.stop()
        await task


async def test_wrong_usage_is_told_apart_from_a_refusal(host, tmp_path):
    file = written(tmp_path, order(1048))
    for arguments in (
        (tmp_path / "missing.json", *SEND),
        (file, "--connection", "nothing", "--event", "orders/create"),
        (file, *SEND, "--partner", "nobody"),
        (file, "--connection", "erp", "--event", "orders/create"),
    ):
        assert (await refused(*arguments)).returncode == 2, arguments
    error = await refused(file, *SEND, "--to", "http://127.0.0.1:9")
    assert "is `manage.py up` running" in str(error)
    assert error.returncode == 1


async def test_the_shell_sees_the_exit_codes(host, tmp_path):
    file = written(tmp_path, order(1049))
    codes = [
        (await asyncio.to_thread(host.run, "send", *arguments)).code
        for arguments in (
            (file, *SEND),
            (file, *SEND, "--to", "http://127.0.0.1:9"),
            (file, "--connection", "nothing", "--event", "orders/create"),
            (file, "--connection", "shop"),
        )
    ]
    assert codes == [0, 1, 2, 2]
