"""Make the demo's world, or bring it to the addresses of this run."""

from __future__ import annotations

from datetime import UTC, datetime

from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from connectors.sandbox.shopify.places import LOCATIONS
from console.addresses import public_url, web_port
from console.demo.cast import HOUSES, NORTHGATE, RETAILER
from console.demo.people import (
    ensure_house,
    ensure_password,
    ensure_stores,
    everyone,
    keep_demo_file,
    sign_in_link,
)
from console.demo.systems import (
    SandboxSilent,
    ensure_connection,
    ensure_flow,
    ensure_hosts,
    ensure_subscribed,
    intake_url,
    wanted_erp,
    wanted_shop,
)
from console.demo.tills import drop_url, ensure_till_flow, wanted_tills
from console.embedded.paths import data_folder
from console.embedded.runtime import load_runtime
from governance.access.partners import StoreFacts
from governance.access.principal import Principal, command
from tenants.context import ALL, partner_scope
from tenants.partners.models import Partner
from tenants.retailers.models import Retailer

GUIDE = "ada@northgate.example"


class Command(BaseCommand):
    help = "Two partners, their retailers, stores and people, the sandbox's shop and ERP with a flow. May run again."

    def handle(self, *args: object, **options: object) -> None:
        by, at, folder = command("prepare_demo"), datetime.now(UTC), data_folder()
        password, is_new = ensure_password(folder)
        partners = {house.key: ensure_house(house, password=password, renew=is_new, by=by, at=at) for house in HOUSES}
        northgate = partners[NORTHGATE.key]
        try:
            self._systems(northgate, by=by)
        except SandboxSilent as error:
            raise CommandError(str(error)) from error
        self._tell(northgate, password, by=by, at=at)

    def _systems(self, partner: Partner, *, by: Principal) -> None:
        folder = data_folder()
        addresses = load_runtime(folder).sandbox
        if not {"shopify", "erp", "pos"} <= addresses.keys():
            raise SandboxSilent("no sandbox runs on this data folder: start it with `manage.py up --demo`")
        with partner_scope(partner.schema_name, ALL):
            retailer = Retailer.objects.get(key=RETAILER)
            ensure_stores(retailer, _stores(), by=by)
            drop = drop_url(addresses["pos"])
            ensure_hosts((addresses["shopify"], addresses["erp"], drop), by=by)
            shop = ensure_connection(retailer, wanted_shop(folder, addresses["shopify"]), by=by)
            erp = ensure_connection(retailer, wanted_erp(folder, addresses["erp"]), by=by)
            ensure_flow(retailer, shop, erp, by=by)
            tills = ensure_connection(retailer, wanted_tills(folder, drop, retailer.timezone), by=by)
            ensure_till_flow(retailer, tills, erp, by=by)
            address = intake_url(shop, NORTHGATE.host, web_port())
        keep_demo_file(folder, intake=address)
        ensure_subscribed(addresses["shopify"], address)

    def _tell(self, partner: Partner, password: str, *, by: Principal, at: datetime) -> None:
        token = sign_in_link(partner, GUIDE, by=by, at=at)
        link = public_url(partner.pk, reverse("one-time-link", args=[token]))
        keep_demo_file(
            data_folder(),
            people=everyone(),
            link=link,
        )
        say = self.stdout.write
        say(f"sign in as {GUIDE} with the password {password}")
        say(f"or open this once: {link}")
        say("the same password lets in:")
        for person in everyone():
            say(f"  {person['email']:<26} {person['role']:<9} at {person['partner']}, sees {person['sees']}")


def _stores() -> list[StoreFacts]:
    return [StoreFacts(str(place.id), place.name, place.timezone.key) for place in LOCATIONS]
