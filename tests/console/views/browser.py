"""A browser without a window: one person at one host."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse

from tests.support.world import PASSWORD

NORTHGATE = "northgate.localhost"
TIDEWATER = "tidewater.localhost"


def browser(host: str = NORTHGATE, **options: object) -> Client:
    return Client(headers={"host": host}, **options)


def enter(client: Client, email: str, password: str = PASSWORD, **form: str):
    return client.post(reverse("sign-in"), {"email": email, "password": password, **form})


def signed_in(email: str, host: str = NORTHGATE) -> Client:
    client = browser(host)
    assert enter(client, email).status_code == 302
    return client
