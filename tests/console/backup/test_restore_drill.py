"""The drill: traffic, a backup, more traffic, a partner's schema destroyed, and the way back to the moment before.

Everything runs as on a real host: PostgreSQL with its log kept, a web, a worker, shops that send, a target that
answers; the commands as processes of their own.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from console.embedded.paths import DataFolder
from console.embedded.ports import free_port
from console.embedded.postgres import Postgres, stop_process
from console.embedded.runtime import Runtime, save_runtime
from console.embedded.secrets import load_secrets
from tests.chaos import acks, clock
from tests.chaos.plan import Profile
from tests.chaos.system import System
from tests.paths import ROOT

pytestmark = [pytest.mark.e2e]

PROFILE = Profile(seed=11, seconds=20.0, rate=25.0, partners=2, retailers=1, webs=1, workers=1, wrong=0.0)
BROKEN, OTHER = "partner1", "partner2"
CALM_SECONDS = 90.0


@dataclass
class Drill:
    system: System
    backups: Path
    told: dict[str, str] = field(default_factory=dict)

    @property
    def schemas(self) -> dict[str, str]:
        return self.system.world.schemas

    def manage(self, *arguments: str, good: bool = True, **more: str) -> str:
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
        ours = {"SIGNALBOX_DATA": str(self.system.data.root), "DJANGO_SETTINGS_MODULE": "console.settings.embedded"}
        env = kept | ours | {"PYTHONPATH": self.system.app_env()["PYTHONPATH"]}
        command = [sys.executable, "-W", "ignore", "manage.py", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=env | more, capture_output=True, text=True, timeout=300)
        assert (done.returncode == 0) == good, done.stdout + done.stderr
        return done.stdout + done.stderr

    def tell(self, what: str, told: str) -> None:
        lines = [line for line in told.splitlines() if re.search(r"rows,|RPO|took|minutes|only in the live", line)]
        self.told[what] = "; ".join(lines)

    def rows(self, query: str, schema: str, *given: object) -> list[tuple]:
        with self.system.superuser() as connection:
            return connection.execute(sql.SQL(query).format(schema=sql.Identifier(schema)), given).fetchall()

    def acknowledged(self, partner: str, *, until: float | None = None) -> set[str]:
        found = (one for one in acks.read(self.system.acks) if one.partner == partner and one.status in acks.YES)
        return {one.event_id for one in found if until is None or one.at + one.seconds <= until}

    def stored(self, schema: str) -> set[str]:
        return {row[0] for row in self.rows("SELECT event_id FROM {schema}.ledger_message", schema)}

    def quiet(self, schemas: list[str]) -> bool:
        with suppress(psycopg.OperationalError), self.system.superuser() as connection:
            clock.hurry(connection, schemas)
            return clock.busy(connection, schemas) == 0
        return False

    def wait(self, condition, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "it never became so"
            self.system.supervisor.tick()
            time.sleep(0.2)


DELIVERIES = "SELECT id, state, attempts, document_id FROM {schema}.ledger_delivery ORDER BY id"
RESTORED = "SELECT outcome FROM {schema}.audit_auditevent WHERE action = 'partner.restored'"


@pytest.fixture
def drill(tmp_path: Path) -> Iterator[Drill]:
    folder = tmp_path / "run"
    folder.mkdir()
    system = System(PROFILE, folder)
    try:
        system.start()
        save_runtime(system.data, Runtime(postgres_port=system._postgres_port))
        yield Drill(system, tmp_path / "backups")
    finally:
        system.supervisor.end()
        shutil.rmtree(folder, ignore_errors=True)


def test_a_destroyed_partner_comes_back_as_it_was_and_so_does_a_lost_disk(drill: Drill, record_property):
    system, schema = drill.system, drill.schemas[BROKEN]
    system.start_load()
    began = time.monotonic()
    drill.wait(lambda: time.monotonic() - began > PROFILE.seconds / 3, 30)
    drill.told["backup"] = drill.manage("backup", "--to", str(drill.backups)).splitlines()[0]
    drill.wait(lambda: time.monotonic() - began > PROFILE.seconds * 2 / 3, 60)
    midway = time.time()
    drill.wait(system.load_ended, 60)
    drill.wait(lambda: drill.quiet(list(drill.schemas.values())), CALM_SECONDS)
    system.supervisor.stop("worker1", "web1", "beat")
    before, others, facts = drill.stored(schema), drill.stored(drill.schemas[OTHER]), drill.rows(DELIVERIES, schema)
    assert before == drill.acknowledged(BROKEN)

    moment = datetime.now(UTC)
    destroy(drill, schema)
    _comes_back(drill, schema, moment, before, facts)
    assert drill.stored(drill.schemas[OTHER]) == others
    _stands_beside(drill, schema, midway, before)
    _disk_is_lost(drill, before)
    record_property("figures", drill.told)


def destroy(drill: Drill, schema: str) -> None:
    with drill.system.superuser() as connection:
        connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema)))
        connection.execute(
            "DELETE FROM partners_domain USING partners_partner p WHERE p.id = tenant_id AND p.key = %s", [BROKEN]
        )
        connection.execute("DELETE FROM partners_partner WHERE key = %s", [BROKEN])


def _comes_back(drill: Drill, schema: str, moment: datetime, before: set[str], facts: list[tuple]) -> None:
    asked = ["restore", "--partner", BROKEN, "--at", moment.isoformat(), "--replace", "--reason", "drill"]
    assert "not confirmed" in drill.manage(*asked, "--confirm", OTHER, good=False)
    told = drill.manage(*asked, "--confirm", BROKEN)
    drill.tell("the partner", told)
    assert "WRONG" not in told and told.count("ok   ") >= 9
    assert "nothing that was committed before the moment" in told
    assert drill.stored(schema) == before and drill.rows(DELIVERIES, schema) == facts
    assert re.search(r"2 targets held, (\d+) of \1 secrets open", told), told
    assert drill.rows("SELECT DISTINCT breaker FROM {schema}.engine_endpoint", schema) == [("held",)]
    assert drill.rows(RESTORED, schema) == [("done",)]
    hosts = "SELECT domain FROM partners_domain d JOIN partners_partner p ON p.id = d.tenant_id WHERE schema_name = %s"
    assert drill.rows(hosts, schema, schema) == [(f"{BROKEN}.localhost",)]


def _stands_beside(drill: Drill, schema: str, midway: float, before: set[str]) -> None:
    """Under load, in the middle of everything: what was acknowledged by then is there, the live one stays."""
    told = drill.manage("restore", "--partner", BROKEN, "--at", datetime.fromtimestamp(midway, UTC).isoformat())
    drill.tell("a moment under load", told)
    beside = re.search(r"beside the live one as (p_\w+)", told)[1]
    stored = drill.stored(beside)
    assert "WRONG" not in told
    assert drill.acknowledged(BROKEN, until=midway) <= stored < before
    assert f"{len(before - stored):,} messages are only in the live one" in told
    assert drill.stored(schema) == before


def _disk_is_lost(drill: Drill, before: set[str]) -> None:
    """Only the backup folder is left; its keys lie elsewhere."""
    drill.system.supervisor.stop("postgres")
    lost = drill.system.data.root.rename(drill.system.folder / "lost")
    new = DataFolder(drill.system.folder / "new")
    told = drill.manage("restore", "--from", str(drill.backups), "--to", str(new.root))
    drill.tell("a lost disk", told)
    cluster = Postgres(new.postgres, free_port(), load_secrets(new).superuser_password)
    process = cluster.start()
    try:
        with psycopg.connect(cluster.url("signalbox")) as connection:
            query = sql.SQL("SELECT event_id FROM {}.ledger_message").format(sql.Identifier(drill.schemas[BROKEN]))
            assert {row[0] for row in connection.execute(query)} == before
    finally:
        stop_process(process)
    keys = {path.read_bytes() for path in (lost / "keys").rglob("*.key")}
    assert keys and not list(new.keys.rglob("*.key"))
    for packed in drill.backups.glob("base/*/base.tar.gz"):
        with tarfile.open(packed) as archive:
            assert not [name for name in archive.getnames() if name.endswith((".key", "secrets.json"))]
