"""One run from nothing to its verdict: start, load and blows, calm, accounts, checks. Leaves no process behind."""

from __future__ import annotations

import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import psycopg

from tests.chaos import accounts, checker, clock
from tests.chaos.accounts import Accounts
from tests.chaos.acks import YES
from tests.chaos.plan import Profile, blows
from tests.chaos.system import System

TICK_SECONDS = 0.05
CLOCK_SECONDS = 1.0
LOAD_SECONDS = 120.0
MOST_SHOWN = 8
Say = Callable[[str], None]


@dataclass
class Outcome:
    """`breaches`: invariant → sentences, without those that hold. `figures` in the order of their telling."""

    folder: Path
    breaches: dict[str, list[str]] = field(default_factory=dict)
    figures: dict[str, object] = field(default_factory=dict)


def run(profile: Profile, say: Say, *, keep: bool = False) -> Outcome:
    """The folder is removed when all holds, unless it is to be kept, and when somebody stops the run."""
    folder = Path(tempfile.mkdtemp(prefix=f"signalbox-chaos-{profile.seed}-"))
    folder.chmod(0o755)  # PostgreSQL may have to run as somebody else
    system = System(profile, folder)
    outcome = Outcome(folder)
    try:
        _run(system, outcome, say)
    except KeyboardInterrupt:
        system.supervisor.end()
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        system.supervisor.end()
    if not outcome.breaches and not keep:
        shutil.rmtree(folder, ignore_errors=True)
    return outcome


def _run(system: System, outcome: Outcome, say: Say) -> None:
    began = time.monotonic()
    say(f"scratch in {system.folder}")
    system.start()
    say(f"ready after {time.monotonic() - began:.0f} s; {system.profile.seconds:.0f} s of load and blows begin")
    _trouble(system)
    say(f"{_told(system.supervisor.struck)}; calm now, waiting until all is quiet")
    outcome.figures |= _calm(system)
    told = accounts_of(system)
    outcome.figures |= figures(told, system)
    outcome.breaches = {name: found for name, found in checker.breaches(told).items() if found}


def _trouble(system: System) -> None:
    supervisor, due = system.supervisor, blows(system.profile)
    for name in ("erp", "proxy"):
        supervisor.signal(name, signal.SIGUSR1)
    system.start_load()
    began = last_clock = time.monotonic()
    while (passed := time.monotonic() - began) < system.profile.seconds:
        while due and due[0].at <= passed:
            supervisor.strike(due.pop(0))
        supervisor.tick()
        if time.monotonic() - last_clock > CLOCK_SECONDS:
            last_clock = time.monotonic()
            hurry(system)
        time.sleep(TICK_SECONDS)
    for name in ("erp", "proxy"):
        supervisor.signal(name, signal.SIGUSR2)
    supervisor.thaw_all()
    supervisor.signal("people", signal.SIGTERM)


def _calm(system: System) -> dict[str, object]:
    """Until the last event is acknowledged and nothing is left to do, or time is up."""
    began = time.monotonic()
    _wait(system, system.load_ended, LOAD_SECONDS)
    acknowledged = time.monotonic() - began
    quiet = _quiet(system)
    system.supervisor.run("finish", [*system.people_command(), "--finish"], system.app_env())
    quiet = _quiet(system) and quiet
    figures = {"seconds until the last event was acknowledged": round(acknowledged)}
    after = f"{time.monotonic() - began:.0f}" if quiet else f"not within {system.profile.quiet_seconds:.0f}"
    return figures | {"seconds until all was quiet": after}


def _quiet(system: System) -> bool:
    """The people have gone home, and no delivery could go that has not gone."""
    people = system.supervisor.parts["people"]
    return _wait(system, lambda: people.pid is None and busy(system) == 0, system.profile.quiet_seconds)


def _wait(system: System, condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        system.supervisor.tick()
        hurry(system)
        time.sleep(CLOCK_SECONDS)
    return True


def hurry(system: System) -> None:
    with suppress(psycopg.OperationalError), system.superuser() as connection:
        clock.hurry(connection, system.world.schemas.values())


def busy(system: System) -> int:
    """1 while nobody can tell."""
    try:
        with system.superuser() as connection:
            return clock.busy(connection, system.world.schemas.values())
    except psycopg.OperationalError:
        return 1


def accounts_of(system: System, *others: str) -> Accounts:
    """Whoever writes has ended first, except PostgreSQL; `others` are parts that not every run has."""
    system.supervisor.stop(*others, "beat", *system.workers, *system.web_names, "load", "proxy", "erp")
    ledger = system.folder / "ledger.json"
    command = [sys.executable, "-W", "ignore", "-m", "tests.chaos.account", str(system.world_file), str(ledger)]
    system.supervisor.run("account", command, system.app_env())
    return accounts.read(
        acks_file=system.acks,
        ledger_file=ledger,
        journal_file=system.journal,
        people_file=system.people,
        world=system.world,
    )


def figures(told: Accounts, system: System) -> dict[str, object]:
    events = len(told.answers_of)
    exceptions = Counter(one.error_class for p in told.partners for one in p.exceptions if one.state != "resolved")
    return {
        "blows": _told(system.supervisor.struck),
        "blows at the dead or frozen": sum(system.supervisor.missed.values()),
        "ended by themselves": _told(system.supervisor.fell) or "none",
        "events": f"{events} ({events / system.profile.seconds:.0f} a second, aimed for {system.profile.rate:.0f})",
        "posts": _told(Counter(_status(one.status) for one in told.answers)),
        "messages": len(told.messages),
        "deliveries": _told(Counter(one.state for one in told.deliveries)),
        "attempts": _told(Counter(one.outcome for p in told.partners for one in p.attempts)),
        "calls the ERP saw": len(told.erp.calls),
        "calls answered badly": sum(one.mode not in ("ok", "slow") for one in told.erp.calls),
        "effects": len(told.erp.effects),
        "late results refused": _refused(system),
        "what people did": _told(Counter(f"{one.action} {one.outcome}" for one in told.people)) or "nothing",
        "open exceptions": _told(exceptions) or "none",
        "acknowledged in ms, p50 p99": _quantiles([1000 * one.seconds for one in told.answers if one.status in YES]),
        "seconds until interrupted work was tried again, p50 p99": _quantiles(_recoveries(told)),
    }


def _recoveries(told: Accounts) -> list[float]:
    """From the beginning of an attempt whose worker died to the beginning of the next one."""
    found = []
    for attempts in told.attempts_of.values():
        in_order = sorted(attempts, key=lambda one: one.at)
        found += [after.at - one.at for one, after in pairwise(in_order) if one.outcome == "interrupted"]
    return found


def _refused(system: System) -> int:
    """Of workers that were frozen or cut off past their lease and came back with a result, by their own word."""
    logs = [system.supervisor.log(name).read_text(errors="replace") for name in system.workers]
    return sum(log.count("its late result was refused") + log.count("is another drain's by now") for log in logs)


def _status(status: int) -> str:
    return str(status) if status else "no answer"


def _quantiles(values: list[float]) -> str:
    ranked = sorted(values)
    return " ".join(f"{ranked[int(len(ranked) * share)]:.0f}" for share in (0.5, 0.99)) if ranked else "none"


def _told(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()) if count)
