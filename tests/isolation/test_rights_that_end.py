"""Rights are those of this moment: what was taken away is gone at the next request, and its sockets within 5 s."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import uvicorn
from django.db.models import F

from console.live.app import ENDED, Live
from governance.access.people import withdraw_retailer
from governance.access.principal import command
from governance.access.revocation import announce_revocation
from monitoring.ledger.hints import Hint, exception_changed, messages_changed
from tenants.context import ALL, outside_scope, partner_scope, require_scope
from tenants.people.models import Person, RetailerGrant
from tenants.retailers.models import Retailer
from tests.console.live.conftest import LiveServer
from tests.console.live.test_hints import next_frame, opened
from tests.isolation.walk import Walker, everything, walker

DEADLINE_SECONDS = 5.0
OLGA = "olga@northgate.example"


@pytest.fixture
async def server(world) -> AsyncIterator[LiveServer]:
    live = Live()
    web = uvicorn.Server(uvicorn.Config(live, port=0, lifespan="off", log_level="warning", ws_max_size=16384))
    serving = asyncio.create_task(web.serve())
    await live.start()
    await asyncio.wait_for(live.listener.listening.wait(), 10)
    while not web.started:
        await asyncio.sleep(0.01)
    yield LiveServer(live, web.servers[0].sockets[0].getsockname()[1], world.partners)
    await live.stop()
    web.should_exit = True
    await serving


def someone(world: Any, name: str, *, role: str = "operator") -> Person:
    """A new operator of Bluebell: nobody else's rights are touched."""
    with partner_scope(world.partners["northgate"].schema_name, ALL):
        Person.objects.filter(email=f"{name}@rights.example").delete()
        person = Person.objects.create(email=f"{name}@rights.example", name=name, role=role)
        RetailerGrant.objects.create(person=person, retailer=Retailer.objects.get(key__startswith="bluebell"))
    return person


def as_walker(world: Any, email: str) -> Walker:
    return walker(world.partners["northgate"], email, sees=("bluebell",))


def olga_posts(path: str, **form: str) -> Callable[[Any, Person], None]:
    """What the owner does on a page."""

    def act(world: Any, person: Person) -> None:
        answer = as_walker(world, OLGA).post(path.format(person.pk), form | {"reason": "a test"})
        assert answer.status_code == 302

    return act


def inside(fn: Callable[[Person], object]) -> Callable[[Any, Person], None]:
    """What a service, or another process, does in the partner's schema."""

    def act(world: Any, person: Person) -> None:
        with partner_scope(world.partners["northgate"].schema_name, ALL):
            fn(person)

    return act


def withdraw(person: Person) -> None:
    retailer = Retailer.objects.get(key__startswith="bluebell")
    withdraw_retailer(person=person, retailer=retailer, by=command("tests"), reason="a test")


def sign_out_elsewhere(person: Person) -> None:
    Person.objects.filter(pk=person.pk).update(session_epoch=F("session_epoch") + 1)
    announce_revocation(require_scope().schema, person.pk)


ENDINGS = {
    "demotion": olga_posts("/people/{}/role/", role="executive"),
    "deactivation": olga_posts("/people/{}/deactivate/"),
    "withdrawal": inside(withdraw),
    "signing out everywhere": inside(sign_out_elsewhere),
}


@pytest.mark.parametrize("ending", sorted(ENDINGS))
async def test_it_takes_effect_on_the_next_request_and_closes_the_socket(world, server, ending):
    person = await outside_scope(someone, world, "nia")
    page = await outside_scope(as_walker, world, person.email)
    assert (await outside_scope(page.get, "/messages/")).status_code == 200
    socket = await opened(server, "northgate", person.email)
    async with asyncio.timeout(DEADLINE_SECONDS):
        await outside_scope(ENDINGS[ending], world, person)
        await socket.wait_closed()
    assert socket.close_code == ENDED
    assert (await outside_scope(page.get, "/messages/")).status_code == 302
    assert (await outside_scope(page.get, "/api/v1/messages")).status_code == 401
    assert (await outside_scope(page.post, "/preferences/", {"theme": "dark"})).status_code == 302


def test_a_role_changed_in_the_database_itself_counts_at_once(world):
    """By whatever process, and without any notice: rights are read with each request."""
    person = someone(world, "nils")
    page = as_walker(world, person.email)
    assert page.get("/messages/").status_code == 200
    inside(lambda one: Person.objects.filter(pk=one.pk).update(role="executive"))(world, person)
    assert page.get("/messages/").status_code == 403
    assert page.get("/api/v1/messages").status_code == 403
    assert page.get("/").status_code == 200


def test_a_grant_removed_in_the_database_itself_leaves_pages_and_api_empty(world):
    person, bell = someone(world, "nora", role="owner"), world.shops["bluebell"]
    page = as_walker(world, person.email)
    message = bell.objects["message_id"][0]["message_id"]
    assert bell.word.encode() in everything(page.get("/messages/"))
    inside(lambda one: one.grants.all().delete())(world, person)
    for path in (
        "/",
        "/messages/",
        "/messages/export.csv",
        "/exceptions/",
        "/connections/",
        "/people/",
        "/api/v1/messages",
    ):
        told = everything(page.get(path)).lower()
        assert b"cnry" not in told, path
    assert page.get("/api/v1/messages").json()["results"] == []
    assert page.get("/exceptions/count/").content == b"0"
    assert page.get(f"/messages/{message}/").status_code == 404
    assert page.get(f"/api/v1/messages/{message}").status_code == 404
    assert page.get("/messages/", {"retailer": bell.retailer.key}).status_code == 404


def test_a_person_who_never_had_a_grant_sees_nothing(world):
    person = someone(world, "nobody", role="staff")
    inside(lambda one: one.grants.all().delete())(world, person)
    page = as_walker(world, person.email)
    for path in ("/", "/messages/", "/exceptions/", "/connections/", "/api/v1/overview"):
        answer = page.get(path)
        assert answer.status_code == 200, path
        assert b"cnry" not in everything(answer).lower(), path


@pytest.mark.parametrize("path", ["/", "/messages/", "/messages/export.csv", "/people/", "/connections/"])
def test_a_cookie_of_northgate_is_a_strangers_at_tidewater(world, path):
    ada = world.walkers["ada"]
    answer = ada.get(path, host="tidewater.localhost")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/sign-in/")
    assert ada.get("/api/v1/messages", host="tidewater.localhost").status_code == 401


@pytest.mark.parametrize("name", ["theo", "cleo", "iris"])
async def test_hints_of_others_reach_no_socket(world, server, name):
    """Real ids on every topic; the hint of one's own is the first frame, since hints keep their order."""
    own_key = {"theo": "marlow", "cleo": "bluebell", "iris": "harbour-pine"}[name]
    own, email = world.shops[own_key], {"theo": "theo@tidewater.example", "cleo": "cleo@bluebell.example"}
    page = await opened(server, own.partner.key, email.get(name, "iris@audit.example"), "messages,exceptions,overview")
    for key, shop in world.shops.items():
        if key != own_key:
            await server.say(shop.partner.key, *hints_of(shop))
    mine = own.objects["message_id"][0]["message_id"]
    await server.say(own.partner.key, messages_changed(own.retailer.pk, mine))
    frame = await next_frame(page)
    assert (frame["topic"], frame["id"]) == ("messages", str(mine))
    await page.close()


def hints_of(shop: Any) -> list[Hint]:
    message, item = shop.objects["message_id"][0]["message_id"], shop.objects["exception_id"][0]["exception_id"]
    return [messages_changed(shop.retailer.pk, message), exception_changed(shop.retailer.pk, item)]
