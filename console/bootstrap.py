"""Makes `.venv` and installs the locked packages: what `make setup` runs, with the system's Python and nothing else.

    python3 console/bootstrap.py

Quick the second time: a stamp in `.venv` remembers the lock and the Python it was made for.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
VENV = PROJECT / ".venv"
LOCK = PROJECT / "requirements-dev.lock"
STAMP = VENV / "signalbox-setup.json"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
OLDEST = (3, 11)
NEEDED_MB = 1500
TAIL_LINES = 15


class Missing(Exception):
    """One sentence: what is missing and how to get it."""


def main() -> int:
    try:
        set_up()
    except Missing as missing:
        sys.stderr.write(f"setup: {missing}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nsetup: interrupted; the next run goes on from here\n")
        return 130
    return 0


def set_up() -> None:
    check_python()
    if is_current():
        return
    began = time.monotonic()
    check_disk()
    make_environment()
    install()
    STAMP.write_text(json.dumps(wanted_stamp()), encoding="utf-8")
    say(f"ready after {time.monotonic() - began:.0f} s")


def check_python() -> None:
    if sys.version_info < OLDEST:
        found = ".".join(str(part) for part in sys.version_info[:3])
        raise Missing(f"Python 3.11 or newer is needed and this is {found}: name another with `make setup PYTHON=...`")
    if importlib.util.find_spec("venv") is None:
        raise Missing("Python's venv module is missing: install it (on Debian: apt-get install python3-venv)")


def check_disk() -> None:
    free_mb = shutil.disk_usage(PROJECT).free // 2**20
    if free_mb < NEEDED_MB and not PYTHON.exists():
        raise Missing(f"{NEEDED_MB} MB of disk are needed for the packages and {free_mb} MB are free")


def is_current() -> bool:
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    return stamp == wanted_stamp() and PYTHON.exists()


def wanted_stamp() -> dict[str, str]:
    """What the environment was made from. The folder too, because a moved environment's scripts name the old one."""
    return {
        "lock": hashlib.sha256(LOCK.read_bytes()).hexdigest(),
        "python": ".".join(str(part) for part in sys.version_info[:2]),
        "folder": str(VENV),
    }


def make_environment() -> None:
    """A usable environment is kept, whoever made it; anything else is replaced."""
    if environment_version() == wanted_stamp()["python"]:
        return
    say(f"making {VENV.name} with Python {sys.version.split()[0]}")
    # Without its own pip where ensurepip is missing (Debian splits it off); then the system's pip installs into it.
    for options in ([], ["--without-pip"]):
        done = subprocess.run(
            [sys.executable, "-m", "venv", "--clear", *options, str(VENV)], capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            return
    reason = ((done.stderr or done.stdout).strip().splitlines() or ["it gave no reason"])[-1]
    raise Missing(f"python -m venv failed ({reason}): on Debian, apt-get install python3-venv may help")


def environment_version() -> str | None:
    """The Python of `.venv`, or None where there is none that runs."""
    try:
        done = subprocess.run(
            [str(PYTHON), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def pip_command() -> list[str]:
    """The environment's own pip, else the system's, told to install there."""
    if runs([str(PYTHON), "-m", "pip", "--version"]):
        return [str(PYTHON), "-m", "pip"]
    system = [sys.executable, "-m", "pip"]
    if not runs([*system, "--version"]):
        raise Missing("pip is missing: install it (on Debian: apt-get install python3-pip)")
    if not runs([*system, "--python", str(PYTHON), "--version"]):
        raise Missing("pip 22.3 or newer is needed: upgrade it, or install python3-venv")
    return [*system, "--python", str(PYTHON)]


def runs(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def install() -> None:
    """Exactly what the lock names, each file checked against its hash."""
    command = [
        *pip_command(),
        "install",
        "--require-hashes",
        "--no-deps",
        "--no-input",
        "--disable-pip-version-check",
        "--root-user-action=ignore",
        "--progress-bar=off",
        "-r",
        str(LOCK),
    ]
    total = len(re.findall(r"^[A-Za-z0-9][^ ]*==", LOCK.read_text(encoding="utf-8"), re.MULTILINE))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        tail = follow(process, Progress(total))
    if process.returncode != 0:
        sys.stderr.write("\n".join([*tail, ""]))
        raise Missing("pip could not install the packages (its last words are above): is the package index reachable?")


def follow(process: subprocess.Popen[str], progress: Progress) -> list[str]:
    """Count what pip says it does; its last lines are kept for when it fails."""
    tail: list[str] = []
    for line in process.stdout or ():
        text = line.rstrip()
        tail = [*tail[-TAIL_LINES:], text]
        if text.startswith(("Collecting ", "Processing ", "Requirement already satisfied: ")):
            progress.advance()
        elif text.startswith("Ignoring "):
            progress.total -= 1
        elif text.startswith("Installing collected packages"):
            progress.say("installing them, which takes as long again")
    return tail


class Progress:
    """A counter that rewrites its line on a terminal and says every tenth elsewhere."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0
        self.terminal = sys.stdout.isatty()

    def advance(self) -> None:
        self.done += 1
        text = f"fetching package {self.done} of {self.total}"
        if self.terminal:
            sys.stdout.write(f"\rsetup: {text} ")
            sys.stdout.flush()
        elif self.done % 10 == 0:
            say(text)

    def say(self, text: str) -> None:
        if self.terminal:
            sys.stdout.write("\n")
        say(text)


def say(text: str) -> None:
    sys.stdout.write(f"setup: {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
