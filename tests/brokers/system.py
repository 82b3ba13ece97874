"""The product as on two hosts: a chaos run's processes on a broker of Debian's, each worker with a host of its own.

What the hosts share is what `docs/how-to/scale-out.md` says: the settings by environment, and the key files.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from console.embedded.heartbeats import heartbeat_path
from console.embedded.paths import DataFolder
from tests.brokers.servers import Rabbit, Redis, broker_of
from tests.chaos.plan import Profile
from tests.chaos.supervisor import Part
from tests.chaos.system import POLL_SECONDS, System, free_ports

# What a second host needs, and nothing else. The rest of a process's environment is its own host's.
SHARED_SETTINGS = ("DJANGO_SETTINGS_MODULE", "SECRET_KEY", "APP_DATABASE_URL", "BROKER_URL")
OWN_FOLDERS = ("SIGNALBOX_KEYS_DIR", "SIGNALBOX_DATA")
# What makes Python run and find the fake ERP's connectors.
PYTHON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH", "PYTHONUNBUFFERED")


@dataclass
class Hosts(System):
    """`broker`: "rabbitmq" or "redis". Two beats, as after a careless move from one host to the other."""

    broker: str = "redis"

    def __post_init__(self) -> None:
        super().__post_init__()
        ports = iter(free_ports(3))
        self._broker: Rabbit | Redis = broker_of(self.broker, self.data.root, lambda: next(ports))

    def host_of(self, worker: str) -> DataFolder:
        return DataFolder(self.folder / f"host-of-{worker}")

    def heartbeat_age(self, worker: str, name: str) -> float:
        """Seconds since that worker's drain turned, or since it ended a task."""
        path = heartbeat_path(self.host_of(worker).run, name)
        return time.time() - path.stat().st_mtime if path.exists() else float("inf")

    def broker_answers(self) -> bool:
        return self._broker.answers()

    def wait(self, condition: Callable[[], object], seconds: float) -> float:
        """Keep everything running until it holds. How many seconds it took; fails when it never does."""
        began = time.monotonic()
        while not condition():
            assert time.monotonic() - began < seconds, f"not within {seconds} s"
            self.supervisor.tick()
            time.sleep(POLL_SECONDS)
        return round(time.monotonic() - began, 1)

    def one(self, query: str) -> int:
        """A number over all partners: `query` names their schema as {schema}."""
        with self.superuser() as connection:
            asked = [query.format(schema=schema) for schema in self.world.schemas.values()]
            return sum(connection.execute(one).fetchone()[0] for one in asked)

    def _declare(self) -> None:
        super()._declare()
        parts = self.supervisor.parts
        self.supervisor.start(*parts.keys() & {"mapper"})
        for name in self.workers:
            parts[name].env = self._host_env(name)
            parts[name].prepare = lambda name=name: self._furnish(name)
        schedule = f"--schedule={self.folder}/second-beat-schedule"
        command = [one if not one.startswith("--schedule") else schedule for one in parts["beat"].command]
        self.supervisor.add(Part("second-beat", command, env=parts["beat"].env))

    def _broker_parts(self) -> list[Part]:
        return self._broker.parts()

    def _host_env(self, worker: str) -> dict[str, str]:
        ours, host = self.app_env(), self.host_of(worker)
        given = {name: ours[name] for name in (*SHARED_SETTINGS, *PYTHON) if name in ours}
        return given | dict(zip(OWN_FOLDERS, (str(host.keys), str(host.root)), strict=True))

    def _furnish(self, worker: str) -> None:
        host = self.host_of(worker)
        host.create()
        shutil.copytree(self.data.keys, host.keys, dirs_exist_ok=True)


@contextmanager
def hosts(profile: Profile, folder: Path, broker: str) -> Iterator[Hosts]:
    """Ready and with two beats; nothing is left of it afterwards."""
    folder.chmod(0o755)  # PostgreSQL may have to run as somebody else
    system = Hosts(profile, folder, broker=broker)
    try:
        system.start()
        system.supervisor.start("second-beat")
        yield system
    finally:
        system.supervisor.end()
