"""Keeps a handful of processes running: starts them in order, restarts what dies, stops them in reverse.

One loop in the main thread does everything except the probes, which may block and have a small thread pool.
Every child is in a process group of its own, so that Ctrl-C reaches only the supervisor, and dies with it.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from console.embedded.logs import Echo, LogFile
from console.embedded.managed import Child, Managed, State
from console.embedded.spawn import spawn

TICK_SECONDS = 0.25
# A process that dies this often before it ever worked will not work by waiting.
HOPELESS_DEATHS = 3
UNTOLD = (State.WAITING, State.STOPPING)
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """`tell(name, line)` is called for every change of state and for the lines of a child worth repeating."""

    def __init__(self, log_folder: Path, tell: Callable[[str, str], None], *, cwd: Path) -> None:
        self.log_folder = log_folder
        self.tell = tell
        self.cwd = cwd
        self.children: dict[str, Managed] = {}
        self.stop_requests = 0
        self._told: dict[str, str] = {}
        self._pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="probe")
        self._wake, self._waker = socket.socketpair()

    @contextmanager
    def in_charge(self) -> Iterator[None]:
        """Take over the signals; whatever happens inside, no child is left when it ends."""
        self._wake.setblocking(False)
        self._waker.setblocking(False)
        wakeup_before = signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        before = {number: signal.signal(number, self._asked_to_stop) for number in STOP_SIGNALS}
        before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, _wakes_only)
        try:
            yield
        finally:
            self.stop_all()
            for number, handler in before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(wakeup_before)
            self._pool.shutdown(wait=False, cancel_futures=True)

    @property
    def stopping(self) -> bool:
        return self.stop_requests > 0

    def add(self, child: Child) -> None:
        """Declare a child; it starts once those it comes after have been healthy."""
        self.children[child.name] = Managed(child, self.log_of(child.name, child.echo))

    def log_of(self, name: str, echo: Echo = Echo.NONE) -> LogFile:
        return LogFile(self.log_folder / f"{name}.log", echo=echo)

    def run(self) -> None:
        """Supervise until a stop is asked for."""
        while not self.stopping:
            self._round()

    def run_until_healthy(self, *names: str, timeout_seconds: float) -> bool:
        """Supervise until all of them are. False when time ran out, one is hopeless, or a stop was asked for."""
        waited_for = [self.children[name] for name in names]

        def settled() -> bool:
            healthy = all(managed.state == State.HEALTHY for managed in waited_for)
            return healthy or any(not one.was_healthy and one.deaths >= HOPELESS_DEATHS for one in waited_for)

        self.run_until(settled, timeout_seconds=timeout_seconds)
        return all(managed.state == State.HEALTHY for managed in waited_for)

    def run_until(self, condition: Callable[[], bool], *, timeout_seconds: float) -> bool:
        """Supervise until it holds. False when time ran out or a stop was asked for."""
        deadline = time.monotonic() + timeout_seconds
        while not condition():
            if self.stopping or time.monotonic() > deadline:
                return False
            self._round()
        return True

    def run_task(self, name: str, command: Sequence[str], *, env: Mapping[str, str]) -> int:
        """Run a command to its end while supervising the others. Its exit code; -SIGKILL when a stop cut it short.

        Its lines are repeated when it succeeded; when it failed, its log says why.
        """
        log = self.log_of(name, Echo.ALL)
        with log.open() as output:
            process = spawn(command, output=output, death_signal=signal.SIGKILL.name, env=env, cwd=self.cwd)
        while process.poll() is None:
            if self.stopping:
                os.killpg(process.pid, signal.SIGKILL)
            self._round()
        if process.returncode == 0:
            self._repeat(name, log)
        return process.returncode

    def stop_all(self) -> None:
        """Stop the children, each before those it depends on. A second request to stop kills at once."""
        requests = self.stop_requests
        if requests:
            self.tell("", "stopping; Ctrl-C again kills what does not stop by itself")
        while pending := [managed for managed in self.children.values() if managed.state != State.STOPPED]:
            now = time.monotonic()
            for managed in pending:
                if managed.state != State.STOPPING and not self._needed_by(managed, pending):
                    managed.ask_to_stop(now)
                managed.reap(now)
                managed.insist(now, at_once=self.stop_requests > requests)
                self._report(managed)
            if any(managed.state != State.STOPPED for managed in pending):
                self._wait(TICK_SECONDS)

    def _round(self) -> None:
        now = time.monotonic()
        for managed in self.children.values():
            managed.reap(now)
            managed.examine(now, self._pool)
            if managed.outlasted_patience(now):
                managed.replace()
            if managed.may_start(now) and self._may_follow(managed):
                managed.start(now, self.cwd)
            managed.log.rotate_if_large()
            self._report(managed)
        self._wait(TICK_SECONDS)

    def _may_follow(self, managed: Managed) -> bool:
        return all(self.children[name].was_healthy for name in managed.child.after)

    def _needed_by(self, managed: Managed, pending: list[Managed]) -> bool:
        return any(managed.child.name in other.child.after for other in pending)

    def _report(self, managed: Managed) -> None:
        self._repeat(managed.child.name, managed.log)
        line = managed.line
        if managed.state not in UNTOLD and self._told.get(managed.child.name) != line:
            self._told[managed.child.name] = line
            self.tell(managed.child.name, line)

    def _repeat(self, name: str, log: LogFile) -> None:
        for line in log.news():
            self.tell(name, line)

    def _wait(self, seconds: float) -> None:
        """Until a signal arrives (also a child's death) or the time is over."""
        select.select([self._wake], [], [], seconds)
        try:
            self._wake.recv(4096)
        except BlockingIOError:
            return

    def _asked_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.stop_requests += 1


def _wakes_only(number: int, frame: FrameType | None) -> None:
    """A handler must exist for the wake-up descriptor to be written."""
