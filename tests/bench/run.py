"""`make bench`: W1, W2 and W3 on this machine, as a table; exit 1 when anything was lost, doubled or wrong.

    W1  webhook in -> verified, deduplicated, durable, answered
    W2  the same, then mapped, delivered over HTTP, attempt and latency recorded
    W3  pages over a million deliveries, which take minutes to write: --w3 1000000, or `make bench W3=1000000`

Read the CPU milliseconds first: they hardly depend on neighbours. `../shared/bench` puts us beside peers and bounds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.bench.addresses import SIGNING
from tests.bench.orders import sale
from tests.bench.pages import table as page_table
from tests.bench.processes import Stage, build_of, busy_seconds, stage
from tests.bench.w3 import measure_past, prepare_past
from tests.paths import ROOT

SETTLE_SECONDS = 90.0
KILL_AT_SECONDS = 20.0
FAIL_EVERY = 10
PAGE_VIEWS = 200


@dataclass
class Row:
    """One round of one workload. Latencies in ms, CPU in ms a message."""

    name: str
    per_second: float
    p50: float
    p99: float
    cpu: dict[str, float]
    other_cores: float
    lost: int = 0
    doubled: int = 0
    wrong: int = 0
    in_window: float | None = None

    @property
    def cost(self) -> float:
        return sum(self.cpu.values())


@dataclass
class Bench:
    stage: Stage
    rows: list[Row] = field(default_factory=list)
    seed: int = int(time.time()) % 90_000

    def w1(self, count: int) -> Row:
        told, spent, other = self._measured(lambda: self._drive("shop-a", count))
        seconds = [value * 1000 for value in told["answered"].values()]
        lost = count - len(seconds)  # W1 is the answer
        return Row("W1", count / told["seconds"], *_percentiles(seconds), _per(spent, count), other, lost=lost)

    def w2(self, name: str, count: int, *, rate: float = 0, window: float = 0, may_double: bool = False) -> Row:
        ask_sink(self.stage.sink, "/reset", {"fail_every": FAIL_EVERY if window else 0})

        def act() -> dict[str, Any]:
            told = self._drive("shop-b", count, rate=rate)
            told["seen"] = settled(self.stage.sink, len(told["answered"]))
            return told

        told, spent, other = self._measured(act)
        seen, began = told["seen"], min(told["sent"].values())
        arrivals = [first for first, *_ in seen.values()]
        seconds = [(seen[key][0] - told["sent"][key]) * 1000 for key in seen]
        row = Row(name, len(seen) / (max(arrivals) - began), *_percentiles(seconds), _per(spent, count), other)
        row.lost = len(set(told["answered"]) - set(seen))
        row.doubled = 0 if may_double else sum(copies - 1 for _, copies, *_ in seen.values())
        row.wrong = sum(told["wanted"][key] != round(float(total) * 100) for key, (_, _, total, _) in seen.items())
        if window:
            row.in_window = sum(at - began <= window for at in arrivals) / window
        return row

    def _drive(self, shop: str, count: int, *, rate: float = 0) -> dict[str, Any]:
        self.seed += 1
        command = [sys.executable, "-m", "tests.bench.driver", "--url", self.stage.url(shop), "--secret", SIGNING]
        command += ["--seed", str(self.seed), "--count", str(count), "--rate", str(rate)]
        told = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
        told["wanted"] = {one.id: one.cents for one in (sale(self.seed, number) for number in range(count))}
        return told

    def _measured(self, act: Callable[[], dict[str, Any]]) -> tuple[dict[str, Any], dict[str, float], float]:
        """(what it told, CPU seconds by part, cores that others used meanwhile)."""
        before, busy, began = self.stage.cpu(), busy_seconds(), time.monotonic()
        told = act()
        time.sleep(1)  # what is written behind the last answer belongs to it
        after = self.stage.cpu()
        spent = {name: after[name] - before.get(name, 0.0) for name in after}
        used = sum(spent.values()) + told["cpu"]
        return told, spent, max(0.0, (busy_seconds() - busy - used) / (time.monotonic() - began))


def settled(sink: str, wanted: int) -> dict[str, list[Any]]:
    """The sink's memory, once it holds all that was accepted or has seen nothing new for a while."""
    last, since = -1, time.monotonic()
    while time.monotonic() - since < SETTLE_SECONDS:
        unique = ask_sink(sink, "/count")["unique"]
        if unique >= wanted:
            break
        if unique != last:
            last, since = unique, time.monotonic()
        time.sleep(0.1)
    return ask_sink(sink, "/seen")


