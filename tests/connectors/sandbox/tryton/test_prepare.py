"""The template: whole or not there, built once, copied for everyone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from connectors.sandbox.tryton import dumps, prepare
from tests.support.cluster import run_cluster
from tests.support.tryton import PASSWORD, WORKER

pytestmark = pytest.mark.tryton


@pytest.fixture(scope="module")
def dsn() -> str:
    return run_cluster().wait().url()


@pytest.fixture(scope="module")
def database(dsn: str) -> prepare.Database:
    login = prepare.ensure_role(dsn, PASSWORD)
    prepare.ensure_template(dsn, login)
    return login


@pytest.fixture
def names(dsn: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Template names of this worker's own, so that a test may break them."""
    monkeypatch.setattr(prepare, "TEMPLATE", f"own_template_{WORKER}")
    monkeypatch.setattr(prepare, "BUILDING", f"own_building_{WORKER}")
    yield
    prepare.drop(dsn, prepare.TEMPLATE)
    prepare.drop(dsn, prepare.BUILDING)


def databases(dsn: str) -> set[str]:
    with closing(psycopg.connect(dsn)) as connection:
        return {name for (name,) in connection.execute("SELECT datname FROM pg_database")}


def count(dsn: str, database: prepare.Database, name: str, table: str) -> int:
    parameters = {"host": database.host, "port": database.port, "user": database.user, "password": database.password}
    with closing(psycopg.connect(dbname=name, **parameters)) as connection:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def test_a_half_made_template_is_dropped_and_made_anew(dsn: str, database: prepare.Database, names: None) -> None:
    with closing(psycopg.connect(dsn, autocommit=True)) as connection:
        connection.execute(f"CREATE DATABASE {prepare.BUILDING}")
        connection.execute(f"CREATE DATABASE {prepare.TEMPLATE}")
    lines: list[str] = []
    prepare.ensure_template(dsn, database, say=lines.append)
    assert lines == ["Tryton's template restored from its dump"]
    assert prepare.BUILDING not in databases(dsn)
    assert count(dsn, database, prepare.TEMPLATE, "company_company") == 1


def test_a_whole_template_is_left_alone(dsn: str, database: prepare.Database, tmp_path: Path) -> None:
    lines: list[str] = []
    prepare.ensure_template(dsn, database, cache=tmp_path, say=lines.append)
    assert lines == []


def test_a_dump_that_is_broken_is_not_believed(database: prepare.Database, tmp_path: Path) -> None:
    broken = tmp_path / "broken.dump"
    broken.write_bytes(b"PGDMP and then nothing")
    assert dumps.restore(broken, database, prepare.TEMPLATE) is False


def test_a_copy_is_kept_unless_a_fresh_one_is_asked_for(dsn: str, database: prepare.Database) -> None:
    name = f"copy_{WORKER}"
    prepare.clone(dsn, name, database, fresh=True)
    with closing(psycopg.connect(f"{database.uri()}{name}", autocommit=True)) as connection:
        connection.execute("UPDATE party_party SET name = 'changed' WHERE code = 'WEB'")
    prepare.clone(dsn, name, database)
    changed = "party_party WHERE name = 'changed'"
    assert count(dsn, database, name, changed) == 1
    prepare.clone(dsn, name, database, fresh=True)
    assert count(dsn, database, name, changed) == 0
    prepare.drop(dsn, name)


def test_tryton_has_a_role_of_its_own_that_is_no_superuser(dsn: str, database: prepare.Database) -> None:
    assert database.user == prepare.ROLE
    with closing(psycopg.connect(dsn)) as connection:
        row = connection.execute(
            "SELECT rolsuper, rolbypassrls, rolcreatedb FROM pg_roles WHERE rolname = %s", [prepare.ROLE]
        ).fetchone()
    assert row == (False, False, False)


def test_where_no_role_can_be_made_tryton_uses_the_one_given(database: prepare.Database) -> None:
    own = prepare.ensure_role(f"{database.uri()}postgres", "ignored")
    assert own == database
