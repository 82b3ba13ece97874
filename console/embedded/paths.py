"""The data folder: everything an embedded system keeps between runs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class DataFolder:
    root: Path

    @property
    def secrets(self) -> Path:
        return self.root / "secrets.json"

    @property
    def runtime(self) -> Path:
        return self.root / "runtime.json"

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @property
    def postgres(self) -> Path:
        return self.root / "pg"

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def run(self) -> Path:
        """Heartbeats and whatever else is only true while `up` runs."""
        return self.root / "run"

    def sandbox(self, name: str) -> Path:
        """What a stand-in of the demo keeps, its secrets among it."""
        return self.root / "sandbox" / name

    @property
    def lock(self) -> Path:
        return self.root / "up.lock"

    def create(self) -> None:
        """Make the folders. Keys are closed to everyone else from the start."""
        self.root.mkdir(parents=True, exist_ok=True)
        self.log.mkdir(mode=0o700, exist_ok=True)
        self.run.mkdir(exist_ok=True)
        self.keys.mkdir(mode=0o700, exist_ok=True)


def data_folder(root: Path | str | None = None) -> DataFolder:
    """The folder given, else SIGNALBOX_DATA, else data/ beside manage.py."""
    chosen = root or os.environ.get("SIGNALBOX_DATA") or PROJECT / "data"
    return DataFolder(Path(chosen).expanduser().resolve())
