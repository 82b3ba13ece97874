"""Runs the real `trytond` on a database of ours, on 127.0.0.1, and tells when it answers."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from argon2 import PasswordHasher
from psycopg.conninfo import make_conninfo

from connectors.sandbox.tryton import names
from connectors.sandbox.tryton.lifeline import PARENT
from connectors.sandbox.tryton.prepare import PROJECT, Database, PrepareFailed
from connectors.sandbox.tryton.rpc import NoAnswer, server_version

READY_SECONDS = 60.0
POLL_SECONDS = 0.05
STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Logins:
    """Secrets of one Tryton database: two people's passwords, and the key our connector uses."""

    password: str
    admin_password: str
    application_key: str


@dataclass(frozen=True, slots=True)
class Server:
    """A running Tryton, as a connection's settings and a catalogue loader need it."""

    url: str
    database: str
    logins: Logins
    process: subprocess.Popen[bytes]

    @property
    def config(self) -> dict[str, str]:
        return {"url": self.url, "database": self.database}

    @property
    def secrets(self) -> dict[str, str]:
        return {"application_key": self.logins.application_key}


def new_logins() -> Logins:
    return Logins(secrets.token_urlsafe(18), secrets.token_urlsafe(18), secrets.token_hex(32))


def set_logins(database: Database, name: str, logins: Logins) -> None:
    """Write them where Tryton keeps them, beside Tryton: `trytond-admin` would cost four seconds. Before it runs."""
    with psycopg.connect(_dsn(database, name), autocommit=True) as connection:
        for login, password in ((names.USER, logins.password), (names.ADMIN, logins.admin_password)):
            hashed = PasswordHasher().hash(password)
            connection.execute("UPDATE res_user SET password_hash = %s WHERE login = %s", [hashed, login])
        connection.execute("DELETE FROM res_user_application")
        connection.execute(
            'INSERT INTO res_user_application (key, "user", application, state, create_uid, create_date) '
            "SELECT %s, id, 'rest', 'validated', id, now() FROM res_user WHERE login = %s",
            [logins.application_key, names.USER],
        )


def start(database: Database, name: str, logins: Logins, *, port: int = 0, log: Path | None = None) -> Server:
    """Start it and wait until it answers.

    Raises: PrepareFailed when it ended at once or did not answer in time.
    """
    chosen = port or _free_port()
    output = open(log, "ab") if log else subprocess.DEVNULL  # noqa: SIM115
    process = subprocess.Popen(
        [sys.executable, "-m", "connectors.sandbox.tryton.daemon", "-d", name],
        cwd=PROJECT,
        env=os.environ
        | {
            "TRYTOND_DATABASE_URI": database.uri(),
            "TRYTOND_DATABASE__LIST": "False",
            "TRYTOND_WEB__LISTEN": f"127.0.0.1:{chosen}",
            PARENT: str(os.getpid()),
        },
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
    )
    server = Server(f"http://127.0.0.1:{chosen}", name, logins, process)
    _wait(server, log)
    return server


def stop(server: Server) -> None:
    if server.process.poll() is not None:
        return
    server.process.terminate()
    try:
        server.process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.process.kill()
        server.process.wait()


@contextmanager
def serve(
    database: Database, name: str, *, logins: Logins | None = None, port: int = 0, log: Path | None = None
) -> Iterator[Server]:
    """A Tryton for the length of a block. `name` must exist (`prepare.clone`)."""
    chosen = logins or new_logins()
    set_logins(database, name, chosen)
    server = start(database, name, chosen, port=port, log=log)
    try:
        yield server
    finally:
        stop(server)


def _wait(server: Server, log: Path | None) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        if server.process.poll() is not None:
            raise PrepareFailed(f"Tryton ended at once with exit code {server.process.returncode}{_see(log)}")
        try:
            server_version(server.url)
            return
        except NoAnswer:
            if time.monotonic() > deadline:
                stop(server)
                raise PrepareFailed(f"Tryton did not answer within {READY_SECONDS:.0f} s{_see(log)}") from None
        time.sleep(POLL_SECONDS)


def _see(log: Path | None) -> str:
    return f": see {log}" if log else ""


def _dsn(database: Database, name: str) -> str:
    return make_conninfo(
        host=database.host, port=database.port, user=database.user, password=database.password, dbname=name
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
