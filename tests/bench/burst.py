"""`make bench-burst`: one retailer's 100,000 webhooks at once, beside 19 others' five a second each.

First the 19 alone, for comparison; then the burst, until all that was accepted is delivered. Exit 1 when the others'
p95 (webhook due to order at the target) reaches two seconds, when anything was lost, doubled or wrong, or when a
process holds a fifth more memory in the second half of the burst than it ever did in the first.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.bench.addresses import NEIGHBOURS, SIGNING
from tests.bench.orders import sale
from tests.bench.processes import Stage, build_of, stage
from tests.bench.run import ask_sink, percentile, settled
from tests.paths import ROOT

EACH = 5  # a second, of each neighbour
CALM_SECONDS = 30
P95_SECONDS = 2.0
GROWTH = 1.2
WHALE, MANY = 70_001, 80_001  # seeds


@dataclass
class Memory:
    """MB by part, once a second."""

    stage: Stage
    taken: list[dict[str, float]] = field(default_factory=list)

    @contextmanager
    def watched(self) -> Iterator[None]:
        over = threading.Event()

        def watch() -> None:
            while not over.wait(1):
                self.taken.append(self.stage.memory())

        thread = threading.Thread(target=watch)
        thread.start()
        yield
        over.set()
        thread.join()

    def halves(self) -> dict[str, tuple[float, float]]:
        """(most in the first half, most in the second) of each part."""
        middle = len(self.taken) // 2
        first, second = self.taken[:middle], self.taken[middle:]
        return {name: (max(one[name] for one in first), max(one[name] for one in second)) for name in self.taken[0]}


@dataclass
class Told:
    """What a driver sent, and what the sink saw of it."""

    seed: int
    count: int
    answers: dict[str, Any]
    seen: dict[str, list[Any]]

    @property
    def seconds(self) -> list[float]:
        sent = self.answers["sent"]
        return [at[0] - sent[key] for key, at in self.seen.items() if key in sent]

    @property
    def faults(self) -> tuple[int, int, int]:
        """(lost, doubled, wrong)."""
        wanted = {one.id: one.cents for one in (sale(self.seed, number) for number in range(self.count))}
        mine = {key: value for key, value in self.seen.items() if key in wanted}
        lost = len(set(self.answers["answered"]) - set(mine))
        doubled = sum(copies - 1 for _, copies, *_ in mine.values())
        wrong = sum(wanted[key] != round(float(total) * 100) for key, (_, _, total, _) in mine.items())
        return lost, doubled, wrong


def driver(stage: Stage, shops: Sequence[str], seed: int, count: int, rate: float) -> subprocess.Popen[bytes]:
    urls = [word for shop in shops for word in ("--url", stage.url(shop))]
    command = [sys.executable, "-m", "tests.bench.driver", *urls, "--secret", SIGNING, "--seed", str(seed)]
    command += ["--count", str(count), "--rate", str(rate), "--limit", "1800"]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)


def answers_of(driving: subprocess.Popen[bytes]) -> dict[str, Any]:
    told, _ = driving.communicate()
    if driving.returncode:
        raise RuntimeError("a driver ended before its time")
    return json.loads(told)


def calm(stage: Stage) -> Told:
    count = len(NEIGHBOURS) * EACH * CALM_SECONDS
    answers = answers_of(driver(stage, NEIGHBOURS, MANY - 1, count, len(NEIGHBOURS) * EACH))
    return Told(MANY - 1, count, answers, settled(stage.sink, len(answers["answered"])))


def burst(stage: Stage, size: int, seconds: float, memory: Memory) -> tuple[Told, Told]:
    """(the whale, its neighbours). `seconds`: how long the neighbours go on, longer than the burst takes."""
    ask_sink(stage.sink, "/reset", {})
    count = int(len(NEIGHBOURS) * EACH * seconds)
    with memory.watched():
        many = driver(stage, NEIGHBOURS, MANY, count, len(NEIGHBOURS) * EACH)
        whale = answers_of(driver(stage, ["shop-b"], WHALE, size, 0))
        others = answers_of(many)
        seen = settled(stage.sink, len(whale["answered"]) + len(others["answered"]))
    ids = set(others["sent"])
    return (
        Told(WHALE, size, whale, {key: value for key, value in seen.items() if key not in ids}),
        Told(MANY, count, others, {key: value for key, value in seen.items() if key in ids}),
    )


def report(before: Told, whale: Told, others: Told, memory: Memory) -> tuple[str, bool]:
    """(a table, whether all held)."""
    p95 = percentile(others.seconds, 0.95)
    arrivals = [value[0] for value in whale.seen.values()]
    backlog_over = max(arrivals) - min(whale.answers["sent"].values())
    halves = memory.halves()
    faults = [sum(kind) for kind in zip(whale.faults, others.faults, strict=True)]
    lines = [
        "| | messages | p50 ms | p95 ms | p99 ms | answers |",
        "|---|---|---|---|---|---|",
        _line("19 retailers alone", before),
        _line("the same beside the burst", others),
        _line("the burst", whale),
        "",
        f"Burst accepted in {whale.answers['seconds']:.0f} s, delivered after {backlog_over:.0f} s: "
        f"{len(arrivals) / backlog_over:,.0f} a second. Answers of the burst: p99 "
        f"{percentile(list(whale.answers['answered'].values()), 0.99) * 1000:,.0f} ms; of the others: p99 "
        f"{percentile(list(others.answers['answered'].values()), 0.99) * 1000:,.0f} ms.",
        "Memory, most in the first half and in the second (MB): "
        + ", ".join(f"{name} {first:.0f} and {second:.0f}" for name, (first, second) in halves.items()),
        f"Lost {faults[0]}, doubled {faults[1]}, wrong {faults[2]}.",
    ]
    flat = all(second <= first * GROWTH for first, second in halves.values())
    return "\n".join(lines), p95 < P95_SECONDS and flat and not any(faults)


def _line(name: str, told: Told) -> str:
    values = [percentile(told.seconds, part) * 1000 for part in (0.5, 0.95, 0.99)]
    codes = ", ".join(f"{code}: {count:,}" for code, count in told.answers["codes"].items())
    return f"| {name} | {len(told.seen):,} | " + " | ".join(f"{value:,.0f}" for value in values) + f" | {codes} |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=120, help="how long the neighbours go on beside it")
    chosen = parser.parse_args()
    with stage(neighbours=True) as made:
        before = calm(made)
        memory = Memory(made)
        whale, others = burst(made, chosen.size, chosen.seconds, memory)
        text, held = report(before, whale, others, memory)
        sys.stdout.write(f"{text}\n\n{build_of(made.postgres)}\n{'holds' if held else 'DOES NOT HOLD'}\n")
    return int(not held)


if __name__ == "__main__":
    sys.exit(main())
