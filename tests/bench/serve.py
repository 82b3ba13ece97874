"""One process of the product under the bench, as a server runs it (docs/how-to/run-on-a-server.md).

    DATABASE_URL=postgresql://owner@host:port/name python -m tests.bench.serve prepare|neighbours
    DATABASE_URL=... python -m tests.bench.serve web|worker|broker [--port N]

`prepare` migrates an empty database, makes the roles and the bench's partner; `neighbours` adds 19 retailers.
Everything else connects as the app role; DATABASE_URL only tells it where. BENCH_DIR keeps keys and the broker's file,
SINK_URL is where orders go.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from console.embedded.broker import Broker

PROJECT = Path(__file__).resolve().parents[2]
PASSWORD = "only-for-the-bench"
BROKER_PORT = 6399


def folder() -> Path:
    made = Path(os.environ["BENCH_DIR"]) / "signalbox"
    made.mkdir(parents=True, exist_ok=True)
    return made


def environment() -> dict[str, str]:
    owner = os.environ["DATABASE_URL"]
    parts = urlsplit(owner)
    app = urlunsplit(parts._replace(netloc=f"signalbox_app:{PASSWORD}@{parts.hostname}:{parts.port}"))
    return {
        "DJANGO_SETTINGS_MODULE": "console.settings.server",
        # The same in every process and run, and of no use elsewhere.
        "SECRET_KEY": hashlib.sha512(b"bench").hexdigest(),
        "APP_DATABASE_URL": app,
        "BROKER_URL": _broker().url,
        "SIGNALBOX_KEYS_DIR": str(folder() / "keys"),
        "PYTHONPATH": os.pathsep.join([str(PROJECT), str(PROJECT / "tests" / "bench" / "plugin")]),
    }


def _broker() -> Broker:
    return Broker(folder(), int(os.environ.get("BROKER_PORT", BROKER_PORT)), PASSWORD)


def commands(port: int) -> dict[str, list[str]]:
    python = sys.executable
    return {
        "web": [
            *(python, "-m", "uvicorn", "console.asgi:application", "--host", "127.0.0.1", "--port", str(port)),
            *("--lifespan", "on", "--no-access-log", "--no-server-header", "--no-proxy-headers"),
            *("--log-level", "warning"),
        ],
        "worker": [
            *(python, "-m", "celery", "-A", "console", "worker", "--pool=threads", "--concurrency=8"),
            *("--without-gossip", "--without-mingle", "--loglevel=WARNING"),
        ],
        "beat": [python, "-m", "celery", "-A", "console", "beat", "--schedule", str(folder() / "beat")],
        "broker": _broker().command(),
    }


def prepare(what: str) -> None:
    """In this process, as the owner."""
    os.environ["SIGNALBOX_ROLE"] = "owner"
    import django

    django.setup()
    from django.core.management import call_command

    from console.roles import set_up_server
    from tests.bench import world

    sink_url = os.environ.get("SINK_URL", "http://127.0.0.1:9099/in")
    if what == "neighbours":
        world.prepare_neighbours(sink_url)
        return
    (folder() / "keys").mkdir(mode=0o700, exist_ok=True)
    set_up_server(os.environ)
    call_command("migrate_schemas", verbosity=0)
    world.prepare(sink_url)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["prepare", "neighbours", "web", "worker", "beat", "broker"])
    parser.add_argument("--port", type=int, default=8000)
    chosen = parser.parse_args(arguments)
    os.environ.update(environment())
    os.chdir(PROJECT)
    if chosen.what in ("prepare", "neighbours"):
        sys.path.insert(1, str(PROJECT / "tests" / "bench" / "plugin"))
        prepare(chosen.what)
        return
    if chosen.what == "broker":
        _broker().prepare()
    command = commands(chosen.port)[chosen.what]
    os.execv(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
