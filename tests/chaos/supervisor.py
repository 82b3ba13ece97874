"""The processes of a run: our own children, killed and frozen by pid, started again when they are dead.

Nothing outlives the run: the kernel ends every child when this process dies, whatever it dies of.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from console.embedded.spawn import OURSELVES, Identity, spawn
from tests.chaos.plan import Blow, Kind
from tests.paths import ROOT

AGAIN_SECONDS = 0.5
GRACE_SECONDS = 20.0


@dataclass
class Part:
    """One process to keep running. `prepare` comes before every start; `flush` makes a broker forget."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str] | None = None
    identity: Identity = OURSELVES
    prepare: Callable[[], None] = lambda: None
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    flush: Callable[[], None] | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    once: bool = False  # it ends when it is done
    start_at: float = 0.0
    frozen_until: float = 0.0

    @property
    def pid(self) -> int | None:
        """Of the living process."""
        return self.process.pid if self.process is not None and self.process.poll() is None else None


class Supervisor:
    """Call it from the main thread, and `tick` often."""

    def __init__(self, log_folder: Path) -> None:
        self.parts: dict[str, Part] = {}
        self.struck: Counter[str] = Counter()
        self.missed: Counter[str] = Counter()  # blows at what was dead or frozen already
        self.fell: Counter[str] = Counter()  # ended by itself: a worker that cannot reach its database does
        self._logs = log_folder

    def add(self, part: Part) -> None:
        self.parts[part.name] = part

    def start(self, *names: str) -> None:
        for name in names:
            self._start(self.parts[name])

    def tick(self) -> None:
        """Thaw what was frozen long enough, start what is dead and due."""
        now = time.monotonic()
        for part in self.parts.values():
            if part.frozen_until and now >= part.frozen_until:
                self._thaw(part)
            if part.process is not None and part.process.poll() is not None and not part.once:
                self._fell(part, now)
            if part.process is None and part.start_at and now >= part.start_at:
                self._start(part)

    def strike(self, blow: Blow) -> None:
        """All victims at the same moment. Those that are dead or frozen already are spared."""
        victims = [part for part in map(self.parts.__getitem__, blow.victims) if part.pid and not part.frozen_until]
        self.missed[blow.name] += not victims
        for part in victims:
            self._strike(part, blow)
        self.struck[blow.name] += bool(victims)

    def signal(self, name: str, number: signal.Signals) -> None:
        pid = self.parts[name].pid
        assert pid, f"{name} is not running"
        os.kill(pid, number)

    def thaw_all(self) -> None:
        for part in self.parts.values():
            self._thaw(part)

    def stop(self, *names: str) -> None:
        """Ask them to end, and wait; kill what does not."""
        stopping = [self.parts[name] for name in names if self.parts[name].pid]
        for name in names:
            self.parts[name].start_at = 0.0
        for part in stopping:
            self._thaw(part)
            os.kill(part.pid, part.stop_signal)
        for part in stopping:
            with suppress(subprocess.TimeoutExpired):
                part.process.wait(GRACE_SECONDS)
            _kill_group(part)
            part.process = None

    def end(self) -> None:
        """No child is left, however far the run came."""
        for part in reversed(self.parts.values()):
            part.start_at = 0.0
            _kill_group(part)
            part.process = None

    def run(self, name: str, command: Sequence[str], env: Mapping[str, str], *, timeout: float = 180.0) -> None:
        """A command to its end. Raises CalledProcessError with what it said last."""
        self.add(Part(name, command, env=env))
        self._start(self.parts[name])
        part = self.parts.pop(name)
        try:
            code = part.process.wait(timeout)
        finally:
            _kill_group(part)
        if code:
            raise subprocess.CalledProcessError(code, list(command), self.log(name).read_text()[-3000:])

    def log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    # -- one part ----------------------------------------------------------------------------------------------------

    def _start(self, part: Part) -> None:
        try:
            part.prepare()
        except (OSError, RuntimeError):
            part.start_at = time.monotonic() + AGAIN_SECONDS
            return
        with open(self.log(part.name), "ab") as output:
            part.process = spawn(
                part.command,
                output=output,
                death_signal=part.death_signal.name,
                identity=part.identity,
                env=part.env,
                cwd=ROOT,
            )
        part.start_at = 0.0

    def _strike(self, part: Part, blow: Blow) -> None:
        pid = part.pid
        if pid is None:
            return
        if blow.kind is Kind.FLUSH:
            if part.flush is not None:
                part.flush()
        elif blow.kind is Kind.FREEZE:
            os.kill(pid, signal.SIGSTOP)
            part.frozen_until = time.monotonic() + blow.seconds
        else:
            os.kill(pid, signal.SIGQUIT if blow.kind is Kind.CRASH else signal.SIGKILL)
            part.process.wait(GRACE_SECONDS)
            self._gone(part, time.monotonic() + blow.seconds)

    def _thaw(self, part: Part) -> None:
        if part.frozen_until and part.pid:
            os.kill(part.pid, signal.SIGCONT)
        part.frozen_until = 0.0

    def _fell(self, part: Part, now: float) -> None:
        self.fell[part.name.rstrip("0123456789")] += 1
        self._gone(part, now + AGAIN_SECONDS)

    def _gone(self, part: Part, start_at: float) -> None:
        _kill_group(part)
        part.process, part.frozen_until, part.start_at = None, 0.0, max(start_at, 0.001)


def _kill_group(part: Part) -> None:
    """What is left of its process group, itself too."""
    if part.process is None:
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(part.process.pid, signal.SIGKILL)
    part.process.wait()
