"""A partner's ledger with months past, pruned as the owner in a database that may be committed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from governance.access.principal import command
from monitoring.retention.clocks import set_clock
from monitoring.retention.prune import Outcome, prune
from tenants import roles
from tenants.backend.base import SET_SCOPE
from tenants.context import ALL, Scope, partner_scope
from tenants.retailers.models import Retailer
from tests.support.cluster import TestCluster
from tests.support.ledger_rows import Shop, connect

BY = command("tests")
NOW = datetime.now(UTC)
LONG_AGO = (NOW - timedelta(days=200)).replace(day=15)


@dataclass
class House:
    """Northgate with two retailers; payloads stay 20 days, records 60."""

    cluster: TestCluster
    scope: Scope
    pine: Shop
    bluebell: Shop

    def prune(self, at: datetime = NOW) -> dict[str, str]:
        """What became of each month."""
        with as_owner():
            return {outcome.what: outcome.text for outcome in self.outcomes(at)}

    def outcomes(self, at: datetime = NOW) -> list[Outcome]:
        return list(prune(by=BY, at=at))

    @contextmanager
    def session(self, role: str = roles.APP, **given: Any) -> Iterator[psycopg.Connection[Any]]:
        """Another client, which gives up after half a second of waiting for any lock."""
        url = self.cluster.url(settings.DATABASES["default"]["NAME"], role)
        with psycopg.connect(url, **given) as client:
            client.autocommit = given.get("autocommit", False)
            client.execute(SET_SCOPE, (self.scope.search_path, ALL))
            client.execute("SET lock_timeout = '500ms'")
            if not client.autocommit:
                client.commit()
            yield client

    def tables(self, month: datetime = LONG_AGO) -> set[str]:
        """Tables of a month that are there, attached or not."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'"
                " AND relname LIKE %s",
                [f"ledger%{month:%Y%m}"],
            )
            return {name for (name,) in cursor.fetchall()}


@contextmanager
def as_owner() -> Iterator[None]:
    """This process as `manage.py retention` runs."""
    before = settings.DATABASES["default"]["USER"]
    _switch(roles.OWNER)
    try:
        yield
    finally:
        _switch(before)


def _switch(role: str) -> None:
    connection.close()
    connection.close_pool()
    settings.DATABASES["default"]["USER"] = role


@pytest.fixture
def house(committed: TestCluster, partners: dict[str, Any]) -> Iterator[House]:
    with partner_scope(partners["northgate"].schema_name, ALL) as scope:
        pine, bluebell = (connect(Retailer.objects.get(key=key)) for key in ("harbour-pine", "bluebell"))
        for kind, days in (("payload", 20), ("records", 60)):
            set_clock(kind, days, by=BY, reason="a test has no time", at=NOW)
        yield House(committed, scope, pine, bluebell)
