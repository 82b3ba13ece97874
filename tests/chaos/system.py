"""What runs in a chaos run, and how: PostgreSQL, broker, webs, workers, beat, fake ERP, proxy, load."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import msgspec
import psycopg

from console.embedded.addresses import Addresses, addresses_on
from console.embedded.broker import Broker
from console.embedded.paths import DataFolder
from console.embedded.ports import is_free
from console.embedded.postgres import STOP_SIGNAL, Postgres
from console.embedded.probes import http_ok
from console.embedded.secrets import load_secrets
from console.roles import set_up_embedded
from tests.chaos.plan import Profile, Shop, shops
from tests.chaos.supervisor import Part, Supervisor
from tests.chaos.world import Wanted, World

READY_SECONDS = 120.0
POLL_SECONDS = 0.05
# Below what the kernel gives away for outgoing connections: nobody takes a port while its owner is dead.
PORTS = range(15_000, 30_000)
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "SYSTEMROOT")


class NotReady(RuntimeError):
    """Something did not come up. The message says what, and where its log is."""


@dataclass
class System:
    """Everything of one run, in `folder`."""

    profile: Profile
    folder: Path
    supervisor: Supervisor = field(init=False)
    world: World = field(init=False)

    def __post_init__(self) -> None:
        self.data = DataFolder(self.folder / "data")
        self.data.create()
        self.supervisor = Supervisor(self.data.log)
        self.shops: list[Shop] = shops(self.profile)
        self._secrets = load_secrets(self.data)
        ports = free_ports(4 + self.profile.webs + len(self.accounts))
        self._broker_port, self._erp_port, self._postgres_port, *rest = ports
        self.webs, self._proxies = rest[: self.profile.webs], rest[self.profile.webs :]
        self._postgres = Postgres(self.data.postgres, self._postgres_port, self._secrets.superuser_password)
        self._broker = Broker(self.data.root, self._broker_port, self._secrets.broker_password)

    # -- where things are --------------------------------------------------------------------------------------------

    @property
    def accounts(self) -> list[tuple[str, int]]:
        """(key of the connection, class), in the order of the proxy's ports."""
        return [(books.key, books.idempotency) for shop in self.shops for books in shop.books]

    @property
    def addresses(self) -> Addresses:
        return addresses_on(self._postgres_port, self._secrets)

    @property
    def acks(self) -> Path:
        return self.folder / "acks.jsonl"

    @property
    def journal(self) -> Path:
        return self.folder / "erp.jsonl"

    @property
    def people(self) -> Path:
        return self.folder / "people.jsonl"

    @property
    def world_file(self) -> Path:
        return self.folder / "world.json"

    @property
    def workers(self) -> list[str]:
        return [f"worker{n + 1}" for n in range(self.profile.workers)]

    @property
    def web_names(self) -> list[str]:
        return [f"web{n + 1}" for n in range(self.profile.webs)]

    def superuser(self) -> psycopg.Connection:
        """For the harness only: it moves the clock and looks whether all is quiet."""
        parts = self.addresses.superuser.rpartition("/")[0]
        return psycopg.connect(f"{parts}/signalbox", autocommit=True, connect_timeout=2)

    # -- coming up ---------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Until it could take the first event. Raises NotReady."""
        self._declare()
        self.supervisor.start("postgres", "broker", "erp", "proxy")
        self._until(self._postgres.ready, "postgres")
        set_up_embedded(self.addresses.superuser, self.addresses.owner, self._secrets)
        self._make_world()
        self.supervisor.start(*self.web_names, *self.workers, "beat")
        for name, port in zip(self.web_names, self.webs, strict=True):
            self._until(lambda port=port: http_ok(port, "/livez", "/readyz")() is None, name)
        self._until(self._drains_live, self.workers[-1])

    def start_load(self) -> None:
        self.supervisor.start("load", "people")

    def load_ended(self) -> bool:
        return self.supervisor.parts["load"].pid is None

    def _until(self, condition: Callable[[], bool], name: str) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                raise NotReady(f"{name} is not ready: see {self.supervisor.log(name)}")
            self.supervisor.tick()
            time.sleep(POLL_SECONDS)

    def _drains_live(self) -> bool:
        """Every worker's drain holds the lock that says so."""
        with self.superuser() as connection:
            query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'signalbox drain'"
            return connection.execute(query).fetchone()[0] >= self.profile.workers

    def _make_world(self) -> None:
        wanted = self.folder / "wanted.json"
        wanted.write_bytes(msgspec.json.encode(Wanted(self.shops, self._urls())))
        python = [sys.executable, "-W", "ignore"]
        migrate = [*python, "manage.py", "migrate_schemas", "--shared", "--skip-checks", "-v", "0"]
        self.supervisor.run("migrate", migrate, self.owner_env())
        build = [*python, "-m", "tests.chaos.world", str(wanted), str(self.world_file)]
        self.supervisor.run("world", build, self.owner_env())
        self.world = msgspec.json.decode(self.world_file.read_bytes(), type=World)

    def _urls(self) -> dict[str, str]:
        return {
            key: f"http://127.0.0.1:{port}/{idempotency}/{key}"
            for (key, idempotency), port in zip(self.accounts, self._proxies, strict=False)
        }

    # -- what runs ---------------------------------------------------------------------------------------------------

    def app_env(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        plugin = Path(__file__).parent / "plugin"
        return kept | {
            "DJANGO_SETTINGS_MODULE": "tests.chaos.settings",
            "SECRET_KEY": self._secrets.django_secret_key,
            "APP_DATABASE_URL": self.addresses.app,
            "BROKER_URL": self._broker.url,
            "SIGNALBOX_KEYS_DIR": str(self.data.keys),
            "SIGNALBOX_DATA": str(self.data.root),
            "PYTHONPATH": str(plugin),
            "PYTHONUNBUFFERED": "1",
        }

    def owner_env(self) -> dict[str, str]:
        return self.app_env() | {"DATABASE_URL": self.addresses.owner, "SIGNALBOX_ROLE": "owner"}

    def _declare(self) -> None:
        postgres, add = self._postgres, self.supervisor.add
        add(
            Part(
                "postgres",
                postgres.command(),
                identity=postgres.identity,
                prepare=postgres.prepare,
                stop_signal=STOP_SIGNAL,
                death_signal=STOP_SIGNAL,
            )
        )
        for part in self._broker_parts():
            add(part)
        env, python = self.app_env(), [sys.executable, "-W", "ignore", "-m"]
        seed = ["--seed", str(self.profile.seed)]
        erp = ["--port", str(self._erp_port), "--journal", str(self.journal), "--rate", str(self.profile.wrong)]
        add(Part("erp", [*python, "tests.chaos.fake_erp", *erp, *seed], env=env))
        ports = ",".join(map(str, self._proxies[: len(self.accounts)]))
        add(
            Part("proxy", [*python, "tests.chaos.proxy", "--to", str(self._erp_port), "--ports", ports, *seed], env=env)
        )
        for name, port in zip(self.web_names, self.webs, strict=True):
            add(Part(name, [*python, "uvicorn", "console.asgi:application", "--port", str(port), *_WEB], env=env))
        for name in self.workers:
            add(Part(name, [*python, "celery", "-A", "console", "worker", "-n", name, *_WORKER], env=env))
        schedule = f"--schedule={self.folder}/beat-schedule"
        add(Part("beat", [*python, "celery", "-A", "console", "beat", schedule], env=env))
        add(Part("people", self.people_command(), env=env, once=True))
        webs, profile = ",".join(map(str, self.webs)), self.profile
        size = ["--webs", webs, "--rate", str(profile.rate), "--seconds", str(profile.seconds)]
        add(
            Part(
                "load",
                [*python, "tests.chaos.load", str(self.world_file), str(self.acks), *size, *seed],
                env=env,
                once=True,
            )
        )

    def people_command(self) -> list[str]:
        python = [sys.executable, "-W", "ignore", "-m", "tests.chaos.people"]
        return [*python, str(self.world_file), str(self.people), "--seed", str(self.profile.seed)]

    def _broker_parts(self) -> list[Part]:
        broker = self._broker
        return [Part("broker", broker.command(), prepare=broker.prepare, flush=self._flush_broker)]

    def _flush_broker(self) -> None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self._broker_port), 2) as connection:
            connection.sendall(f"AUTH {self._secrets.broker_password}\r\nFLUSHALL\r\n".encode())
            connection.recv(64)


_WEB = ["--lifespan=on", "--no-server-header", "--no-access-log", "--no-proxy-headers", "--log-level=warning"]
_WORKER = ["--pool=threads", "--concurrency=2", "--loglevel=INFO", "--without-gossip", "--without-mingle"]


def free_ports(count: int) -> list[int]:
    """Free now. Chosen by chance: they say nothing about the run."""
    found: list[int] = []
    for port in Random().sample(PORTS, len(PORTS)):
        if is_free(port):
            found.append(port)
        if len(found) == count:
            return found
    raise NotReady("no free ports")
