"""A heartbeat is a file that its process touches; its age says when the process last did its work."""

from __future__ import annotations

from pathlib import Path

# How often a heartbeat is expected at least. Beat's tick must be quicker.
HEARTBEAT_SECONDS = 10.0


def heartbeat_path(run_folder: Path, name: str) -> Path:
    return run_folder / f"{name}.heartbeat"
