"""What `up` does once a day: each in its turn, not again within the day, and a failure stops nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from console.embedded import housekeeping
from console.embedded.paths import DataFolder
from console.embedded.supervisor import Supervisor

# In place of the project's: says what it was asked, and after two tasks asks for a stop, as Ctrl-C does.
MANAGE = """
import os, signal, sys, pathlib
seen = pathlib.Path("seen")
seen.write_text(seen.read_text() + sys.argv[1] + " " if seen.exists() else sys.argv[1] + " ")
if len(seen.read_text().split()) == int(os.environ["STOP_AFTER"]):
    os.kill(os.getppid(), signal.SIGTERM)
sys.exit(sys.argv[1] == "retention")
"""


@pytest.fixture
def told() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, told: list[tuple[str, str]]) -> Iterator[Supervisor]:
    (tmp_path / "manage.py").write_text(MANAGE)
    made = Supervisor(tmp_path, lambda name, line: told.append((name, line)), cwd=tmp_path)
    with made.in_charge():
        yield made


def system(root: Path, *, backed_up: bool, stop_after: int) -> SimpleNamespace:
    folder = DataFolder(root / "data")
    folder.create()
    if backed_up:
        (folder.root / "backup.json").write_text("{}")
    return SimpleNamespace(
        folder=folder,
        postgres=SimpleNamespace(backup_file=folder.root / "backup.json"),
        owner_env=lambda: dict(os.environ) | {"STOP_AFTER": str(stop_after)},
    )


def test_what_is_due_is_done_once_a_day_and_a_failure_is_told(tmp_path, supervisor, told, monkeypatch):
    monkeypatch.setattr(housekeeping, "FIRST_SECONDS", 0.0)
    say = lambda name, line: told.append((name, line))  # noqa: E731
    housekeeping.supervise(supervisor, system(tmp_path, backed_up=True, stop_after=2), say=say)
    assert (tmp_path / "seen").read_text().split() == ["retention", "backup"]
    assert [name for name, line in told if "failed (exit code 1)" in line] == ["retention"]


def test_no_backup_is_taken_before_somebody_took_the_first(tmp_path, supervisor, monkeypatch):
    monkeypatch.setattr(housekeeping, "FIRST_SECONDS", 0.0)
    monkeypatch.setattr(housekeeping, "DAY_SECONDS", 0.2)
    made = system(tmp_path, backed_up=False, stop_after=3)
    housekeeping.supervise(supervisor, made, say=lambda name, line: None)
    assert (tmp_path / "seen").read_text().split() == ["retention"] * 3
