"""The outside client for a retailer's PostgreSQL, under the rules of `governance.egress.client`. It only reads.

A server is reached only when the partner listed it, at an address that was checked. Every statement runs in a
transaction that PostgreSQL itself holds to reading: what tries to write, a view's own function too, is refused there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection, IsolationLevel, sql

from governance.egress.addresses import AllowList, Target, refusal, target_of
from governance.egress.errors import Blocked, EgressError, Interrupted, NotConnected
from governance.egress.resolver import Lookup, system_lookup
from governance.egress.sftp import LoginRefused

CONNECT_SECONDS: Final = 10
STATEMENT_SECONDS: Final = 20
READ_SECONDS: Final = 30.0  # for all of one reading, whatever the server does
READ_BYTES: Final = 8 * 1024 * 1024
# "" checks the server's name against the system's authorities; the others are for servers without such a certificate.
TLS: Final = {"": "verify-full", "unverified": "require", "off": "disable"}

_SETTINGS = f"""
SET default_transaction_read_only = on;
SET statement_timeout = '{STATEMENT_SECONDS}s';
SET lock_timeout = '5s';
SET idle_in_transaction_session_timeout = '{int(READ_SECONDS)}s';
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
"""


class QueryRefused(EgressError):
    """The database understood and said no. `state` is PostgreSQL's SQLSTATE, `reason` its own sentence."""

    sent = True

    def __init__(self, state: str, reason: str) -> None:
        super().__init__(reason)
        self.state = state


async def read_rows(
    url: str,
    statement: sql.Composable,
    values: Sequence[Any],
    *,
    allow: AllowList,
    username: str,
    secrets: Mapping[str, str],
    tls: str = "",
    lookup: Lookup = system_lookup,
) -> tuple[list[tuple[Any, ...]], bool]:
    """The rows of one statement and whether these are all: beyond READ_BYTES the rest is left with the server.

    `url` is postgresql://host:port/database; `secrets` has `password`.

    Raises: Blocked, NotConnected, LoginRefused, QueryRefused, Interrupted.
    """
    try:
        async with asyncio.timeout(READ_SECONDS), _session(url, allow, username, secrets, tls, lookup) as connection:
            return await _read(connection, statement, values)
    except TimeoutError as error:
        raise Interrupted(f"no whole answer within {READ_SECONDS:g} s", timed_out=True) from error


async def _read(
    connection: AsyncConnection, statement: sql.Composable, values: Sequence[Any]
) -> tuple[list[tuple[Any, ...]], bool]:
    found: list[tuple[Any, ...]] = []
    read = 0
    try:
        async with connection.cursor() as cursor:
            async for row in cursor.stream(statement, values):
                found.append(row)
                read += sum(len(value) for value in row if isinstance(value, str))
                if read > READ_BYTES:
                    return found, False
    except psycopg.Error as error:
        raise _in_our_words(error) from error
    return found, True


@asynccontextmanager
async def _session(
    url: str, allow: AllowList, username: str, secrets: Mapping[str, str], tls: str, lookup: Lookup
) -> AsyncIterator[AsyncConnection]:
    target = target_of(url)
    if target.scheme != "postgresql" or not allow.permits(target):
        raise Blocked(f"{target.host}:{target.port} is not on the allow-list for PostgreSQL")
    if tls not in TLS:
        raise Blocked(f"TLS is one of {', '.join(word or 'empty' for word in TLS)}")
    address = await _address(target, lookup)
    connection = await _connect(target, address, username, secrets.get("password", ""), TLS[tls])
    try:
        yield connection
    finally:
        await connection.close()


async def _connect(target: Target, address: str, username: str, password: str, sslmode: str) -> AsyncConnection:
    """Nothing of this machine's own libpq takes part: no service or password file, key or certificate of its user."""
    try:
        connection = await AsyncConnection.connect(
            host=target.host,
            hostaddr=address,
            port=target.port,
            dbname=target.url.path.strip("/"),
            user=username,
            password=password,
            sslmode=sslmode,
            sslrootcert="system" if sslmode == "verify-full" else "",
            sslcert="",
            sslkey="",
            passfile="/dev/null",
            gssencmode="disable",
            connect_timeout=CONNECT_SECONDS,
            client_encoding="UTF8",
            application_name="signalbox",
            options="",
            autocommit=True,
        )
    except psycopg.OperationalError as error:
        raise _not_let_in(error) from error
    try:
        await connection.execute(_SETTINGS)
        await connection.set_autocommit(False)
        await connection.set_read_only(True)
        await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
    except psycopg.Error as error:
        await connection.close()
        raise _in_our_words(error) from error
    return connection


def _not_let_in(error: psycopg.OperationalError) -> EgressError:
    """libpq gives no SQLSTATE for a refused login: the server's own words begin with FATAL."""
    text = str(error)
    if "password authentication failed" in text or "no password supplied" in text or "no pg_hba.conf" in text:
        return LoginRefused("the database refused our login")
    if "does not exist" in text and "database" in text:
        return QueryRefused("3D000", "there is no such database")
    if "SSL" in text or "certificate" in text:
        return NotConnected("the server offers no TLS that we trust")
    return NotConnected("no connection to the database")


def _in_our_words(error: psycopg.Error) -> EgressError:
    state = error.sqlstate or ""
    if not state or state.startswith(("08", "57P", "53", "XX")):
        return Interrupted("the database ended the connection" if not state else f"the database is not able ({state})")
    if state in ("57014", "55P03", "40001"):
        return Interrupted(f"the database did not answer within {STATEMENT_SECONDS} s", timed_out=True)
    return QueryRefused(state, (error.diag.message_primary or "refused")[:200])


async def _address(target: Target, lookup: Lookup) -> str:
    """The first address of a name whose every address may be reached."""
    try:
        found = await lookup(target.host, target.port)
    except OSError as error:
        raise NotConnected(f"{target.host} has no address") from error
    for address in found:
        if why := refusal(address, listed=True):
            raise Blocked(f"{target.host} is {address}: {why}")
    if not found:
        raise NotConnected(f"{target.host} has no address")
    return found[0]
