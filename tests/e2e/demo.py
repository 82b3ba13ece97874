"""The demo as a test sees it from outside: the process tree, the stand-in shop, the ERP and the database."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row

from connectors.sandbox.shopify.client import ShopControl
from connectors.sandbox.shopify.settings import app_of
from connectors.sandbox.tryton.catalogue import Catalogue
from connectors.sandbox.tryton.rpc import Session
from console.embedded.addresses import addresses_on
from console.embedded.files import read_json
from console.embedded.paths import DataFolder
from console.embedded.ports import free_port
from console.embedded.processes import command_line, is_running
from console.embedded.runtime import Runtime, load_runtime
from console.embedded.secrets import load_secrets
from tenants import roles
from tests.paths import ROOT
from tests.support.waiting import eventually

NORTHGATE, TIDEWATER = "northgate.localhost", "tidewater.localhost"
READY_SECONDS = 150.0
# The first time ever Tryton's template is built: half a minute alone, more on a busy machine.
ERP_SECONDS = 240.0
STOP_SECONDS = 90.0
POLL_SECONDS = 0.2
OURS = ("DATABASE_URL", "APP_DATABASE_URL", "BROKER_URL", "DJANGO_SETTINGS_MODULE", "SIGNALBOX_")
# What is in the command of each child and of no other.
COMMANDS = {
    "postgres": "/postgres ",
    "broker": "valkey-server",
    "web": "uvicorn console.asgi",
    "worker": "celery -A console worker",
    "beat": "celery -A console beat",
    "shopify": "-m connectors.sandbox.shopify ",
    "tryton": "-m connectors.sandbox.tryton ",
    "outage": "-m connectors.sandbox.outage_proxy ",
    "scenario": "manage.py demo",
}


class Demo:
    """One `manage.py up --demo` on a data folder of its own. Everything but `shop` and `catalogue` only looks."""

    def __init__(self, root: Path) -> None:
        self.folder = DataFolder(root / "data")
        self.port = free_port()
        self.output = root / "up.out"

    # -- its life ------------------------------------------------------------------------------------------------

    @property
    def env(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        return kept | {"SIGNALBOX_DATA": str(self.folder.root)}

    def start(self) -> None:
        """Until the console is ready, and Tryton too."""
        command = [sys.executable, "manage.py", "up", "--demo", "--port", str(self.port)]
        command += ["--data", str(self.folder.root)]
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=self.env, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        self._until(lambda: "ready after" in self.said(), READY_SECONDS)
        self._until(lambda: self.told.get("ready"), ERP_SECONDS)

    def _until(self, condition: Any, seconds: float) -> None:
        eventually(
            lambda: condition() or self.process.poll() is not None, within_seconds=seconds, every_seconds=POLL_SECONDS
        )
        assert self.process.poll() is None, self.said()

    def stop(self) -> None:
        """As Ctrl-C does. Raises when it does not end by itself."""
        self.resume()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(STOP_SECONDS)

    def kill(self) -> None:
        """Whatever is left of it, for a run that failed."""
        for pid in self.left_running():
            os.kill(pid, signal.SIGKILL)

    def left_running(self) -> list[int]:
        """Every process that has our data folder in its command or environment, whoever its parent is."""
        mark = str(self.folder.root).encode()
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            try:
                ours = mark in (place / "cmdline").read_bytes() or mark in (place / "environ").read_bytes()
            except OSError:
                continue
            if ours and is_running(int(place.name)):
                found.append(int(place.name))
        return found

    def said(self) -> str:
        return self.output.read_text()

    def lives(self, name: str) -> list[str]:
        """What `up` said of this child so far: "starting", "healthy", "restarting: killed by SIGKILL", …"""
        states = "waiting|starting|healthy|unhealthy|restarting|stopping|stopped"
        return re.findall(rf"^ *{name}  ((?:{states})\b.*)$", self.said(), re.MULTILINE)

    def killed(self, name: str) -> int:
        """How often `up` saw it killed."""
        return self.lives(name).count("restarting: killed by SIGKILL")

    # -- its children --------------------------------------------------------------------------------------------

    def children(self) -> dict[str, int]:
        """Name → pid of what `up` runs now."""
        text = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        commands = {int(pid): " ".join(command_line(int(pid))) for pid in text.split()}
        return {name: pid for name, part in COMMANDS.items() for pid, command in commands.items() if part in command}

    def kill_9(self, *names: str) -> None:
        """At the same moment; returns when `up` has noticed every death."""
        eventually(lambda: set(names) <= self.children().keys(), within_seconds=60, every_seconds=POLL_SECONDS)
        seen, running = {name: self.killed(name) for name in names}, self.children()
        for name in names:
            os.kill(running[name], signal.SIGKILL)
        for name in names:
            eventually(lambda name=name: self.killed(name) > seen[name], within_seconds=20, every_seconds=POLL_SECONDS)

    def wait_until_healthy(self) -> None:
        """All of them, by the last word of `up`."""
        eventually(
            lambda: all(self.lives(name)[-1] == "healthy" for name in COMMANDS),
            within_seconds=READY_SECONDS,
            every_seconds=POLL_SECONDS,
        )

    def pause(self) -> None:
        """Stop the scenario's clock: nothing happens in the shop but what a test does."""
        os.kill(self.children()["scenario"], signal.SIGSTOP)

    def resume(self) -> None:
        if "scenario" in self.children():
            os.kill(self.children()["scenario"], signal.SIGCONT)

    # -- its addresses and secrets -------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        return f"http://{NORTHGATE}:{self.port}"

    @cached_property
    def runtime(self) -> Runtime:
        return load_runtime(self.folder)

    @property
    def told(self) -> dict[str, Any]:
        """What the sandbox's Tryton wrote down about itself."""
        return read_json(self.folder.sandbox("tryton") / "tryton.json")

    @property
    def password(self) -> str:
        """Everybody's: one for the whole demo."""
        return read_json(self.folder.root / "demo.json")["password"]

    @property
    def shop_secrets(self) -> tuple[str, str]:
        app = app_of(self.journal)
        return app.token, app.secret

    # -- the three accounts of what happened ---------------------------------------------------------------------

    @property
    def journal(self) -> Path:
        """The shop's: for the functions of `connectors.sandbox.shopify.journal`."""
        return self.folder.sandbox("shopify")

    @cached_property
    def shop(self) -> ShopControl:
        return ShopControl(self.runtime.sandbox["shopify"], timeout=30)

    @cached_property
    def erp(self) -> Session:
        """Tryton's administrator, past the proxy that may be away."""
        told = self.told
        return Session(self.runtime.sandbox["tryton"], told["database"], told["admin"], told["admin_password"])

    @cached_property
    def catalogue(self) -> Catalogue:
        return Catalogue(self.erp)

    @contextmanager
    def database(self) -> Iterator[psycopg.Connection[dict[str, Any]]]:
        """Northgate's schema as the superuser sees it, read only."""
        superuser = addresses_on(self.runtime.postgres_port or 0, load_secrets(self.folder)).superuser
        address = make_conninfo(superuser, dbname=roles.DATABASE, options="-c default_transaction_read_only=on")
        with psycopg.connect(address, autocommit=True, row_factory=dict_row) as connection:
            if schema := self._schema(connection):
                connection.execute(sql.SQL("SET search_path TO {}, public").format(sql.Identifier(schema)))
            yield connection

    def rows(self, query: str, *parameters: Any) -> list[dict[str, Any]]:
        with self.database() as connection:
            return connection.execute(query, parameters).fetchall()

    def count(self, query: str, *parameters: Any) -> int:
        ((number,),) = (row.values() for row in self.rows(query, *parameters))
        return number

    def _schema(self, connection: psycopg.Connection[dict[str, Any]]) -> str:
        query = "SELECT schema_name FROM public.partners_partner WHERE key = 'northgate'"
        found = connection.execute(query).fetchone()
        return found["schema_name"] if found else ""

    # -- what people do with it ----------------------------------------------------------------------------------

    def manage(self, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self.env, capture_output=True, text=True, check=False, timeout=timeout
        )

    def is_quiet(self) -> bool:
        """The shop has nothing left to tell, everything told is routed, and no free lane has work."""
        return not self.shop.stats()["outbox"].get("waiting") and not self._busy()

    def _busy(self) -> int:
        return self.count(
            "SELECT (SELECT count(*) FROM ledger_message"
            "        WHERE position > (SELECT position FROM engine_head WHERE id = 2))"
            "     + (SELECT count(*) FROM engine_behind)"
            "     + (SELECT count(*) FROM engine_entry e JOIN engine_lane l ON l.id = e.lane_id WHERE NOT l.parked)"
        )

    def wait_until_quiet(self, *, within_seconds: float) -> None:
        eventually(self._quiet_or_away, within_seconds=within_seconds, every_seconds=0.5)

    def _quiet_or_away(self) -> bool:
        try:
            return self.is_quiet()
        except (psycopg.OperationalError, OSError):
            return False
