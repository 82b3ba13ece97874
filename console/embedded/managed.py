"""One supervised process: how it is started, judged, replaced and ended."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from console.embedded.logs import Echo, LogFile
from console.embedded.probes import Probe
from console.embedded.spawn import OURSELVES, Identity, spawn

PROBE_EVERY_SECONDS = 2.0
PROBE_STARTING_SECONDS = 0.25
BACKOFF_SECONDS = (0.2, 1.0, 2.0, 5.0, 10.0, 30.0)
# A child that ran this long has recovered: its next death starts again with the shortest wait.
SETTLED_SECONDS = 60.0
PATIENCE_SECONDS = 60.0
# Longer than the slowest honest start on a busy small machine.
START_SECONDS = 180.0


class State(StrEnum):
    WAITING = "waiting"
    STARTING = "starting"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    RESTARTING = "restarting"
    STOPPING = "stopping"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Child:
    """A process to keep running, as data.

    `after` names the children that must have been healthy before its first start. `prepare` runs before every
    start and raises OSError or a subclass of RuntimeError when it cannot. `death_signal` is what the kernel sends
    when the supervisor is killed: SIGKILL, unless the process has data to close or children of its own.
    `vital` is the part of its health that a fresh process would mend (the database being away is not one): when it
    complains for `patience_seconds`, the child is replaced. Without it only a child that ended is.
    """

    name: str
    command: Sequence[str]
    probe: Probe
    env: Mapping[str, str] | None = None
    after: tuple[str, ...] = ()
    prepare: Callable[[], None] | None = None
    identity: Identity = OURSELVES
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    grace_seconds: float = 10.0
    vital: Probe | None = None
    patience_seconds: float = PATIENCE_SECONDS
    echo: Echo = Echo.PROBLEMS


@dataclass(frozen=True)
class Verdict:
    complaint: str | None
    stuck: bool


class Managed:
    """The life of one child. Every method is called from the supervisor's thread with its monotonic clock."""

    def __init__(self, child: Child, log: LogFile) -> None:
        self.child = child
        self.log = log
        self.state = State.WAITING
        self.why = ""
        self.was_healthy = False
        self.process: subprocess.Popen[bytes] | None = None
        self._probing: Future[Verdict] | None = None
        self._probe_at = 0.0
        self._started_at = 0.0
        self._start_at = 0.0
        self._stuck_since: float | None = None
        self._kill_at = 0.0
        self.deaths = 0

    @property
    def line(self) -> str:
        """Its state in a few words. What a probe says of a process that is still starting is no news."""
        return f"{self.state}: {self.why}" if self.why and self.state != State.STARTING else str(self.state)

    def may_start(self, now: float) -> bool:
        return self.state in (State.WAITING, State.RESTARTING) and now >= self._start_at

    def start(self, now: float, cwd: Path) -> None:
        try:
            if self.child.prepare:
                self.child.prepare()
            with self.log.open() as output:
                self.process = spawn(
                    self.child.command,
                    output=output,
                    death_signal=self.child.death_signal.name,
                    identity=self.child.identity,
                    env=self.child.env,
                    cwd=cwd,
                )
        except (OSError, RuntimeError) as error:
            self._died(now, str(error))
            return
        self._started_at = now
        self._stuck_since = None
        self._probe_at = now + PROBE_STARTING_SECONDS
        self._become(State.STARTING, "")

    def reap(self, now: float) -> None:
        """Notice that it ended. What is left of its process group is ended too, before its number is free again."""
        if self.process is None or not _has_exited(self.process.pid):
            return
        _signal_group(self.process.pid, signal.SIGKILL)
        code = self.process.wait()
        self.process = None
        self._probing = None
        if self.state == State.STOPPING:
            self._become(State.STOPPED, "")
        else:
            self._died(now, _how_it_ended(code))

    def examine(self, now: float, pool: ThreadPoolExecutor) -> None:
        """Take the verdict of the last probe and ask for the next. A probe of an earlier process is not believed."""
        if self.process is None or self.state == State.STOPPING:
            return
        if self._probing and self._probing.done():
            self._judge(now, self._probing.result())
            self._probing = None
        if self._probing is None and now >= self._probe_at:
            self._probing = pool.submit(_verdict, self.child)
            self._probe_at = now + (PROBE_STARTING_SECONDS if self.state == State.STARTING else PROBE_EVERY_SECONDS)

    def outlasted_patience(self, now: float) -> bool:
        if self.child.vital is None or self.process is None:
            return False
        if self.state == State.STARTING:
            return now - self._started_at > START_SECONDS
        return self._stuck_since is not None and now - self._stuck_since > self.child.patience_seconds

    def replace(self) -> None:
        """It runs but does not work: kill it, and let the next round start another."""
        if self.process:
            _signal_group(self.process.pid, signal.SIGKILL)
            self._stuck_since = None

    def ask_to_stop(self, now: float) -> None:
        if self.process is None:
            self._become(State.STOPPED, "")
            return
        self._become(State.STOPPING, "")
        self._kill_at = now + self.child.grace_seconds
        # Not Popen.send_signal: it reaps an ended child first, behind the back of `reap`.
        os.kill(self.process.pid, self.child.stop_signal)

    def insist(self, now: float, *, at_once: bool = False) -> None:
        """Kill what did not stop within its grace."""
        if self.process and self.state == State.STOPPING and (at_once or now >= self._kill_at):
            _signal_group(self.process.pid, signal.SIGKILL)

    def _judge(self, now: float, verdict: Verdict) -> None:
        self._stuck_since = (self._stuck_since or now) if verdict.stuck else None
        if verdict.complaint is None:
            self.was_healthy = True
            self._become(State.HEALTHY, "")
        elif self.state == State.STARTING:
            self.why = verdict.complaint
        else:
            self._become(State.UNHEALTHY, verdict.complaint)

    def _died(self, now: float, why: str) -> None:
        if now - self._started_at > SETTLED_SECONDS:
            self.deaths = 0
        wait = BACKOFF_SECONDS[min(self.deaths, len(BACKOFF_SECONDS) - 1)]
        self.deaths += 1
        self._start_at = now + wait
        self._become(State.RESTARTING, why)

    def _become(self, state: State, why: str) -> None:
        self.state, self.why = state, why


def _verdict(child: Child) -> Verdict:
    """Both probes, in a thread of the pool: they may block."""
    complaint = child.probe()
    return Verdict(complaint, stuck=bool(complaint and child.vital and child.vital()))


def _has_exited(pid: int) -> bool:
    """Without reaping it: as long as it is a zombie, its number names no other process group."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _signal_group(pid: int, number: signal.Signals) -> None:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        # Nobody is left; macOS says "not permitted" where only a zombie is.
        return


def _how_it_ended(code: int) -> str:
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"
