"""One committed database with everybody's rows, for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from tenants.partners.models import Partner
from tenants.selectors import forget_hosts
from tests.isolation.canaries import Shop, build
from tests.isolation.walk import Walker, walker
from tests.support.databases import clone, drop
from tests.support.plugin import DATABASE

NAME = f"{DATABASE}_isolation"


@dataclass(frozen=True)
class World:
    """`url` is the superuser's. `walkers` by first name."""

    url: str
    partners: dict[str, Partner]
    shops: dict[str, Shop]
    walkers: dict[str, Walker]


@pytest.fixture(scope="package")
def world(cluster, partners, django_db_blocker) -> Iterator[World]:
    clone(cluster, NAME)
    with django_db_blocker.unblock():
        _switch(NAME)
        shops = build(partners)
        yield World(cluster.url(NAME), partners, shops, {one.name: one for one in _people(partners)})
        _switch(DATABASE)
    with psycopg.connect(cluster.url(), autocommit=True) as superuser:
        drop(superuser, NAME)


def _people(partners: dict[str, Partner]) -> Iterator[Walker]:
    northgate, tidewater = partners["northgate"], partners["tidewater"]
    yield walker(tidewater, "theo@tidewater.example", sees=("marlow",), sees_partner=True)
    yield walker(tidewater, "tia@tide.example", sees=("marlow",), sees_partner=True)
    yield walker(northgate, "cleo@bluebell.example", sees=("bluebell",))
    yield walker(northgate, "clara@bell.example", sees=("bluebell",))
    yield walker(northgate, "iris@audit.example", sees=("harbour-pine",))
    yield walker(northgate, "ada@northgate.example", sees=("harbour-pine", "bluebell"), sees_partner=True)


def _switch(name: str) -> None:
    connection.close()
    connection.close_pool()
    settings.DATABASES["default"]["NAME"] = name
    forget_hosts()
