"""PostgreSQL's own programs against a database, its password in the environment and never in the arguments."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

from console.embedded.binaries import find_binaries

# Row-level security binds also the owner: without it pg_dump would see nothing, or refuse.
_SEES_ALL = "-c app.retailers=* -c statement_timeout=0"


class ProgramFailed(RuntimeError):
    """One of PostgreSQL's programs ended badly. The message is the end of what it said."""


def postgres_program(name: str, arguments: Sequence[str], *, url: str) -> str:
    """Run to the end; what it said on stdout. Raises ProgramFailed.

    `url` is a server's, or `postgresql:///name?host=/folder` for a socket.
    """
    program = str(find_binaries() / name)
    done = subprocess.run(
        [program, *arguments, "--no-password"],
        env=_environment(url),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ProgramFailed(f"{name} failed: {(done.stderr or done.stdout).strip()[-1200:]}")
    return done.stdout


def _environment(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    query = dict(pair.split("=", 1) for pair in parts.query.split("&") if pair)
    given = {
        "PGHOST": unquote(query.get("host", parts.hostname or "")),
        "PGPORT": str(parts.port or query.get("port", "")),
        "PGUSER": unquote(parts.username or query.get("user", "")),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": unquote(parts.path.removeprefix("/")),
        "PGSSLMODE": query.get("sslmode", ""),
        "PGOPTIONS": _SEES_ALL,
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {name: value for name, value in given.items() if value}
