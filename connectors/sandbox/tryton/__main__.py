"""The sandbox's ERP as one process: prepare Tryton if need be, then run it until told to stop.

    python -m connectors.sandbox.tryton --dsn postgresql://... [--port 8069] [--data data]

Killed at any point, the next start goes on. `data/tryton.json` (0600) says where it is and how to sign in.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from types import FrameType
from typing import Any

from connectors.sandbox.tryton import assortment, names, prepare, server

DEFAULT_PORT = 8069
DATABASE = "tryton"
SETTINGS = "tryton.json"


def say(text: str) -> None:
    sys.stdout.write(f"{names.PROGRESS} {text}\n")
    sys.stdout.flush()


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    started = perf_counter()
    try:
        running = _start(options)
    except prepare.PrepareFailed as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        return 0
    say(f"ready at {running.url}, database {running.database}, after {perf_counter() - started:.1f} s")
    try:
        code = running.process.wait()
        say(f"trytond ended by itself with exit code {code}")
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        server.stop(running)
        _remember(options.data / SETTINGS, {"ready": False})


def _start(options: argparse.Namespace) -> server.Server:
    options.data.mkdir(parents=True, exist_ok=True)
    (options.data / "log").mkdir(exist_ok=True)
    path = options.data / SETTINGS
    logins, database_password = _secrets(path)
    database = prepare.ensure_role(options.dsn, database_password)
    prepare.ensure_template(options.dsn, database, cache=options.cache, say=say)
    prepare.clone(options.dsn, options.database, database)
    server.set_logins(database, options.database, logins)
    log = options.data / "log" / "trytond.log"
    running = server.start(database, options.database, logins, port=options.port, log=log)
    if new := assortment.ensure_assortment(running):
        say(f"{new} products of the shop added")
    login = {"user": names.USER, "username": names.USER, "admin": names.ADMIN}
    _remember(path, running.config | login | {"ready": True})
    return running


def _secrets(path: Path) -> tuple[server.Logins, str]:
    """Those of the last run, also of one that was killed; else new ones, written before they are used."""
    kept = _read(path)
    if "database_password" not in kept:
        kept = asdict(server.new_logins()) | {"database_password": server.new_logins().password, "ready": False}
        _remember(path, kept)
    logins = server.Logins(kept["password"], kept["admin_password"], kept["application_key"])
    return logins, kept["database_password"]


def _read(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}


def _remember(path: Path, values: dict[str, Any]) -> None:
    """Replace the file in one step; only its owner may read it (mkstemp makes 0600)."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        json.dump(_read(path) | values, stream, indent=1, sort_keys=True)
    os.replace(temporary, path)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="connectors.sandbox.tryton", description=__doc__)
    dsn = os.environ.get("TRYTON_DATABASE_URL")
    parser.add_argument(
        "--dsn", default=dsn, required=dsn is None, help="a superuser's, or one that may create databases"
    )
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--data", type=Path, default=prepare.PROJECT / "data", help="for tryton.json and log/")
    parser.add_argument("--database", default=DATABASE)
    parser.add_argument("--cache", type=Path, default=prepare.CACHE, help="where the template's dump is kept")
    return parser.parse_args(arguments)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
