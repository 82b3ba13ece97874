"""What the operating system says about a process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

LINUX = sys.platform.startswith("linux")


def is_running(pid: int) -> bool:
    """Alive, and not a zombie that nobody has reaped."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return _state(pid) != "Z"


def command_line(pid: int) -> list[str]:
    """The program and its arguments; empty when it is gone."""
    if LINUX:
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
        except (FileNotFoundError, ProcessLookupError):
            return []
    return _ps(pid, "args=").split()


def _state(pid: int) -> str:
    if LINUX:
        try:
            # The name before it may hold spaces and brackets, so count from the last bracket.
            return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][:1]
        except (FileNotFoundError, ProcessLookupError):
            return "Z"
    return _ps(pid, "stat=")[:1]


def _ps(pid: int, column: str) -> str:
    done = subprocess.run(["ps", "-o", column, "-p", str(pid)], capture_output=True, text=True, check=False)
    return done.stdout.strip()
