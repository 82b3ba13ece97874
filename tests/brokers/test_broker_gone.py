"""Broker stopped, flushed, restarted under load, workers asked to end amid it: nothing lost, nothing doubled."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import pytest

from tests.brokers.servers import missing
from tests.brokers.system import Hosts, hosts
from tests.chaos import checker
from tests.chaos.acks import YES, Answer, read
from tests.chaos.plan import Blow, Kind, Profile
from tests.chaos.run import accounts_of, busy, hurry
from tests.support.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.brokers]

LOAD = Profile(seed=11, seconds=32.0, rate=25.0, partners=2, retailers=2, webs=1, workers=2, wrong=0.0)
DRAIN_SECONDS = 45.0
CONSUMING_SECONDS = 30.0
DOWN_SECONDS = 8.0
LEASED = "SELECT count(*) FROM {schema}.engine_lane WHERE holder IS NOT NULL"
INTENDED = "SELECT count(*) FROM {schema}.engine_intent"
DELIVERED = "SELECT count(*) FROM {schema}.ledger_attempt WHERE outcome = 'ok'"
INTERRUPTED = "SELECT count(*) FROM {schema}.ledger_attempt WHERE outcome = 'interrupted'"


@pytest.fixture(params=["redis", "rabbitmq"])
def system(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    if why := missing(request.param):
        pytest.skip(why)
    folder = tmp_path_factory.mktemp(request.param)
    folder.parent.chmod(0o755)
    with hosts(LOAD, folder, request.param) as running:
        yield running


def test_nothing_is_lost_or_doubled_while_the_broker_comes_and_goes(system, record_property):
    figures = {"first task of both workers, s": consuming(system, since=time.time())}
    system.supervisor.start("load")
    system.supervisor.signal("erp", signal.SIGUSR1)  # slow now and then, so that calls are under way at every moment
    system.wait(lambda: system.one(DELIVERED) > 50, 20)

    down = stop_the_broker(system, figures)
    figures["both consume again after the stop, s"] = consuming(system, since=time.time())
    strike(system, Kind.FLUSH)
    figures["both consume again after the flush, s"] = consuming(system, since=time.time())
    figures["SIGTERM to the end of both workers, s"] = ended_cleanly(system)
    system.supervisor.start(*system.workers)

    system.wait(system.load_ended, LOAD.seconds + 60)
    system.wait(lambda: calm(system), 60)
    assert system.one(INTERRUPTED) == 0
    told = accounts_of(system, "second-beat")
    assert not {name: found for name, found in checker.breaches(told).items() if found}
    assert len(told.messages) > LOAD.rate * LOAD.seconds / 2, "too little load to prove anything"
    answered = read(system.acks)
    figures["acknowledged while it was down, p99 ms"] = round(p99(answered, *down))
    assert p99(answered, *down) < 1000
    record_property("figures", {name: str(figure) for name, figure in figures.items()})


def stop_the_broker(system: Hosts, figures: dict[str, float]) -> tuple[float, float]:
    """Away for a while; deliveries go on as if it were there. From when to when."""
    began, before = time.time(), system.one(DELIVERED)
    strike(system, Kind.KILL, DOWN_SECONDS)
    system.wait(lambda: time.time() - began > DOWN_SECONDS - 1, DOWN_SECONDS)
    figures["delivered a second while it was down"] = round((system.one(DELIVERED) - before) / (time.time() - began))
    assert figures["delivered a second while it was down"] > LOAD.rate / 4
    ended = time.time()
    system.wait(system.broker_answers, 60)
    return began, ended


def consuming(system: Hosts, *, since: float) -> float:
    """Until each worker has ended a task that it began to wait for then."""
    return system.wait(
        lambda: all(system.heartbeat_age(worker, "worker") < time.time() - since for worker in system.workers),
        CONSUMING_SECONDS,
    )


def ended_cleanly(system: Hosts) -> float:
    """Under load, both at once. No lease and no intent is left of them."""
    processes = [system.supervisor.parts[name].process for name in system.workers]
    for name in system.workers:
        system.supervisor.signal(name, signal.SIGTERM)
        system.supervisor.parts[name].once = True  # not to be started again by the harness
    began = time.monotonic()
    eventually(lambda: all(one.poll() is not None for one in processes), within_seconds=DRAIN_SECONDS)
    took = round(time.monotonic() - began, 1)
    assert [one.returncode for one in processes] == [0, 0]
    assert (system.one(LEASED), system.one(INTENDED)) == (0, 0)
    return took


def strike(system: Hosts, kind: Kind, seconds: float = 0.0) -> None:
    system.supervisor.strike(Blow(0.0, kind, ("broker",), seconds))


def calm(system: Hosts) -> bool:
    hurry(system)
    return busy(system) == 0


def p99(answers: list[Answer], since: float, until: float) -> float:
    took = sorted(1000 * one.seconds for one in answers if since < one.at < until and one.status in YES)
    return took[int(0.99 * len(took))]
