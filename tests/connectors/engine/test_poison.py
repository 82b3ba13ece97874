"""Messages that harm whoever reads them: each becomes an exception with its bytes kept; nothing beside it suffers."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from connectors import library
from connectors.engine.models import Entry, Lane
from connectors.engine.replay import retry_exception
from governance.access.principal import command
from governance.registry.models import RetailConnection
from monitoring.exceptions.models import ExceptionItem
from monitoring.ledger import payloads
from monitoring.ledger.models import Attempt, Delivery, Message
from tests.paths import ROOT
from tests.support.cluster import TestCluster
from tests.support.engine import World, _Point, _quiet
from tests.support.fake_erp import CONNECTORS
from tests.support.orders import body_of, order

ADA = command("Ada")
INNOCENT = (2001, 2002, 2003)


def order_with(text: bytes, number: int) -> bytes:
    """An order whose second field is this."""
    return body_of(order(number)).replace(b'"name"', text + b', "name"', 1)


# What the door refuses before anything looks at it: the sender keeps it.
REFUSED = {
    "10 MB": (b'{"id": "' + b"x" * 10 * 1024 * 1024 + b'"}', 413),
    "10,000 levels of objects": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, 400),
    "levels without an end": (b'{"a":[' * 5_000, 400),
}
# What is kept, and cannot be read or mapped.
HARMFUL = {
    "a nul byte": b'{"id": 1, "note": "a\x00b"}',
    "half a pair": b'{"id": 1, "note": "\\udfff"}',
    "the other half": b'{"id": 1, "note": "\\ud83d\\ud83d"}',
    "utf-16": '{"id": 1}'.encode("utf-16"),
    "overlong utf-8": b'{"id": 1, "note": "\xc0\xaf"}',
    "the same key twice": b'{"id": 1, "line_items": [{"sku": "A", "sku": "B"}]}',
    "digits without end": b'{"id": ' + b"9" * 1_000_000 + b"}",
    "a million small values": b'{"id": 1, "line_items": [' + b"0," * 999_999 + b"0]}",
    "a million empty lists": b'{"id": 1, "line_items": [' + b"[]," * 600_000 + b"[]]}",
    "a power of ten": order_with(b'"total_price": 1e999999999', 1001).replace(b'"total_price": "21.60", ', b""),
    "a quantity of a million digits": body_of(order(1002)).replace(b'"quantity": 2', b'"quantity": 1e1000000'),
    "an amount no column holds": body_of(order(1003)).replace(b"21.60", b"9" * 40 + b".00"),
    "20,000 lines": body_of(order(1004, line_items=order(1004)["line_items"] * 5_000)),
}


async def test_what_nobody_should_parse_is_refused_at_the_door(world: World):
    for name, (body, status) in REFUSED.items():
        assert (await world.post(body))[0] == status, name
    assert await world.ask(lambda: Message.objects.count()) == 0


async def test_each_harmful_body_is_kept_as_it_came_and_becomes_one_exception(world: World):
    ids = {}
    for name, body in HARMFUL.items():
        status, answer = await world.post(body)
        assert status == 202, name
        ids[answer["id"]] = (name, body)
    for number in INNOCENT:
        await world.post(order(number))
    await world.settle(within_seconds=20)
    for message_id, (name, body) in ids.items():
        kept, found, tries = await world.ask(lambda one=message_id: what_became_of(one))
        assert (kept == body, found, tries <= 3) == (True, 1, True), name
    assert len(world.erp.journal.effects) == len(INNOCENT)
    assert await world.ask(stuck) == []


def what_became_of(message_id: str) -> tuple[bytes, int, int]:
    """(its body as it is kept, its exceptions, its attempts)."""
    [kept] = payloads.read([message_id]).values()
    exceptions = ExceptionItem.objects.filter(message_id=message_id, state="open").count()
    return kept, exceptions, Attempt.objects.filter(message_id=message_id).count()


def stuck() -> list[Any]:
    """Lanes that neither move nor wait for a person."""
    return list(Lane.objects.filter(parked=False)) + list(Entry.objects.filter(lane__parked=False))


HARMS = '''
import ctypes, os, resource, signal
from dataclasses import replace

from connectors.library.shopify.connector import connector as shopify
from connectors.sdk.connector import Connector
from tests.support.fake_erp import CONNECTORS


def fail():
    raise RuntimeError("a mapper's own mistake")


def recurse():
    return recurse() + 1


def allocate():
    """As in a container: the limit is 256 MB above what is in use."""
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + (256 << 20), before[1]))
    held = []
    try:
        while True:
            held.append(bytearray(16 << 20))
    finally:
        held.clear()
        resource.setrlimit(resource.RLIMIT_AS, before)


def never_return():
    while True:
        pass


HARMFUL = {
    "fail": fail,
    "recurse": recurse,
    "allocate": allocate,
    "never return": never_return,
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "segfault": lambda: ctypes.string_at(0),
}


class Reader:
    def canonical(self, topic, document, *, received_at=None):
        HARMFUL.get(document.get("note"), int)()
        return shopify.reader.canonical(topic, document, received_at=received_at)

    def events(self):
        return shopify.reader.events()


shop = Connector(manifest=replace(shopify.manifest, key="harmful_shop"), webhooks=shopify.webhooks, reader=Reader())
erp = CONNECTORS["fake_key"]
'''
ENTRY_POINTS = "[signalbox.connectors]\nharmful_shop = harmful_shop:shop\nfake_key = harmful_shop:erp\n"
WORKER = """
import asyncio, django
django.setup()
from connectors.engine.drain.worker import Drain
from console.watchdog import end_when_stuck

