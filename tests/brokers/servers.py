"""RabbitMQ and Redis, each a process of the test's own: free port, own folder, the host's service untouched."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from console.embedded.broker import Broker
from tests.chaos.supervisor import Part

RABBIT = Path("/usr/lib/rabbitmq/bin")


def missing(name: str) -> str:
    """Why it cannot run here, or nothing."""
    there = shutil.which("redis-server") if name == "redis" else (RABBIT / "rabbitmq-server").is_file()
    return "" if there else f"no {name}: apt-get install rabbitmq-server redis-server"


@dataclass
class Redis(Broker):
    """Debian's server with the embedded one's settings: the driver is the same, the server is not."""

    def command(self) -> list[str]:
        return [str(shutil.which("redis-server")), str(self._config)]

    def parts(self) -> list[Part]:
        return [Part("broker", self.command(), prepare=self.prepare, flush=self.flush)]

    def flush(self) -> None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 2) as connection:
            connection.sendall(f"AUTH {self.password}\r\nFLUSHALL\r\n".encode())
            connection.recv(64)


@dataclass
class Rabbit:
    """One node with its own name, cookie, database and port mapper. `ports`: AMQP, distribution, mapper."""

    folder: Path
    ports: tuple[int, int, int]
    password: str = field(default="guest", repr=False)

    @property
    def port(self) -> int:
        return self.ports[0]

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    @property
    def environment(self) -> dict[str, str]:
        home = self.folder / "rabbit"
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(home),
            "RABBITMQ_NODENAME": f"signalbox{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.ports[0]),
            "RABBITMQ_DIST_PORT": str(self.ports[1]),
            "ERL_EPMD_PORT": str(self.ports[2]),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
            "RABBITMQ_LOG_BASE": str(home / "log"),
            "RABBITMQ_PID_FILE": str(home / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq"),
            "RABBITMQ_CONF_ENV_FILE": str(home / "rabbitmq-env.conf"),
            # One process instead of a shell with a child: killed is then killed, and stopped is stopped.
            "RUNNING_UNDER_SYSTEMD": "1",
            # Two schedulers and no busy waiting: the machine has work to do.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none",
        }

    def parts(self) -> list[Part]:
        mapper = ["epmd", "-port", str(self.ports[2]), "-address", "127.0.0.1"]
        server = [str(RABBIT / "rabbitmq-server")]
        return [
            # Else the server starts one that outlives it.
            Part("mapper", mapper, env=self.environment),
            Part("broker", server, env=self.environment, prepare=self.prepare, flush=self.flush),
        ]

    def prepare(self) -> None:
        home = self.folder / "rabbit"
        home.mkdir(mode=0o700, exist_ok=True)
        (home / "plugins").write_text("[].")
        (home / "rabbitmq.conf").write_text("log.console = true\nlog.console.level = warning\n")
        (home / "rabbitmq-env.conf").touch()

    def answers(self) -> bool:
        """A server of AMQP refuses what is not its greeting by sending its own."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 2) as connection:
                connection.settimeout(2)
                connection.sendall(b"AMQP\x00\x00\x00\x00")
                return connection.recv(4) == b"AMQP"
        except OSError:
            return False

    def flush(self) -> None:
        """Forget every queue and exchange, as a host does whose disk was replaced."""
        command = [str(RABBIT / "rabbitmqctl"), "-q"]
        for what in ("stop_app", "force_reset", "start_app"):
            node = ["-n", self.environment["RABBITMQ_NODENAME"]]
            subprocess.run([*command, *node, what], env=self.environment, check=True, capture_output=True, timeout=60)


def broker_of(name: str, folder: Path, ports: Callable[[], int]) -> Redis | Rabbit:
    if name == "redis":
        return Redis(folder, ports(), "broker-secret")
    return Rabbit(folder, (ports(), ports(), ports()))
