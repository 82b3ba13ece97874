"""One run of `manage.py up`: stores first, then the schema, then the processes, then the demo."""

from __future__ import annotations

import fcntl
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import psycopg

from console.embedded import housekeeping
from console.embedded.demo_children import sandbox_children, scenario_child, told_files, with_sandbox_addresses
from console.embedded.paths import PROJECT, DataFolder
from console.embedded.ports import is_free
from console.embedded.runtime import Runtime, load_runtime, save_runtime
from console.embedded.secrets import load_secrets
from console.embedded.supervisor import Supervisor
from console.embedded.system import System, plan_system
from console.roles import NeedsAdministrator, set_up_embedded, set_up_server

STORE_SECONDS = 120.0
START_SECONDS = 180.0
PROCESSES = ("web", "worker", "beat")

Say = Callable[[str, str], None]


class CannotRun(Exception):
    """Why `up` ends with exit code 1, and what to do about it."""


class Stopped(Exception):
    """A stop was asked for before everything ran."""


@dataclass(frozen=True)
class Options:
    folder: DataFolder
    host: str
    port: int
    demo: bool


def run_system(options: Options, *, say: Say) -> None:
    """Run until a stop is asked for. Nothing that was started is left when this returns or raises.

    Raises:
        CannotRun: the port or the data folder is taken, or a part cannot start.
    """
    began = time.monotonic()
    options.folder.create()
    with _only_one(options.folder):
        if not is_free(options.port, options.host):
            raise CannotRun(f"port {options.port} is taken by another program: stop it, or choose another with --port")
        try:
            system = _plan(options)
        except RuntimeError as error:
            raise CannotRun(str(error)) from error
        supervisor = Supervisor(options.folder.log, say, cwd=PROJECT)
        runtime = _announce(system, options)
        try:
            with supervisor.in_charge():
                _start(supervisor, system, runtime, demo=options.demo, say=say)
                _welcome(system, say, seconds=time.monotonic() - began)
                housekeeping.supervise(supervisor, system, say=say)
        except Stopped:
            return
        finally:
            save_runtime(options.folder, replace(load_runtime(options.folder), supervisor_pid=None))
            say("", "stopped")


@contextmanager
def _only_one(folder: DataFolder) -> Iterator[None]:
    """Hold the data folder. The kernel lets go of it when this process ends, however it ends."""
    with open(folder.lock, "a", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            running = load_runtime(folder)
            raise CannotRun(
                f"Signalbox already runs on {folder.root} (process {running.supervisor_pid}, port {running.web_port}): "
                "stop it, or choose another folder with --data"
            ) from error
        yield


def _plan(options: Options) -> System:
    return plan_system(
        options.folder,
        load_secrets(options.folder),
        before=load_runtime(options.folder),
        web_host=options.host,
        web_port=options.port,
        environment=os.environ,
    )


def _announce(system: System, options: Options) -> Runtime:
    runtime = replace(
        load_runtime(options.folder),
        supervisor_pid=os.getpid(),
        postgres_port=system.postgres.port if system.postgres else None,
        broker_port=system.broker.port if system.broker else None,
        broker_url=system.broker_url,
        web_port=options.port,
    )
    if options.demo:
        runtime = with_sandbox_addresses(runtime)
    save_runtime(options.folder, runtime)
    return runtime


def _start(supervisor: Supervisor, system: System, runtime: Runtime, *, demo: bool, say: Say) -> None:
    _start_stores(supervisor, system)
    _set_up_roles(system)
    say("", "bringing the database up to date")
    _task(supervisor, "migrate", ["migrate_schemas", "-v", "0"], system.owner_env())
    children = [*system.application_children(), *(sandbox_children(system, runtime) if demo else ())]
    for child in children:
        supervisor.add(child)
    if not supervisor.run_until_healthy(*PROCESSES, timeout_seconds=START_SECONDS):
        _complain(supervisor, PROCESSES)
    if demo:
        _prepare_demo(supervisor, system, runtime, say=say)


def _prepare_demo(supervisor: Supervisor, system: System, runtime: Runtime, *, say: Say) -> None:
    """Partners, people and connections. The sandboxes only have to have said their secrets, not to be ready."""
    said = told_files(system)
    if not supervisor.run_until(lambda: all(path.exists() for path in said), timeout_seconds=START_SECONDS):
        _complain(supervisor, [path.parent.name for path in said])
    say("", "preparing the demo")
    _task(supervisor, "prepare_demo", ["prepare_demo"], system.owner_env())
    supervisor.add(scenario_child(system, runtime))


def _start_stores(supervisor: Supervisor, system: System) -> None:
    names = []
    if system.postgres:
        supervisor.add(system.postgres_child())
        names.append("postgres")
    if system.broker:
        supervisor.add(system.broker_child())
        names.append("broker")
    if not supervisor.run_until_healthy(*names, timeout_seconds=STORE_SECONDS):
        _complain(supervisor, names)


def _set_up_roles(system: System) -> None:
    try:
        if system.addresses:
            set_up_embedded(system.addresses.superuser, system.addresses.owner, system.secrets)
        else:
            set_up_server(os.environ)
    except NeedsAdministrator as error:
        raise CannotRun(f"the owner of DATABASE_URL may not create roles: let an administrator run\n{error}") from error
    except psycopg.Error as error:
        raise CannotRun(f"the database refused to set up its roles: {error}") from error


def _task(supervisor: Supervisor, name: str, arguments: list[str], env: dict[str, str]) -> None:
    code = supervisor.run_task(name, [sys.executable, "manage.py", *arguments], env=env)
    if supervisor.stopping:
        raise Stopped
    if code != 0:
        lines = supervisor.log_of(name).last_lines(8)
        raise CannotRun("\n".join([f"`manage.py {arguments[0]}` failed (exit code {code}):", *lines]))


def _complain(supervisor: Supervisor, names: Iterable[str]) -> None:
    if supervisor.stopping:
        raise Stopped
    for name in names:
        managed = supervisor.children[name]
        if not managed.was_healthy:
            lines = managed.log.last_lines(8)
            raise CannotRun(
                "\n".join([f"{name} did not start ({managed.why}); the end of {managed.log.path}:", *lines])
            )


def _welcome(system: System, say: Say, *, seconds: float) -> None:
    hosts = _active_hosts(system.app_url)
    for host in hosts:
        say("", f"  http://{host}:{system.web_port}")
    if not hosts:
        say("", "no partner yet: `manage.py create_partner` makes one and prints its owner's one-time link")
    say("", f"ready after {seconds:.0f} s; logs are in {system.folder.log}, Ctrl-C stops everything")


def _active_hosts(app_url: str) -> list[str]:
    with psycopg.connect(app_url) as connection:
        rows = connection.execute("SELECT domain FROM public.partners_domain WHERE is_active ORDER BY id")
        return [host for (host,) in rows.fetchall()]
