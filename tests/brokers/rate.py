"""How fast a backlog empties with one worker host and with two, on this machine.

python -m tests.brokers.rate rabbitmq --seconds 20
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.brokers.system import Hosts, hosts
from tests.chaos.plan import Profile
from tests.chaos.run import busy

FINISHED = "SELECT count(*) FROM {schema}.ledger_attempt WHERE outcome = 'ok'"
MANY_RETAILERS = 4  # lanes enough that no target's pace is the limit


def measure(broker: str, seconds: float, rate: float) -> dict[int, float]:
    """Workers → deliveries a second; each time the same orders, waiting before the first worker starts."""
    found = {}
    for workers in (1, 2):
        load = Profile(21, seconds, rate, partners=2, retailers=MANY_RETAILERS, webs=1, workers=workers, wrong=0.0)
        with tempfile.TemporaryDirectory(prefix="signalbox-rate-") as name, hosts(load, Path(name), broker) as system:
            found[workers] = _empty(system)
    return found


def _empty(system: Hosts) -> float:
    system.supervisor.stop(*system.workers)
    system.supervisor.start("load")
    system.wait(system.load_ended, system.profile.seconds + 60)
    system.supervisor.start(*system.workers)
    system.wait(lambda: system.one(FINISHED) > 0, 30)
    began, before = time.monotonic(), system.one(FINISHED)
    system.wait(lambda: busy(system) == 0, 120)
    return (system.one(FINISHED) - before) / (time.monotonic() - began)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("broker", choices=["redis", "rabbitmq"])
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--rate", type=float, default=150.0)
    told = parser.parse_args()
    for workers, per_second in measure(told.broker, told.seconds, told.rate).items():
        sys.stdout.write(f"{told.broker}, {workers} worker host(s): {per_second:.0f} deliveries a second\n")
