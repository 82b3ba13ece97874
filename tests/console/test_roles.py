"""The roles as `setup_roles` makes them on a server, in a cluster of its own: roles belong to the whole cluster."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from console.roles import NeedsAdministrator, administrator_sql, set_up_server
from tenants import roles
from tests.support.cluster import PASSWORD, TestCluster


@pytest.fixture(scope="module")
def server(cluster: TestCluster) -> Iterator[TestCluster]:
    """A database of an owner that may create roles, and one of an owner that may not."""
    with psycopg.connect(cluster.url(), autocommit=True) as admin, admin.cursor() as cursor:
        for owner in ("shop_owner", "poor_owner"):
            roles.ensure_login(cursor, owner, PASSWORD)
            roles.ensure_database(cursor, owner, owner=owner)
        cursor.execute("ALTER ROLE shop_owner CREATEROLE")
    yield cluster
    with psycopg.connect(cluster.url(), autocommit=True) as admin:
        for owner in ("shop_owner", "poor_owner"):
            admin.execute(f"DROP DATABASE {owner} WITH (FORCE)")
        for role in ("shop_app", "shop_sealer", "shop_readonly", "shop_owner", "poor_owner"):
            admin.execute(f"DROP ROLE IF EXISTS {role}")


def environment(server: TestCluster, owner: str) -> dict[str, str]:
    return {
        "DATABASE_URL": server.url(owner, owner),
        "APP_DATABASE_URL": server.url(owner, "shop_app"),
        "SEALER_DATABASE_URL": server.url(owner, "shop_sealer"),
        "READONLY_DATABASE_URL": server.url(owner, "shop_readonly"),
    }


@pytest.fixture(scope="module")
def ready(server: TestCluster) -> TestCluster:
    set_up_server(environment(server, "shop_owner"))
    with psycopg.connect(server.url("shop_owner", "shop_owner")) as owner:
        owner.execute("CREATE SCHEMA p_new")
        owner.execute("CREATE TABLE p_new.thing (id int GENERATED ALWAYS AS IDENTITY, x int)")
        owner.execute("CREATE TABLE p_new.trail (x int)")
        owner.execute("COMMENT ON TABLE p_new.trail IS 'append-only'")
        owner.execute("CREATE TABLE p_new.part (x int) PARTITION BY RANGE (x)")
        owner.execute("CREATE TABLE p_new.part_1 PARTITION OF p_new.part FOR VALUES FROM (0) TO (9)")
        roles.grant_schema(owner.cursor(), "p_new", app="shop_app", sealer="shop_sealer", readonly="shop_readonly")
    return server


def as_role(server: TestCluster, role: str, statement: str) -> None:
    with psycopg.connect(server.url("shop_owner", role), autocommit=True) as connection:
        connection.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO p_new.thing (x) VALUES (1)",
        "UPDATE p_new.thing SET x = 2",
        "DELETE FROM p_new.thing",
        "INSERT INTO p_new.trail VALUES (1)",
        "SELECT * FROM p_new.trail",
        "INSERT INTO p_new.part VALUES (1)",
    ],
)
def test_the_application_reads_and_writes_what_the_owner_made_later(ready, statement):
    as_role(ready, "shop_app", statement)


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("shop_app", "CREATE TABLE p_new.other (x int)"),
        ("shop_app", "CREATE TABLE public.other (x int)"),
        ("shop_app", "CREATE SCHEMA p_other"),
        ("shop_app", "DROP TABLE p_new.thing"),
        ("shop_app", "TRUNCATE p_new.thing"),
        ("shop_app", "UPDATE p_new.trail SET x = 2"),
        ("shop_app", "DELETE FROM p_new.trail"),
        ("shop_app", "SELECT * FROM p_new.part_1"),
        ("shop_readonly", "INSERT INTO p_new.thing (x) VALUES (1)"),
        ("shop_readonly", "SELECT * FROM p_new.part_1"),
        ("shop_sealer", "SELECT * FROM p_new.thing"),
    ],
)
def test_no_role_may_do_more_than_its_work(ready, role, statement):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        as_role(ready, role, statement)


def test_setting_up_again_gives_nothing_back(ready):
    assert set_up_server(environment(ready, "shop_owner")) == []
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        as_role(ready, "shop_app", "DELETE FROM p_new.trail")


def test_an_owner_that_may_not_create_roles_gets_the_sql_for_someone_who_may(server):
    names = {"APP_DATABASE_URL": "postgresql://absent_app:hidden-password@db/x"}
    with pytest.raises(NeedsAdministrator) as refused:
        set_up_server({"DATABASE_URL": server.url("poor_owner", "poor_owner"), **names})
    assert 'CREATE ROLE "absent_app"' in str(refused.value)


def test_the_printed_sql_holds_no_password():
    text = administrator_sql({"APP_DATABASE_URL": "postgresql://app:hidden-password@db/x"})
    assert '\\password "app"' in text
    assert "hidden-password" not in text
