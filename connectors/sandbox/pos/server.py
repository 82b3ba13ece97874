"""The SFTP server: one user, one folder, nothing else."""

from __future__ import annotations

import hmac
from pathlib import Path

import asyncssh

from connectors.sandbox.pos.access import FOLDER, Access


class Login(asyncssh.SSHServer):
    def __init__(self, access: Access) -> None:
        self._access = access

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        known = f"{self._access.username}\0{self._access.password}".encode()
        return hmac.compare_digest(f"{username}\0{password}".encode(), known)


async def serve(data: Path, port: int, access: Access, key: asyncssh.SSHKey) -> asyncssh.SSHAcceptor:
    root = str(data / FOLDER).encode()
    return await asyncssh.listen(
        "127.0.0.1",
        port,
        server_factory=lambda: Login(access),
        server_host_keys=[key],
        sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=root),
        allow_scp=False,
        agent_forwarding=False,
        login_timeout=10,
    )
