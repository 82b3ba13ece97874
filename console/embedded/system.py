"""The children of `manage.py up`, declared from the data folder and the environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from console.embedded.addresses import Addresses, addresses_on
from console.embedded.broker import Broker
from console.embedded.heartbeats import HEARTBEAT_SECONDS, heartbeat_path
from console.embedded.logs import Echo
from console.embedded.managed import Child
from console.embedded.paths import DataFolder
from console.embedded.ports import free_port
from console.embedded.postgres import STOP_SIGNAL, Postgres
from console.embedded.probes import NO_HEARTBEAT, Probe, heartbeat, http_ok, truth
from console.embedded.runtime import Runtime
from console.embedded.secrets import Secrets

WORKER_THREADS = 8
CALLS_END_SECONDS = 45.0
DRAIN_HEARTBEAT_SECONDS = 3.0
WORKER_PATIENCE_SECONDS = 17.0


class BadEnvironment(RuntimeError):
    """The environment names half of what is needed. The message says which half is missing."""


@dataclass(frozen=True, repr=False)
class System:
    """Where everything is in this run. URLs given by the environment mean real servers: none is embedded then."""

    folder: DataFolder
    secrets: Secrets
    web_host: str
    web_port: int
    postgres: Postgres | None
    broker: Broker | None
    owner_url: str
    app_url: str
    broker_url: str
    addresses: Addresses | None
    sandbox_database_url: str

    def postgres_child(self) -> Child:
        assert self.postgres is not None
        return Child(
            name="postgres",
            command=self.postgres.command(),
            probe=truth(self.postgres.ready, "not accepting connections yet"),
            prepare=self.postgres.prepare,
            identity=self.postgres.identity,
            stop_signal=STOP_SIGNAL,
            death_signal=STOP_SIGNAL,
            grace_seconds=30.0,
        )

    def broker_child(self) -> Child:
        assert self.broker is not None
        return Child(
            name="broker",
            command=self.broker.command(),
            probe=truth(self.broker.answers, "does not answer PING"),
            vital=truth(self.broker.answers, "does not answer PING"),
            prepare=self.broker.prepare,
            echo=Echo.NONE,
        )

    def application_children(self) -> list[Child]:
        stores = tuple(name for name, part in (("postgres", self.postgres), ("broker", self.broker)) if part)
        return [
            Child(
                name="web",
                command=self._web_command(),
                probe=http_ok(self.web_port, "/livez", "/readyz"),
                env=self.app_env(),
                vital=http_ok(self.web_port, "/livez"),
                after=stores,
            ),
            self._worker(stores),
            self._beat(stores),
        ]

    def app_env(self) -> dict[str, str]:
        """For whatever serves: the application role's URL and never the owner's."""
        return self._env() | {"APP_DATABASE_URL": self.app_url}

    def owner_env(self) -> dict[str, str]:
        """For the commands that change the schema."""
        urls = {"DATABASE_URL": self.owner_url, "APP_DATABASE_URL": self.app_url}
        return self._env() | urls | {"SIGNALBOX_ROLE": "owner"}

    def _env(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "SIGNALBOX_ROLE")}
        settings = os.environ.get("DJANGO_SETTINGS_MODULE", "console.settings.embedded")
        return kept | {
            "BROKER_URL": self.broker_url,
            "DJANGO_SETTINGS_MODULE": settings,
            "PYTHONUNBUFFERED": "1",
            "SIGNALBOX_DATA": str(self.folder.root),
        }

    def _web_command(self) -> list[str]:
        address = ["--host", self.web_host, "--port", str(self.web_port)]
        return [sys.executable, "-m", "uvicorn", "console.asgi:application", *address, *_WEB_OPTIONS]

    def _worker(self, stores: tuple[str, ...]) -> Child:
        probe = worker_probe(self.folder.run)
        return Child(
            name="worker",
            command=[*_CELERY, "worker", *_WORKER_OPTIONS],
            probe=probe,
            vital=probe,
            patience_seconds=WORKER_PATIENCE_SECONDS,
            env=self.app_env(),
            after=stores,
            prepare=lambda: self._forget("worker", "drain"),
            # The drain finishes the calls it has begun: an interrupted one is an uncertain outcome.
            grace_seconds=CALLS_END_SECONDS,
        )

    def _beat(self, stores: tuple[str, ...]) -> Child:
        probe = _heartbeat(self.folder.run, "beat")
        return Child(
            name="beat",
            command=[*_CELERY, "beat", f"--schedule={self.folder.run}/beat-schedule"],
            probe=probe,
            vital=probe,
            env=self.app_env(),
            after=stores,
            prepare=lambda: self._forget("beat"),
        )

    def _forget(self, *names: str) -> None:
        """The heartbeats of an earlier process say nothing about the next."""
        for name in names:
            heartbeat_path(self.folder.run, name).unlink(missing_ok=True)


_CELERY = [sys.executable, "-m", "celery", "-A", "console"]
_WEB_OPTIONS = [
    # Without it a refusal at start-up would be taken for an application that knows no lifespan, and served.
    "--lifespan=on",
    "--no-server-header",
    "--no-access-log",
    "--no-proxy-headers",
    "--ws-max-size=16384",
    "--timeout-graceful-shutdown=5",
]
_WORKER_OPTIONS = [
    "--pool=threads",
    f"--concurrency={WORKER_THREADS}",
    "--loglevel=INFO",
    "--without-gossip",
    "--without-mingle",
]


def worker_probe(run: Path) -> Probe:
    """Its drain must turn. Its tasks must end, as long as beat hands any out: without beat nothing can be said."""
    worker, beat = _heartbeat(run, "worker"), _heartbeat(run, "beat")
    drain = heartbeat(heartbeat_path(run, "drain"), every_seconds=DRAIN_HEARTBEAT_SECONDS)

    def probe() -> str | None:
        complaint = drain()
        if complaint:
            return f"drain: {complaint}"
        complaint = worker()
        return complaint if complaint == NO_HEARTBEAT or (complaint and beat() is None) else None

    return probe


def _heartbeat(run: Path, name: str) -> Probe:
    return heartbeat(heartbeat_path(run, name), every_seconds=HEARTBEAT_SECONDS)


def plan_system(
    folder: DataFolder,
    secrets: Secrets,
    *,
    before: Runtime,
    web_host: str,
    web_port: int,
    environment: Mapping[str, str],
) -> System:
    """Decide what is embedded and where it listens: on the ports of the last run where they are still free.

    Raises:
        PostgresUnavailable: no PostgreSQL can run here, and DATABASE_URL names none.
        BadEnvironment: DATABASE_URL without APP_DATABASE_URL, or the reverse.
    """
    owner_url, app_url = environment.get("DATABASE_URL", ""), environment.get("APP_DATABASE_URL", "")
    if bool(owner_url) != bool(app_url):
        raise BadEnvironment("set both DATABASE_URL (the owner's) and APP_DATABASE_URL (the application's), or neither")
    postgres = addresses = broker = None
    if not owner_url:
        port = free_port(before.postgres_port)
        postgres = Postgres(folder.postgres, port, secrets.superuser_password)
        addresses = addresses_on(port, secrets)
        owner_url, app_url = addresses.owner, addresses.app
    broker_url = environment.get("BROKER_URL", "")
    if not broker_url:
        broker = Broker(folder.run, free_port(before.broker_port), secrets.broker_password)
        broker_url = broker.url
    return System(
        folder=folder,
        secrets=secrets,
        web_host=web_host,
        web_port=web_port,
        postgres=postgres,
        broker=broker,
        owner_url=owner_url,
        app_url=app_url,
        broker_url=broker_url,
        addresses=addresses,
        sandbox_database_url=addresses.sandbox if addresses else environment.get("SANDBOX_DATABASE_URL", ""),
    )
