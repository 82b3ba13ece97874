"""A short chaos run with everything in it, as `make chaos` starts it; and what Ctrl-C leaves of one."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from console.embedded.processes import is_running
from tests.chaos.plan import Kind, Profile, blows
from tests.paths import ROOT
from tests.support.waiting import eventually

pytestmark = [pytest.mark.e2e]

SEED, SECONDS, PAUSE = 42, 32.0, 2.5
SIZE = ["--rate", "30", "--partners", "2", "--retailers", "2", "--workers", "2", "--pause", str(PAUSE)]
LIMIT_SECONDS = 420.0


def chaos(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.chaos", "--seed", str(SEED), *SIZE, *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def left_running(folder: str) -> list[int]:
    """Every process that has the run's folder in its command or environment."""
    mark, found = folder.encode(), []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            ours = mark in (place / "cmdline").read_bytes() or mark in (place / "environ").read_bytes()
        except OSError:
            continue
        if ours and is_running(int(place.name)):
            found.append(int(place.name))
    return found


def folder_in(told: str) -> str:
    return re.search(r"scratch in (\S+)", told)[1]


def test_the_short_seed_strikes_everything_there_is():
    planned = blows(Profile(seed=SEED, seconds=SECONDS, workers=2, pause_seconds=PAUSE))
    assert {Kind.KILL, Kind.FREEZE, Kind.CRASH, Kind.FLUSH} == {blow.kind for blow in planned}
    struck = {victim.rstrip("12") for blow in planned for victim in blow.victims}
    assert struck == {"web", "worker", "postgres", "broker", "beat"}


def test_a_short_seed_holds_all_invariants(record_property):
    run = chaos("--minutes", str(SECONDS / 60))
    try:
        told, _ = run.communicate(timeout=LIMIT_SECONDS)
    finally:
        run.kill()
    record_property("figures", dict(line.strip().split(": ", 1) for line in re.findall(r"^[\d:]+   (.*)$", told, re.M)))
    assert run.returncode == 0, told
    assert f"chaos: seed {SEED} holds all invariants" in told.splitlines()[-1]
    assert re.search(r"attempts: .*\b(interrupted|uncertain)\b", told), "no call was cut off: the run proves little"
    assert not left_running(folder_in(told))
    assert not Path(folder_in(told)).exists()


def test_ctrl_c_leaves_no_process_behind(tmp_path: Path):
    output = tmp_path / "output"
    with open(output, "w") as file:
        command = [sys.executable, "-m", "tests.chaos", "--seed", "1", *SIZE]
        run = subprocess.Popen(command, cwd=ROOT, stdout=file, stderr=file, process_group=0)
    try:
        eventually(lambda: "scratch in" in output.read_text(), within_seconds=30)
        folder = folder_in(output.read_text())
        eventually(lambda: len(left_running(folder)) > 4, within_seconds=30)
        os.killpg(run.pid, signal.SIGINT)
        assert run.wait(30) == 130
        assert "was stopped" in output.read_text()
        eventually(lambda: not left_running(folder), within_seconds=10)
        assert not Path(folder).exists()
    finally:
        run.kill()