async def main():
    watch = asyncio.create_task(end_when_stuck(4.0))
    await Drain().run()

asyncio.run(main())
"""


@pytest.fixture
async def harmful(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """The shop's connector is one of another package, whose mapper does what an order's note says."""
    (tmp_path / "harmful_shop.py").write_text(HARMS)
    about = tmp_path / "harmful_shop-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: harmful-shop\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{ROOT}")
    import harmful_shop

    points = {key: _Point(connector) for key, connector in CONNECTORS.items()}
    monkeypatch.setattr(library, "_elsewhere", lambda: points | {"harmful_shop": _Point(harmful_shop.shop)})

    def change() -> None:
        RetailConnection.objects.filter(key="shop").update(connector="harmful_shop")
        RetailConnection.objects.filter(key="erp").update(connector="fake_key")

    await world.ask(change)
    return world


async def supervised(world: World, cluster: TestCluster, *, within_seconds: float) -> list[int]:
    """Run workers one after another until nothing is left to do; the exit codes of those that died."""
    environment = {
        **os.environ,
        "APP_DATABASE_URL": cluster.app_url(settings.DATABASES["default"]["NAME"]),
        "SIGNALBOX_KEYS_DIR": str(settings.KEYS_DIR),
    }
    deaths: list[int] = []
    command_line = [sys.executable, "-W", "ignore", "-c", WORKER]
    worker = subprocess.Popen(command_line, cwd=ROOT, env=environment)
    try:
        async with asyncio.timeout(within_seconds):
            while not await world.ask(_quiet):
                if worker.poll() is not None:
                    deaths.append(worker.returncode)
                    worker = subprocess.Popen(command_line, cwd=ROOT, env=environment)
                await asyncio.sleep(0.1)
    finally:
        worker.kill()
        worker.wait()
    return deaths


async def test_a_mapper_that_takes_its_worker_down_is_parked_at_the_second_death(
    harmful: World, committed: TestCluster
):
    """The kernel, a segfault, an endless loop: two deaths at most for each, one of them shared by all."""
    for number, note in enumerate(["kill", "segfault", "never return"], 1001):
        await harmful.post(order(number, note=note))
    for number in INNOCENT:
        await harmful.post(order(number))
    deaths = await supervised(harmful, committed, within_seconds=90)
    assert set(deaths) == {-signal.SIGSEGV, -signal.SIGKILL, 1}
    assert len(deaths) == 4
    classes = await harmful.ask(lambda: list(ExceptionItem.objects.values_list("error_class", flat=True)))
    assert classes == ["poison"] * 3
    delivered = await harmful.ask(lambda: list(Delivery.objects.filter(state="delivered").values_list("object_id")))
    assert [int(one) for (one,) in delivered] == [5_000_000_000 + number for number in INNOCENT]
    assert len(harmful.erp.journal.effects) == len(INNOCENT)
    assert await harmful.ask(stuck) == []
    bodies = await harmful.ask(lambda: payloads.read(Message.objects.values_list("id", flat=True)))
    assert sorted(json.loads(body)["name"] for body in bodies.values())[:3] == ["#1001", "#1002", "#1003"]


async def test_a_mapper_that_fails_recurses_or_allocates_costs_one_attempt_and_no_worker(
    harmful: World, committed: TestCluster
):
    for number, note in enumerate(["fail", "recurse", "allocate"], 1001):
        await harmful.post(order(number, note=note))
    for number in INNOCENT:
        await harmful.post(order(number))
    assert await supervised(harmful, committed, within_seconds=60) == []
    classes = await harmful.ask(lambda: list(ExceptionItem.objects.values_list("error_class", flat=True)))
    assert classes == ["defect"] * 3
    assert await harmful.ask(lambda: Attempt.objects.count()) == 3 + len(INNOCENT)
    assert len(harmful.erp.journal.effects) == len(INNOCENT)


async def test_a_poisonous_message_that_was_mended_goes_when_a_person_retries_it(
    harmful: World, committed: TestCluster, monkeypatch: pytest.MonkeyPatch
):
    """Two workers died on it; the connector was corrected since."""
    await harmful.post(order(1001, note="kill"))
    assert await supervised(harmful, committed, within_seconds=60) == [-signal.SIGKILL] * 2
    item = await harmful.ask(lambda: ExceptionItem.objects.get())
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    await harmful.ask(lambda: Message.objects.update(connector="shopify"))
    monkeypatch.setattr(library, "_elsewhere", lambda: {key: _Point(one) for key, one in CONNECTORS.items()})
    await harmful.ask(lambda: retry_exception(item.pk, by=ADA, reason="mended"))
    await harmful.settle()
    assert await harmful.ask(lambda: Delivery.objects.get().state) == "delivered"
