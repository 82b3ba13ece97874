"""Makes the partners, retailers, connections and flows of a run, by the product's own services, as the owner role.

    python -m tests.chaos.world plan.json world.json

Writes down what the load needs: where each shop sends to, and what it signs with.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import django
import msgspec

from tests.chaos.plan import Books, Shop

if TYPE_CHECKING:
    from governance.access.principal import Principal
    from governance.registry.models import RetailConnection
    from tenants.retailers.models import Retailer

REASON = "chaos"


class Wanted(msgspec.Struct):
    """What is to be made: shops, and the address of each of their books by its key."""

    shops: list[Shop]
    urls: dict[str, str]


class Sender(msgspec.Struct):
    """One shop as the load plays it."""

    shop: Shop
    path: str
    secret: str


class World(msgspec.Struct):
    senders: list[Sender]
    schemas: dict[str, str]  # partner → schema
    acts: dict[str, dict[str, int]]  # partner → action → how often it was done here


def build(wanted: Wanted) -> World:
    by, made = command("chaos"), World([], {}, {})
    for partner in dict.fromkeys(shop.partner for shop in wanted.shops):
        new = create_partner(
            key=partner,
            name=partner.title(),
            host=f"{partner}.localhost",
            owner_email=f"owner@{partner}.example",
            owner_name="Owner",
            by=by,
            at=datetime.now(UTC),
        )
        made.schemas[partner] = new.partner.schema_name
        mine = [shop for shop in wanted.shops if shop.partner == partner]
        with partner_scope(new.partner.schema_name, ALL):
            made.senders += [_shop(shop, wanted.urls, by) for shop in mine]
        books = sum(len(shop.books) for shop in mine)
        made.acts[partner] = {
            "retailer.set_up": len(mine),
            "connection.connected": len(mine) + books,
            "flow.set_up": books,
        }
    return made


def _shop(shop: Shop, urls: dict[str, str], by: Principal) -> Sender:
    retailer = create_retailer(key=shop.retailer, name=shop.retailer.title(), by=by, reason=REASON)
    secret = f"secret-of-{shop.retailer}"
    connected = connect(
        retailer=retailer,
        manifest=connector("shopify").manifest,
        key=shop.key,
        label=f"Shop of {shop.retailer}",
        config={"shop_domain": f"{shop.retailer}.myshopify.com", "poll_every": "off"},
        secrets={"access_token": "none", "webhook_secret": secret},
        by=by,
        reason=REASON,
    )
    for books in shop.books:
        _books(retailer, connected.connection, books, urls[books.key], by)
    return Sender(shop, connected.intake_path, secret)


def _books(retailer: Retailer, source: RetailConnection, books: Books, url: str, by: Principal) -> None:
    allow_host(url=url, note="fake ERP", by=by, reason=REASON)
    manifest = connector(books.connector).manifest
    target = connect(
        retailer=retailer,
        manifest=manifest,
        key=books.key,
        label=books.key,
        config={"url": url},
        secrets={},
        by=by,
        reason=REASON,
    ).connection
    create_flow(
        retailer=retailer,
        key=f"sales-{books.key}",
        label=f"Sales to {books.key}",
        source=source,
        target=target,
        operations={"order": "order.upsert"},
        target_manifest=manifest,
        by=by,
        reason=REASON,
    )


if __name__ == "__main__":
    django.setup()

    from connectors.library import connector
    from governance.access.partners import create_partner, create_retailer
    from governance.access.principal import command
    from governance.egress.services import allow_host
    from governance.registry.services import connect, create_flow
    from tenants.context import ALL, partner_scope

    plan_file, world_file = map(Path, sys.argv[1:])
    world = build(msgspec.json.decode(plan_file.read_bytes(), type=Wanted))
    world_file.write_bytes(msgspec.json.encode(world))
