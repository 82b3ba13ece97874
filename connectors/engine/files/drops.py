"""Where files lie: a folder of this machine, or one on an SFTP server. Both are only listed and read."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote

import asyncssh
from django.conf import settings

from connectors.sdk.errors import ConnectorError, Misconfigured, Unavailable
from governance.egress.addresses import AllowList, target_of
from governance.egress.errors import Blocked, EgressError
from governance.egress.sftp import HostKeyChanged, LoginRefused, sftp_session

MAX_FILE = 64 * 1024 * 1024
MAX_NAMES = 20_000
LOOK_SECONDS = 100.0
_FOLDER = re.compile(r"folder:([A-Za-z0-9][A-Za-z0-9._-]{0,60})")


class TooLarge(ConnectorError):
    """The file is larger than anything we read."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file's name and what its folder says of it. `modified` is only ever compared."""

    name: str
    size: int
    modified: int


class Drop(Protocol):
    async def list(self) -> list[Entry]: ...

    async def read(self, name: str) -> tuple[bytes, Entry]:
        """The bytes, and how the file looked after they were read."""


@asynccontextmanager
async def open_drop(
    schema: str, config: Mapping[str, str], secrets: Mapping[str, str], allow: AllowList
) -> AsyncIterator[Drop]:
    """Raises Misconfigured, Unavailable, and egress' Blocked, HostKeyChanged, LoginRefused."""
    address = config.get("address", "")
    if match := _FOLDER.fullmatch(address):
        if not settings.DROPS_DIR:
            raise Misconfigured("This system has no folder for drops (SIGNALBOX_DROPS_DIR).")
        yield FolderDrop(Path(settings.DROPS_DIR) / schema / match[1])
        return
    try:
        async with (
            asyncio.timeout(LOOK_SECONDS),
            sftp_session(
                address,
                allow=allow,
                username=config.get("username", ""),
                secrets=secrets,
                fingerprints=config.get("fingerprints", ""),
            ) as client,
        ):
            yield SftpDrop(client, unquote(target_of(address).url.path) or "/")
    except (HostKeyChanged, LoginRefused):
        raise
    except Blocked as error:
        raise Misconfigured(f"The drop may not be called: {error.reason}.") from error
    except EgressError as error:
        raise Unavailable(f"The drop cannot be reached: {error.reason}.") from error
    except (asyncssh.Error, OSError, TimeoutError) as error:
        raise Unavailable(f"The connection to the drop broke: {type(error).__name__}.") from error


class FolderDrop:
    """A folder below DROPS_DIR and the partner's own: nobody names a path of this machine in a form."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def list(self) -> list[Entry]:
        return await asyncio.to_thread(self._list)

    async def read(self, name: str) -> tuple[bytes, Entry]:
        return await asyncio.to_thread(self._read, name)

    def _list(self) -> list[Entry]:
        try:
            found = [path for path in self._folder.iterdir() if path.is_file() and not path.is_symlink()]
        except OSError as error:
            raise Unavailable(f"The folder {self._folder.name} cannot be read: {type(error).__name__}.") from error
        return [_entry(path) for path in found[:MAX_NAMES]]

    def _read(self, name: str) -> tuple[bytes, Entry]:
        path = self._folder / name
        try:
            with path.open("rb") as file:
                data = file.read(MAX_FILE + 1)
            after = _entry(path)
        except OSError as error:
            raise Unavailable(f"{name} cannot be read: {type(error).__name__}.") from error
        return _bounded(name, data), after


class SftpDrop:
    def __init__(self, client: asyncssh.SFTPClient, folder: str) -> None:
        self._client = client
        self._folder = folder.rstrip("/")

    async def list(self) -> list[Entry]:
        found = []
        async for one in self._client.scandir(self._folder or "/"):
            if one.attrs.type == asyncssh.FILEXFER_TYPE_REGULAR and isinstance(one.filename, str):
                found.append(_remote(one.filename, one.attrs))
            if len(found) >= MAX_NAMES:
                break
        return found

    async def read(self, name: str) -> tuple[bytes, Entry]:
        path = f"{self._folder}/{name}"
        async with self._client.open(path, "rb") as file:
            data = await file.read(MAX_FILE + 1)
            after = await file.stat()
        return _bounded(name, data), _remote(name, after)


def _entry(path: Path) -> Entry:
    state = path.stat()
    return Entry(path.name, state.st_size, state.st_mtime_ns)


def _remote(name: str, attrs: asyncssh.SFTPAttrs) -> Entry:
    return Entry(name, attrs.size or 0, attrs.mtime or 0)


def _bounded(name: str, data: bytes) -> bytes:
    if len(data) > MAX_FILE:
        raise TooLarge(f"{name} has more than {MAX_FILE:,} bytes.")
    return data