def ask_sink(sink: str, path: str, told: dict[str, Any] | None = None) -> Any:
    data = None if told is None else json.dumps(told).encode()
    with urllib.request.urlopen(f"{sink}{path}", data=data, timeout=60) as answer:
        return json.load(answer)


def run(rounds: int, *, quick: bool, past: int = 0) -> tuple[list[Row], str]:
    """(rows, what else to tell: the pages over so many deliveries of a past, what PostgreSQL it was)."""
    with stage() as made:
        bench = Bench(made)
        counts = (2000, 1000) if quick else (12_000, 6_000)
        bench.w1(counts[0] // 4)
        bench.w2("warm", counts[1] // 4)
        rows = []
        for _ in range(rounds):
            rows += [bench.w1(counts[0]), bench.w2("W2", counts[1])]
            _say(rows[-2:])
        rows.append(bench.w2("W2 at 20 a second", 100 if quick else 400, rate=20))
        _say(rows[-1:])
        rows += _with_a_killed_worker(bench, seconds=10 if quick else 60)
        pages = page_table(measure_past(made, prepare_past(made.env, past), PAGE_VIEWS)) + "\n\n" if past else ""
        return rows, pages + build_of(made.postgres)


def _say(rows: list[Row]) -> None:
    """While it runs: the table comes at the end."""
    for row in rows:
        sys.stderr.write(f"{row.name}: {row.per_second:,.0f}/s, {row.cost:.3f} CPU ms a message\n")


def _with_a_killed_worker(bench: Bench, seconds: float) -> list[Row]:
    """Two workers; then again with one of them killed and every tenth call failing."""
    bench.stage.serve("worker2", "worker")
    time.sleep(5)
    clean = bench.w2("W2, two workers", 6000 if seconds > 30 else 1000)
    _say([clean])
    at = KILL_AT_SECONDS * seconds / 60
    killer = threading.Timer(at, bench.stage.kill, ["worker2"])
    killer.start()
    count = int(clean.per_second * seconds)
    killed = bench.w2("W2, one of two killed", count, window=seconds, may_double=True)
    killer.join()
    return [clean, killed]


def table(rows: list[Row]) -> str:
    lines = [
        "| workload | messages/s | p50 ms | p99 ms | CPU ms a message | of that | lost / doubled / wrong | others |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in dict.fromkeys(row.name for row in rows):
        lines.append(_line(name, [row for row in rows if row.name == name]))
    return "\n".join(lines)


def _line(name: str, rows: list[Row]) -> str:
    parts = {part: statistics.median(row.cpu.get(part, 0) for row in rows) for row in rows for part in row.cpu}
    detail = ", ".join(f"{part} {value:.3f}" for part, value in parts.items() if value >= 0.0005)
    rate = _spread([row.per_second for row in rows], 0)
    windows = [row.in_window for row in rows if row.in_window is not None]
    if windows:
        rate += f"; in the window {_spread(windows, 0)}"
    faults = " / ".join(str(sum(getattr(row, kind) for row in rows)) for kind in ("lost", "doubled", "wrong"))
    latency = f"{_spread([row.p50 for row in rows], 1)} | {_spread([row.p99 for row in rows], 1)}"
    cost, other = _spread([row.cost for row in rows], 3), _spread([row.other_cores for row in rows], 2)
    return f"| {name} | {rate} | {latency} | {cost} | {detail} | {faults} | {other} |"


def _spread(values: list[float], digits: int) -> str:
    middle = f"{statistics.median(values):,.{digits}f}"
    return middle if len(values) == 1 else f"{middle} ({min(values):,.{digits}f}-{max(values):,.{digits}f})"


def _percentiles(values: list[float]) -> tuple[float, float]:
    return percentile(values, 0.5), percentile(values, 0.99)


def percentile(values: list[float], part: float) -> float:
    ordered = sorted(values) or [0.0]
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def _per(spent: dict[str, float], count: int) -> dict[str, float]:
    return {name: seconds * 1000 / count for name, seconds in spent.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything: does it still run?")
    parser.add_argument("--w3", type=int, default=0, metavar="DELIVERIES", help="pages over such a past, too")
    chosen = parser.parse_args()
    rows, more = run(chosen.rounds, quick=chosen.quick, past=chosen.w3)
    sys.stdout.write(f"{table(rows)}\n\n{more}\n")
    return int(any(row.lost or row.doubled or row.wrong for row in rows))


if __name__ == "__main__":
    sys.exit(main())
