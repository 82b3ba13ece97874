"""Keeps a finished piece of PostgreSQL's log, or brings one back. PostgreSQL itself runs this, as a file.

    python -I -S walfile.py keep  <folder>/backup.json <path> <name>
    python -I -S walfile.py fetch <archive> <path> <name>

`keep` does nothing until a first backup has said where the archive is (`archive` in backup.json). An archive that is
away is an error, so that PostgreSQL holds the piece and tries again. Standard library only.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import sys
from pathlib import Path

LEVEL = 1  # The rest of a piece that was closed early is zeros: any level removes them.


def keep(configuration: Path, source: Path, name: str) -> int:
    try:
        archive = json.loads(configuration.read_text(encoding="utf-8")).get("archive")
    except FileNotFoundError:
        archive = None
    return _keep(Path(archive), source, name) if archive else 0


def _keep(archive: Path, source: Path, name: str) -> int:
    target = archive / f"{name}.gz"
    if target.exists():
        with gzip.open(target, "rb") as kept:
            return 0 if kept.read() == source.read_bytes() else _refuse(f"{target} is there with other bytes")
    if not archive.is_dir():
        return _refuse(f"the archive {archive} is not there")
    partial = archive / f".{name}.partial"
    with open(partial, "wb") as raw:
        with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=LEVEL) as packed, open(source, "rb") as plain:
            shutil.copyfileobj(plain, packed, 2**20)
        raw.flush()
        os.fsync(raw.fileno())
    partial.rename(target)
    _sync_folder(archive)
    return 0


def fetch(archive: Path, target: Path, name: str) -> int:
    """1 tells PostgreSQL that there is no such piece: it looks elsewhere, or the log ends here."""
    try:
        with gzip.open(archive / f"{name}.gz", "rb") as packed, open(target, "wb") as plain:
            shutil.copyfileobj(packed, plain, 2**20)
    except FileNotFoundError:
        return 1
    return 0


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _refuse(why: str) -> int:
    sys.stderr.write(f"walfile: {why}\n")
    return 1


if __name__ == "__main__":
    what, first, path, piece = sys.argv[1:]
    sys.exit((keep if what == "keep" else fetch)(Path(first), Path(path), piece))
