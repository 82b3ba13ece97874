"""Start a program that cannot outlive us, under the identity it needs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from console.embedded import child

CHILD = [sys.executable, "-I", "-S", str(Path(child.__file__))]


@dataclass(frozen=True)
class Identity:
    """Who the program runs as: ourselves, `namespace_uid` in a user namespace, or another `user` of the host."""

    namespace_uid: int | None = None
    user: str | None = None


OURSELVES = Identity()


def wrapped(program: Sequence[str], *, identity: Identity = OURSELVES, death_signal: str | None = None) -> list[str]:
    """The argv that becomes `program` after tying its life to this process (see child.py)."""
    options = []
    if identity.namespace_uid is not None:
        options.append(f"--as-uid={identity.namespace_uid}")
    if identity.user is not None:
        options.append(f"--as-user={identity.user}")
    if death_signal:
        options += [f"--die={death_signal}", f"--parent={os.getpid()}"]
    return [*CHILD, *options, "--", *program]


def spawn(
    program: Sequence[str],
    *,
    output: IO[bytes] | int,
    death_signal: str,
    identity: Identity = OURSELVES,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """A direct child in a process group of its own, its stdout and stderr going to `output`.

    Call it from the main thread: the kernel sends the death signal when the *thread* that forked ends.
    """
    return subprocess.Popen(
        wrapped(program, identity=identity, death_signal=death_signal),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=dict(env) if env is not None else None,
        cwd=cwd,
        process_group=0,
    )


def run(program: Sequence[str], *, identity: Identity = OURSELVES) -> subprocess.CompletedProcess[str]:
    """Run to the end and keep what it said. The exit code is the caller's to judge."""
    return subprocess.run(
        wrapped(program, identity=identity),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
