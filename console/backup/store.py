"""A backup folder: whole copies, and the log between and after them.

<folder>/base/20261123T141500Z/   base.tar.gz, pg_wal.tar.gz, backup_manifest, taken.json
<folder>/dump/20261123T141500Z/   a pg_dump in directory format, taken.json     (external databases)
<folder>/wal/                     finished pieces of the log, gzip
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from console.embedded.files import read_json, write_json

STAMP = "%Y%m%dT%H%M%SZ"
SEGMENT_BYTES = 16 * 2**20
BASE, DUMP = "base", "dump"


class NoBackup(RuntimeError):
    """There is nothing to restore from. The message says what was looked for, and where."""


@dataclass(frozen=True)
class Taken:
    """`begun` and `ended` are the server's times. A base can be rolled forward to any moment after `ended`.

    `roles` are those a dump speaks of; a base has its own.
    """

    kind: str
    begun: datetime
    ended: datetime
    bytes: int
    path: Path
    roles: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.path.name


class BackupFolder:
    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def wal(self) -> Path:
        return self.root / "wal"

    def create(self) -> None:
        """Closed to everyone else: a copy of the database is as secret as the database."""
        for folder in (self.root, self.wal, self.root / BASE, self.root / DUMP):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def new(self, kind: str, at: datetime) -> Path:
        """Where the next one is written; it counts only once `finish` has moved it."""
        partial = self.root / kind / f".{at.strftime(STAMP)}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        return partial

    def finish(
        self, partial: Path, kind: str, *, begun: datetime, ended: datetime, roles: tuple[str, ...] = ()
    ) -> Taken:
        size = sum(file.stat().st_size for file in partial.rglob("*") if file.is_file())
        path = partial.with_name(partial.name.removeprefix(".").removesuffix(".partial"))
        taken = Taken(kind, begun, ended, size, path, roles)
        told = asdict(taken) | {"begun": begun.isoformat(), "ended": ended.isoformat(), "path": path.name}
        write_json(partial / "taken.json", told)
        partial.rename(path)
        return taken

    def taken(self) -> list[Taken]:
        """Whole ones, oldest first."""
        found = [_read(path) for kind in (BASE, DUMP) for path in (self.root / kind).glob("[0-9]*/taken.json")]
        return sorted(found, key=lambda one: one.ended)

    def before(self, at: datetime | None) -> Taken:
        """The newest that a restore to `at` can begin with. Raises NoBackup."""
        found = [one for one in self.taken() if at is None or one.ended <= at]
        if not found:
            when = f"from before {at:%Y-%m-%d %H:%M:%S} UTC" if at else "at all"
            raise NoBackup(f"there is no backup {when} in {self.root}")
        return found[-1]

    def prune(self, keep: int) -> list[str]:
        """Remove all but the newest `keep` of each kind, then the log that no base needs. Names of what is gone."""
        gone: list[str] = []
        for kind in (BASE, DUMP):
            for old in [one for one in self.taken() if one.kind == kind][:-keep]:
                shutil.rmtree(old.path)
                gone.append(old.name)
        if gone:
            self._prune_log()
        return gone

    def _prune_log(self) -> None:
        bases = [one for one in self.taken() if one.kind == BASE]
        if not bases:
            return
        first = min(_first_piece(one.path) for one in bases)
        for piece in self.wal.glob("*.gz"):
            # Eight digits of timeline, then the place in the log; history files are always kept.
            if len(piece.name) >= 24 and piece.name[8:24] < first:
                piece.unlink()


def _first_piece(base: Path) -> str:
    """The place, as in a piece's name, where the log of this base begins."""
    ranges = json.loads((base / "backup_manifest").read_text(encoding="utf-8"))["WAL-Ranges"]
    high, low = ranges[0]["Start-LSN"].split("/")
    return f"{int(high, 16):08X}{int(low, 16) // SEGMENT_BYTES:08X}"


def _read(told: Path) -> Taken:
    found = read_json(told)
    begun, ended = (datetime.fromisoformat(found[name]).astimezone(UTC) for name in ("begun", "ended"))
    return Taken(found["kind"], begun, ended, found["bytes"], told.parent, tuple(found["roles"]))
