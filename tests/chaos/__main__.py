"""`python -m tests.chaos --seed 7 --minutes 3`: a run, its figures, and the verdict in the last line."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from datetime import datetime
from secrets import randbelow
from types import FrameType

from tests.chaos.plan import Profile
from tests.chaos.run import MOST_SHOWN, Outcome, run


def main() -> int:
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGHUP, _stop)
    told = _arguments()
    profile = _profile(told)
    size = (
        f"{profile.partners} partners x {profile.retailers} retailers, {profile.webs} webs, {profile.workers} workers"
    )
    _say(f"seed {profile.seed}: {profile.seconds / 60:g} minutes at {profile.rate:g} events a second, {size}")
    try:
        outcome = run(profile, _say, keep=told.keep)
    except KeyboardInterrupt:
        _say(f"chaos: seed {profile.seed} was stopped")
        return 130
    for what, figure in outcome.figures.items():
        _say(f"  {what}: {figure}")
    return _verdict(profile, outcome)


def _verdict(profile: Profile, outcome: Outcome) -> int:
    for name, found in outcome.breaches.items():
        _say(f"{name}: {len(found)} breaches")
        for sentence in found[:MOST_SHOWN]:
            _say(f"  {sentence}")
    if not outcome.breaches:
        _say(f"chaos: seed {profile.seed} holds all invariants ({outcome.figures['events']})")
        return 0
    _say(f"everything it wrote is in {outcome.folder}")
    count = sum(map(len, outcome.breaches.values()))
    _say(f"chaos: seed {profile.seed} breaks {', '.join(outcome.breaches)} ({count} breaches)")
    return 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="drawn and told when left out")
    parser.add_argument("--minutes", type=float, default=3.0, help="of load and blows")
    parser.add_argument("--rate", type=float, default=100.0, help="events a second")
    parser.add_argument("--partners", type=int, default=3)
    parser.add_argument("--retailers", type=int, default=3, help="of each partner")
    parser.add_argument("--webs", type=int, default=2)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--pause", type=float, default=4.0, help="seconds between two blows, on average")
    parser.add_argument("--keep", action="store_true", help="keep what it wrote, also when all holds")
    return parser.parse_args()


def _profile(told: argparse.Namespace) -> Profile:
    return Profile(
        seed=randbelow(10**6) if told.seed is None else told.seed,
        seconds=told.minutes * 60,
        rate=told.rate,
        partners=told.partners,
        retailers=told.retailers,
        webs=told.webs,
        workers=told.workers,
        pause_seconds=told.pause,
    )


def _say(line: str) -> None:
    print(f"{datetime.now():%H:%M:%S} {line}", flush=True)  # noqa: T201, DTZ005 - local time, for whoever watches


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    os.chdir(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    sys.exit(main())
