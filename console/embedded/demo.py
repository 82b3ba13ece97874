"""What `up --demo` runs beside the console, as data: stand-ins for the vendors' systems, and the scenario."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass, field

from console.embedded.logs import Echo


@dataclass(frozen=True)
class DemoChild:
    """One process of the demo.

    `argv` follows the Python interpreter. In `argv` and `env` these are filled in: {port} its own port, {data} its
    own folder, {shopify_url} and {tryton_url} the sandboxes, {web_port}, and {sandbox_database_url}, a role on the
    embedded PostgreSQL that may create databases and sees none of ours. `health` is a path of its own HTTP server;
    without one it is healthy as long as it runs.
    """

    name: str
    argv: tuple[str, ...]
    after: tuple[str, ...] = ("web",)
    env: Mapping[str, str] = field(default_factory=dict)
    serves: str | None = None
    health: str | None = None
    needs_database: bool = False
    grace_seconds: float = 10.0
    # Not SIGKILL: a sandbox may have started a server of its own and must end it.
    death_signal: signal.Signals = signal.SIGTERM
    echo: Echo = Echo.PROBLEMS


DEMO: tuple[DemoChild, ...] = (
    DemoChild(
        name="shopify",
        argv=("-m", "connectors.sandbox.shopify", "--port", "{port}", "--data", "{data}"),
        serves="shopify",
        health="/healthz",
    ),
    DemoChild(
        name="tryton",
        argv=("-m", "connectors.sandbox.tryton", "--port", "{port}", "--data", "{data}"),
        env={"SANDBOX_DATABASE_URL": "{sandbox_database_url}"},
        needs_database=True,
        serves="tryton",
        health="/healthz",
        grace_seconds=15.0,
    ),
    DemoChild(
        name="scenario",
        argv=("manage.py", "demo"),
        after=("web", "worker", "shopify"),
        echo=Echo.ALL,
    ),
)


def sandbox_names() -> list[str]:
    """The children that listen, whose addresses `prepare_demo` needs before they run."""
    return [child.serves for child in DEMO if child.serves]
