"""Pure: what a run consists of, and what is done to it when. All of it from the seed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from random import Random

CLASSES = ("chaos_key", "chaos_upsert", "chaos_search", "chaos_none")
LEASE_SECONDS = 10.0


@dataclass(frozen=True)
class Profile:
    """How big and how long. `rate` is messages a second, aimed for."""

    seed: int
    seconds: float
    rate: float = 100.0
    partners: int = 3
    retailers: int = 3
    webs: int = 2
    workers: int = 4
    pause_seconds: float = 4.0  # between two kills, on average
    wrong: float = 0.2  # share of calls that the ERP answers badly
    quiet_seconds: float = 240.0


@dataclass(frozen=True)
class Books:
    """One connection of a retailer to the fake ERP."""

    key: str
    connector: str

    @property
    def idempotency(self) -> int:
        return CLASSES.index(self.connector) + 1


@dataclass(frozen=True)
class Shop:
    """One retailer: whose it is, what nobody else may ever see, and where its orders go."""

    partner: str
    retailer: str
    number: int
    canary: str
    books: tuple[Books, ...]

    @property
    def key(self) -> str:
        return f"shop-{self.retailer}"

    @property
    def host(self) -> str:
        return f"{self.partner}.localhost"


def shops(profile: Profile) -> list[Shop]:
    """Every retailer of every partner. Every class has its retailers; every third one has two ERPs."""
    found = []
    for n in range(profile.partners * profile.retailers):
        partner, retailer = f"partner{n // profile.retailers + 1}", f"retailer{n + 1}"
        wanted = [CLASSES[n % 4]] + ([CLASSES[(n + 2) % 4]] if n % 3 == 0 else [])
        books = tuple(Books(f"{name.replace('_', '-')}-{retailer}", name) for name in wanted)
        found.append(Shop(partner, retailer, n, canary(profile.seed, retailer), books))
    return found


def canary(seed: int, retailer: str) -> str:
    return f"canary{hashlib.sha256(f'{seed} {retailer}'.encode()).hexdigest()[:16]}"


class Kind(StrEnum):
    KILL = "kill"  # SIGKILL, restarted after `seconds`
    FREEZE = "freeze"  # SIGSTOP, SIGCONT after `seconds`
    CRASH = "crash"  # PostgreSQL's immediate shutdown: SIGQUIT
    FLUSH = "flush"  # the broker forgets everything


@dataclass(frozen=True)
class Blow:
    """One thing done to one or more processes, so many seconds after the load began."""

    at: float
    kind: Kind
    victims: tuple[str, ...]
    seconds: float = 0.0

    @property
    def name(self) -> str:
        """What it is counted under: "kill worker", "crash postgres"."""
        who = sorted({victim.rstrip("0123456789") for victim in self.victims})
        return f"{self.kind} {'+'.join(who)}"


def blows(profile: Profile) -> list[Blow]:
    """From gentle to all at once, in random order; every kind at least once when there is time for it."""
    rng = Random(f"{profile.seed} blows")
    found: list[Blow] = []
    at = rng.uniform(1.0, profile.pause_seconds)
    bag: list[str] = []
    while at < profile.seconds:
        bag = bag or rng.sample(list(_BAG), len(_BAG))
        blow = _blow(bag.pop(), at, profile, rng)
        found.append(blow)
        at += rng.uniform(0.3, 2 * profile.pause_seconds - 0.3)
    return found


# How often each comes in a round of all of them.
_BAG = (
    *("worker",) * 6,
    *("web",) * 4,
    *("freeze",) * 2,
    *("postgres",) * 2,
    "crash",
    *("broker",) * 2,
    "flush",
    "beat",
    "workers",
    "all",
)


def _blow(what: str, at: float, profile: Profile, rng: Random) -> Blow:
    worker = f"worker{rng.randrange(profile.workers) + 1}"
    web = f"web{rng.randrange(profile.webs) + 1}"
    workers = tuple(f"worker{n + 1}" for n in range(profile.workers))
    soon = rng.uniform(0.0, 1.0)
    made = {
        "worker": Blow(at, Kind.KILL, (worker,), soon),
        "web": Blow(at, Kind.KILL, (web,), soon),
        "freeze": Blow(at, Kind.FREEZE, (worker,), rng.uniform(1.1, 2.0) * LEASE_SECONDS),
        "postgres": Blow(at, Kind.KILL, ("postgres",), soon),
        "crash": Blow(at, Kind.CRASH, ("postgres",), soon),
        "broker": Blow(at, Kind.KILL, ("broker",), rng.uniform(1.0, 12.0)),
        "flush": Blow(at, Kind.FLUSH, ("broker",)),
        "beat": Blow(at, Kind.KILL, ("beat",), soon),
        "workers": Blow(at, Kind.KILL, workers, soon),
        "all": Blow(at, Kind.KILL, ("postgres", "broker", web, worker), soon),
    }
    return made[what]
