"""What `up --demo` runs beside the console, as data: stand-ins for the vendors' systems, and the scenario."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass, field

from console.embedded.logs import Echo

# Where the demo's parts listen; `up` picks a port for each and writes the addresses into data/runtime.json.
# `erp` is Tryton as connections reach it: through a proxy that can be told to be away. `pos` speaks SFTP, not HTTP.
ADDRESSES = ("shopify", "tryton", "erp", "erp_outage", "pos")


@dataclass(frozen=True)
class DemoChild:
    """One process of the demo.

    `argv` follows the Python interpreter. In `argv` and `env` these are filled in: {data} a folder of its own,
    {NAME_port} and {NAME_url} for each of ADDRESSES, and {sandbox_database_url}, a role on the embedded PostgreSQL
    that may create databases and sees none of ours. It is healthy when `address` answers on the path `health`, or
    takes connections where it has no such path; without an address, as long as it runs. `tells` is a file it writes
    at once and `prepare_demo` reads: its secrets.
    """

    name: str
    argv: tuple[str, ...]
    after: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    address: str | None = None
    health: str | None = None
    tells: str | None = None
    needs_database: bool = False
    grace_seconds: float = 10.0
    # Not SIGKILL: a sandbox may have started a server of its own and must end it.
    death_signal: signal.Signals = signal.SIGTERM
    echo: Echo = Echo.PROBLEMS


SANDBOX: tuple[DemoChild, ...] = (
    DemoChild(
        name="shopify",
        argv=("-m", "connectors.sandbox.shopify", "--port", "{shopify_port}", "--data", "{data}"),
        address="shopify",
        health="/healthz",
        tells="app.json",
    ),
    DemoChild(
        name="tryton",
        argv=("-m", "connectors.sandbox.tryton", "--port", "{tryton_port}", "--data", "{data}"),
        env={"TRYTON_DATABASE_URL": "{sandbox_database_url}"},
        after=("postgres",),
        address="tryton",
        tells="tryton.json",
        needs_database=True,
        grace_seconds=20.0,
        # It says how far the preparation of its first start is.
        echo=Echo.ALL,
    ),
    DemoChild(
        name="pos",
        argv=("-m", "connectors.sandbox.pos", "--port", "{pos_port}", "--data", "{data}"),
        address="pos",
        tells="pos.json",
    ),
    DemoChild(
        name="outage",
        argv=(
            *("-m", "connectors.sandbox.outage_proxy", "--target", "{tryton_url}"),
            *("--port", "{erp_port}", "--control", "{erp_outage_port}"),
        ),
        address="erp_outage",
        health="/healthz",
    ),
)

SCENARIO = DemoChild(
    name="scenario",
    argv=("manage.py", "demo"),
    after=("web", "worker", "shopify"),
    echo=Echo.ALL,
)
