"""The outside client for SFTP, under the rules of `governance.egress.client`.

A server is reached only when the partner listed it. It is known by its pinned host key, not by its name or address:
another key is refused before anything is sent to it, the credential least of all.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import asyncssh

from governance.egress.addresses import AllowList, Target, refusal, target_of
from governance.egress.errors import Blocked, EgressError, NotConnected
from governance.egress.resolver import Lookup, system_lookup

CONNECT_SECONDS = 10.0
LOGIN_SECONDS = 10.0


class HostKeyChanged(EgressError):
    """The server shows another key than the pinned one. `shown` is its fingerprint; no credential was sent."""

    def __init__(self, shown: str) -> None:
        super().__init__(f"the server shows the host key {shown}, which is not the pinned one")
        self.shown = shown


class LoginRefused(EgressError):
    """The server took neither our key nor our password."""

    sent = True


class _Pinned(asyncssh.SSHClient):
    """Takes the host keys of these fingerprints and no other."""

    def __init__(self, fingerprints: frozenset[str]) -> None:
        self._fingerprints = fingerprints
        self.shown = ""

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        self.shown = key.get_fingerprint()
        return self.shown in self._fingerprints


@asynccontextmanager
async def sftp_session(
    url: str,
    *,
    allow: AllowList,
    username: str,
    secrets: Mapping[str, str],
    fingerprints: str,
    lookup: Lookup = system_lookup,
) -> AsyncIterator[asyncssh.SFTPClient]:
    """`secrets` has `private_key` or `password`; `fingerprints` are SHA256:…, apart by spaces or commas.

    Raises: Blocked, NotConnected, HostKeyChanged, LoginRefused. What breaks inside the block is asyncssh's or OSError.
    """
    target = target_of(url)
    if target.scheme != "sftp" or not allow.permits(target):
        raise Blocked(f"{target.host}:{target.port} is not on the allow-list for SFTP")
    address = await _address(target, lookup)
    pinned = _Pinned(frozenset(fingerprints.replace(",", " ").split()))
    connection = await _connect(address, target.port, pinned, username, secrets)
    try:
        async with connection.start_sftp_client() as client:
            yield client
    finally:
        connection.abort()


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


async def _connect(
    address: str, port: int, pinned: _Pinned, username: str, secrets: Mapping[str, str]
) -> asyncssh.SSHClientConnection:
    """Nothing of this machine's own SSH takes part: no configuration, agent, keys or known hosts of its user."""
    try:
        return await asyncssh.connect(
            address,
            port,
            client_factory=lambda: pinned,
            known_hosts=b"",
            config=None,
            agent_path=None,
            username=username,
            password=secrets.get("password") or None,
            client_keys=_keys(secrets),
            connect_timeout=CONNECT_SECONDS,
            login_timeout=LOGIN_SECONDS,
        )
    except asyncssh.HostKeyNotVerifiable as error:
        raise HostKeyChanged(pinned.shown or "unknown") from error
    except asyncssh.PermissionDenied as error:
        raise LoginRefused("the server refused our credential") from error
    except (TimeoutError, OSError, asyncssh.Error) as error:
        raise NotConnected(f"no SFTP connection: {type(error).__name__}") from error


def _keys(secrets: Mapping[str, str]) -> list[asyncssh.SSHKey] | None:
    if not (text := secrets.get("private_key", "").strip()):
        return None
    try:
        return [asyncssh.import_private_key(text + "\n")]
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        raise LoginRefused("our private key cannot be read") from error
