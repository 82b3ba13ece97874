"""Fixtures of the whole suite: this worker's database, the scenario's partners, a database that may be committed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection

from governance.credentials.keyring import keyring_at
from tenants.context import ALL, Scope, partner_scope
from tenants.partners.models import Partner
from tenants.selectors import forget_hosts
from tests.support.cluster import TestCluster, run_cluster
from tests.support.databases import clone, ensure_template
from tests.support.plugin import DATABASE
from tests.support.pristine import remember, restore


@pytest.fixture(scope="session")
def cluster() -> TestCluster:
    running = run_cluster().wait()
    ensure_template(running)
    return running


@pytest.fixture(scope="session")
def django_db_setup(cluster: TestCluster) -> None:
    """Ours, not pytest-django's: a clone of the template, reached as the app role."""
    clone(cluster, DATABASE)


@pytest.fixture(scope="session")
def partners(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> dict[str, Partner]:
    with django_db_blocker.unblock():
        found = {partner.key: partner for partner in Partner.objects.all()}
    for partner in found.values():
        keyring_at(settings.KEYS_DIR).create(partner.schema_name)
    return found


@pytest.fixture
def northgate(partners: dict[str, Partner], db: None) -> Iterator[Scope]:
    """Inside Northgate, all retailers."""
    with partner_scope(partners["northgate"].schema_name, ALL) as scope:
        yield scope


@pytest.fixture
def committed(
    cluster: TestCluster, partners: dict[str, Partner], django_db_blocker: pytest.FixtureRequest
) -> Iterator[TestCluster]:
    """A database of its own, for code that commits or runs in other processes. Settings point to it meanwhile."""
    name = f"{DATABASE}_committed"
    if not restore(cluster, name):
        clone(cluster, name)
        remember(cluster, name)
    _switch(name)
    with django_db_blocker.unblock():
        yield cluster
    _switch(DATABASE)


def _switch(name: str) -> None:
    connection.close()
    connection.close_pool()
    settings.DATABASES["default"]["NAME"] = name
    forget_hosts()
