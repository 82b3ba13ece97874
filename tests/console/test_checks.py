"""What doctor and start-up refuse, against real roles of the run's PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import psycopg
import pytest

from console.checks import (
    Level,
    UnsafeDatabase,
    database_facts,
    judge_clock,
    judge_disk,
    judge_durability,
    judge_settings,
    refuse_unsafe_database,
)
from console.embedded.ports import free_port
from tests.paths import ROOT
from tests.support.plugin import DATABASE

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


pytestmark = pytest.mark.usefixtures("django_db_setup")


def test_the_application_role_is_accepted(cluster):
    with psycopg.connect(cluster.app_url(DATABASE)) as connection:
        refuse_unsafe_database(connection, durable=False)


@pytest.mark.parametrize(
    ("user", "why"), [("postgres", "is a superuser"), ("signalbox_owner", "is the database's owner")]
)
def test_a_role_that_policies_do_not_bind_is_refused(cluster, user, why):
    with (
        psycopg.connect(cluster.url(DATABASE, user)) as connection,
        pytest.raises(UnsafeDatabase, match=why),
    ):
        refuse_unsafe_database(connection, durable=False)


def test_a_role_that_may_become_one_with_bypassrls_is_refused(cluster):
    with psycopg.connect(cluster.url(DATABASE)) as admin:
        admin.execute("CREATE ROLE bypasser BYPASSRLS")
        admin.execute("CREATE ROLE sneaky IN ROLE bypasser")
        admin.execute("SET SESSION AUTHORIZATION sneaky")
        with pytest.raises(UnsafeDatabase, match="BYPASSRLS"):
            refuse_unsafe_database(admin, durable=False)
        admin.rollback()


def test_a_partition_open_to_the_application_is_refused(cluster):
    with psycopg.connect(cluster.url(DATABASE)) as admin:
        admin.execute("CREATE TABLE parent (id int) PARTITION BY RANGE (id)")
        admin.execute("CREATE TABLE child PARTITION OF parent FOR VALUES FROM (0) TO (1)")
        admin.execute("GRANT SELECT ON child TO signalbox_app")
        admin.execute("SET SESSION AUTHORIZATION signalbox_app")
        with pytest.raises(UnsafeDatabase, match="public.child"):
            refuse_unsafe_database(admin, durable=False)
        admin.rollback()


def test_a_database_that_would_lose_commits_is_refused(cluster):
    with psycopg.connect(cluster.app_url(DATABASE)) as connection:
        with pytest.raises(UnsafeDatabase, match="fsync is off"):
            refuse_unsafe_database(connection)
        texts = [finding.text for finding in judge_durability(database_facts(connection))]
    assert [text.partition(" ")[0] for text in texts] == ["fsync", "synchronous_commit", "full_page_writes"]


def test_clocks_may_differ_by_two_seconds():
    assert judge_clock(NOW, NOW + timedelta(seconds=1)).level == Level.OK
    assert judge_clock(NOW, NOW + timedelta(seconds=3)).level == Level.FAIL


@pytest.mark.parametrize(("free_mb", "level"), [(100, Level.FAIL), (5000, Level.OK)])
def test_a_full_disk_is_foreseen(free_mb, level):
    assert judge_disk(free_mb * 2**20, "data").level == level


@pytest.mark.parametrize(
    ("key", "debug"), [("short", False), ("x" * 80, False), ("django-insecure-" + "abcdefgh" * 8, False), ("", True)]
)
def test_a_weak_key_or_debug_is_a_failure(key, debug):
    chosen = SimpleNamespace(SECRET_KEY=key or "abcdefghij" * 6, DEBUG=debug)
    assert [finding.level for finding in judge_settings(chosen)] == [Level.FAIL]


@pytest.mark.parametrize("process", ["web", "worker"])
def test_a_process_that_serves_refuses_to_start_as_the_owner(cluster, process):
    env = os.environ | {"APP_DATABASE_URL": cluster.owner_url(DATABASE), "BROKER_URL": "memory://"}
    commands = {
        "web": ["uvicorn", "console.asgi:application", "--port", str(free_port()), "--lifespan", "on"],
        "worker": ["celery", "-A", "console", "worker", "--pool=solo", "--without-gossip", "--without-mingle"],
    }
    command = [sys.executable, "-m", *commands[process]]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert "is the database's owner" in done.stderr + done.stdout
