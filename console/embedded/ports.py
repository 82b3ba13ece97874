"""Free ports on this machine's loopback."""

from __future__ import annotations

import errno
import socket


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen there now. SO_REUSEADDR, because servers set it too."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL):
                return False
            raise
    return True


def free_port(preferred: int | None = None) -> int:
    """The preferred port if nobody has it, else one the kernel picks."""
    if preferred and is_free(preferred):
        return preferred
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def free_ports(preferred: list[int | None]) -> list[int]:
    """As many different ports as are asked for, each the preferred one if nobody has it."""
    chosen: list[int] = []
    for wanted in preferred:
        port = free_port(wanted)
        while port in chosen:
            port = free_port()
        chosen.append(port)
    return chosen
