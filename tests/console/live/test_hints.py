"""Hints reach the pages that may know, say little, and stop when someone's rights do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import orjson
import psycopg
import pytest
import websockets
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.test import RequestFactory

from console.health import HealthMiddleware
from console.live import app
from governance.access.revocation import announce_revocation
from monitoring.ledger.hints import Hint, exception_changed, messages_changed
from tenants.context import outside_scope
from tenants.people.models import Person
from tenants.retailers.models import Retailer

ADA, BEN, CLEO = "ada@northgate.example", "ben@harbourpine.example", "cleo@bluebell.example"
THEO = "theo@tidewater.example"


async def next_frame(page: websockets.ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(10):
        return orjson.loads(await page.recv())


async def opened(server, partner: str, email: str, topics: str = "messages,exceptions") -> websockets.ClientConnection:
    session = await server.session_of(partner, email)
    page = await server.dial(session, host=f"{partner}.localhost", path=f"/live?topics={topics}")
    assert (await next_frame(page))["topic"] == "hello"
    return page


async def retailer(server, key: str) -> int:
    return await server.inside("northgate", lambda: Retailer.objects.get(key=key).pk)


async def close_code(page: websockets.ClientConnection) -> int:
    async with asyncio.timeout(10):
        await page.wait_closed()
    return page.close_code


async def test_a_hint_names_topic_and_id_and_nothing_else(server):
    page, changed = await opened(server, "northgate", ADA), uuid4()
    await server.say("northgate", exception_changed(await retailer(server, "bluebell"), changed))
    frame = await next_frame(page)
    assert frame.pop("version") > 1_700_000_000_000
    assert frame == {"seq": 1, "topic": "exceptions", "id": str(changed)}


async def test_staff_hear_of_their_own_retailer_only(server):
    ben, cleo = await opened(server, "northgate", BEN), await opened(server, "northgate", CLEO)
    await server.say("northgate", messages_changed(await retailer(server, "harbour-pine")))
    await server.say("northgate", exception_changed(await retailer(server, "bluebell")))
    assert (await next_frame(ben))["topic"] == "messages"
    # Hints come in order: had Harbour & Pine's reached Cleo, it would be the first.
    assert (await next_frame(cleo))["topic"] == "exceptions"


async def test_another_partners_hints_never_arrive(server):
    theo = await opened(server, "tidewater", THEO)
    pine = await retailer(server, "harbour-pine")
    await server.say("northgate", messages_changed(pine))
    await server.say("tidewater", Hint(pine, "exceptions"))
    assert (await next_frame(theo))["topic"] == "exceptions"


async def test_topics_a_role_may_not_see_are_not_sent(server):
    await server.inside("northgate", lambda: Person.objects.filter(email=BEN).update(role="executive"))
    ben = await opened(server, "northgate", BEN, topics="messages,exceptions,overview")
    await server.say("northgate", messages_changed(await retailer(server, "harbour-pine")))
    assert (await next_frame(ben))["topic"] == "overview"


async def test_a_burst_is_one_hint_and_the_rest_a_second_later(server):
    page = await opened(server, "northgate", ADA, topics="messages")
    pine = await retailer(server, "harbour-pine")
    for _ in range(30):
        await server.say("northgate", messages_changed(pine, uuid4()))
    frames = [await next_frame(page), await next_frame(page)]
    assert [frame["seq"] for frame in frames] == [1, 2]
    assert frames[1]["id"] == ""
    assert frames[1]["version"] - frames[0]["version"] >= 900


def _demote(email: str) -> int:
    person = Person.objects.get(email=email)
    Person.objects.filter(pk=person.pk).update(role="executive")
    return person.pk


def _sign_out_everywhere(email: str) -> int:
    person = Person.objects.get(email=email)
    Person.objects.filter(pk=person.pk).update(session_epoch=person.session_epoch + 1)
    return person.pk


def _deactivate(email: str) -> int:
    Person.objects.filter(email=email).update(is_active=False)
    return Person.objects.get(email=email).pk


def _end_session(email: str) -> int:
    Session.objects.all().delete()
    return Person.objects.get(email=email).pk


def _take_a_retailer_away(email: str) -> int:
    person = Person.objects.get(email=email)
    person.grants.all().delete()
    return person.pk


@pytest.mark.parametrize("change", [_demote, _sign_out_everywhere, _deactivate, _end_session, _take_a_retailer_away])
async def test_a_socket_closes_when_its_persons_rights_change(server, change: Callable[[str], int]):
    ben, ada = await opened(server, "northgate", BEN), await opened(server, "northgate", ADA)
    person = await server.inside("northgate", change, BEN)
    await server.inside("northgate", announce_revocation, server.partners["northgate"].schema_name, person)
    assert await close_code(ben) == app.ENDED
    if change is not _end_session:
        await server.say("northgate", messages_changed(await retailer(server, "bluebell")))
        assert (await next_frame(ada))["seq"] == 1


async def test_a_notice_without_a_change_closes_nothing(server):
    ben = await opened(server, "northgate", BEN)
    person = await server.inside("northgate", lambda: Person.objects.get(email=BEN).pk)
    await server.inside("northgate", announce_revocation, server.partners["northgate"].schema_name, person)
    await server.say("northgate", messages_changed(await retailer(server, "harbour-pine")))
    assert (await next_frame(ben))["topic"] == "messages"


async def test_rights_are_looked_up_again_without_any_notice(server, monkeypatch):
    monkeypatch.setattr(app, "RECHECK_SECONDS", 0.2)
    ben = await opened(server, "northgate", BEN)
    await server.inside("northgate", _demote, BEN)
    assert await close_code(ben) == app.ENDED


async def test_after_the_database_was_away_pages_are_told_to_fetch_everything(server, committed):
    page = await opened(server, "northgate", ADA, topics="messages")
    with psycopg.connect(committed.url(), autocommit=True) as superuser:
        superuser.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'signalbox live'"
        )
    frame = await next_frame(page)
    assert (frame["seq"], frame["topic"]) == (2, "messages")
    await server.say("northgate", messages_changed(await retailer(server, "bluebell")))
    assert (await next_frame(page))["seq"] == 3


async def test_a_large_frame_and_a_flood_of_frames_close_the_socket(server):
    large = await opened(server, "northgate", ADA)
    await large.send("x" * 20_000)
    assert await close_code(large) == app.TOO_LARGE
    flood = await opened(server, "northgate", ADA)
    with pytest.raises(websockets.ConnectionClosed):
        for _ in range(500):
            await flood.send("x")
            await asyncio.sleep(0)
        await next_frame(flood)
    assert await close_code(flood) == app.FLOOD


async def test_a_client_that_does_not_read_is_closed_and_delays_nobody(server, monkeypatch):
    """Run against the application itself: a send that never ends is what a full socket looks like from inside."""
    monkeypatch.setattr(app, "SEND_SECONDS", 0.2)
    session, host = await server.session_of("northgate", ADA), f"northgate.localhost:{server.port}"
    headers = {"host": host, "origin": f"http://{host}", "cookie": f"sessionid={session}"}
    scope = {"path": "/live", "headers": [(k.encode(), v.encode()) for k, v in headers.items()]}
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if not sent:
            return {"type": "websocket.connect"}
        return await asyncio.get_running_loop().create_future()

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)
        if message["type"] == "websocket.send":
            await asyncio.get_running_loop().create_future()

    slow = asyncio.create_task(server.live(scope, receive, send))
    reader = await opened(server, "northgate", BEN)
    await server.say("northgate", messages_changed(await retailer(server, "harbour-pine")))
    assert (await next_frame(reader))["topic"] == "messages"
    await asyncio.wait_for(slow, 10)
    assert sent[-1] == {"type": "websocket.close", "code": app.TOO_SLOW}


async def test_a_web_process_is_ready_while_it_hears(server):
    def ready() -> int:
        return HealthMiddleware(lambda _: HttpResponse(status=404))(RequestFactory().get("/readyz")).status_code

    assert await outside_scope(ready) == 200
    server.live.listener.listening.clear()
    assert await outside_scope(ready) == 503
    await server.live.stop()
    assert await outside_scope(ready) == 200


async def test_stopping_tells_the_pages(server):
    page = await opened(server, "northgate", ADA)
    await server.live.stop()
    assert await close_code(page) == app.STOPPING
