"""Turns the demo's declarations into children of this run."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from console.embedded.demo import ADDRESSES, SANDBOX, SCENARIO, DemoChild
from console.embedded.managed import Child
from console.embedded.ports import free_ports
from console.embedded.probes import Probe, accepts, http_ok
from console.embedded.runtime import Runtime, port_of
from console.embedded.system import System


def with_sandbox_addresses(runtime: Runtime) -> Runtime:
    """Choose the sandboxes' addresses before they run, because connections name them: those of the last run if free."""
    before = [port_of(runtime.sandbox.get(name)) for name in ADDRESSES]
    ports = free_ports(before)
    return replace(
        runtime, sandbox={name: f"http://127.0.0.1:{port}" for name, port in zip(ADDRESSES, ports, strict=True)}
    )


def sandbox_children(system: System, runtime: Runtime) -> list[Child]:
    """Those that can run: a stand-in that needs a database is left out where there is none for it."""
    return [_child(declared, system, runtime) for declared in _possible(system)]


def scenario_child(system: System, runtime: Runtime) -> Child:
    return _child(SCENARIO, system, runtime)


def told_files(system: System) -> list[Path]:
    """What the sandboxes write for `prepare_demo`."""
    return [system.folder.sandbox(child.name) / child.tells for child in _possible(system) if child.tells]


def _possible(system: System) -> list[DemoChild]:
    return [declared for declared in SANDBOX if system.sandbox_database_url or not declared.needs_database]


def _child(declared: DemoChild, system: System, runtime: Runtime) -> Child:
    values = _values(declared, system, runtime)
    env = {name: template.format_map(values) for name, template in declared.env.items()}
    return Child(
        name=declared.name,
        command=[sys.executable, *(argument.format_map(values) for argument in declared.argv)],
        probe=_probe(declared, runtime),
        env=system.app_env() | env,
        after=tuple(name for name in declared.after if name != "postgres" or system.postgres),
        death_signal=declared.death_signal,
        grace_seconds=declared.grace_seconds,
        echo=declared.echo,
    )


def _values(declared: DemoChild, system: System, runtime: Runtime) -> dict[str, str]:
    folder = system.folder.sandbox(declared.name)
    folder.mkdir(parents=True, exist_ok=True)
    urls = {f"{name}_url": url for name, url in runtime.sandbox.items()}
    ports = {f"{name}_port": str(port_of(url)) for name, url in runtime.sandbox.items()}
    return urls | ports | {"data": str(folder), "sandbox_database_url": system.sandbox_database_url}


def _probe(declared: DemoChild, runtime: Runtime) -> Probe:
    port = port_of(runtime.sandbox.get(declared.address or ""))
    if port is None:
        return lambda: None
    return http_ok(port, declared.health) if declared.health else accepts(port)
