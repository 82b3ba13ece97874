"""Turns the demo's declarations into children of this run."""

from __future__ import annotations

import sys
from dataclasses import replace

from console.embedded.demo import DEMO, DemoChild, sandbox_names
from console.embedded.managed import Child
from console.embedded.ports import free_port
from console.embedded.probes import Probe, http_ok
from console.embedded.runtime import Runtime
from console.embedded.system import System


def prepare_demo_runtime(runtime: Runtime) -> Runtime:
    """Choose the sandboxes' addresses now: `prepare_demo` writes them into connections before they run."""
    sandbox = {}
    for name in sandbox_names():
        before = runtime.sandbox.get(name, "")
        port = free_port(int(before.rpartition(":")[2]) if before else None)
        sandbox[name] = f"http://127.0.0.1:{port}"
    return replace(runtime, sandbox=sandbox)


def demo_children(system: System, runtime: Runtime) -> list[Child]:
    """Those that can run: a stand-in that needs a database is left out where there is none for it."""
    possible = [declared for declared in DEMO if system.sandbox_database_url or not declared.needs_database]
    return [_child(declared, system, runtime) for declared in possible]


def _child(declared: DemoChild, system: System, runtime: Runtime) -> Child:
    values = _values(declared, system, runtime)
    env = {name: template.format_map(values) for name, template in declared.env.items()}
    return Child(
        name=declared.name,
        command=[sys.executable, *(argument.format_map(values) for argument in declared.argv)],
        probe=_probe(declared, runtime),
        env=system.app_env() | env,
        after=declared.after,
        death_signal=declared.death_signal,
        grace_seconds=declared.grace_seconds,
        echo=declared.echo,
    )


def _values(declared: DemoChild, system: System, runtime: Runtime) -> dict[str, str]:
    folder = system.folder.root / "sandbox" / declared.name
    folder.mkdir(parents=True, exist_ok=True)
    urls = {f"{name}_url": url for name, url in runtime.sandbox.items()}
    return urls | {
        "data": str(folder),
        "port": str(_port(declared, runtime) or ""),
        "web_port": str(system.web_port),
        "sandbox_database_url": system.sandbox_database_url,
    }


def _probe(declared: DemoChild, runtime: Runtime) -> Probe:
    port = _port(declared, runtime)
    if port and declared.health:
        return http_ok(port, declared.health)
    return lambda: None


def _port(declared: DemoChild, runtime: Runtime) -> int | None:
    url = runtime.sandbox.get(declared.serves or "")
    return int(url.rpartition(":")[2]) if url else None
